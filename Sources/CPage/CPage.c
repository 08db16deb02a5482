#include "CPage.h"

// #embed is C23. clang supports it in older modes with this warning.
#pragma clang diagnostic ignored "-Wc23-extensions"

// Each file uses the names of those before it.
static const char script[] = {
#embed "script/format.js" suffix(, )
#embed "script/scales.js" suffix(, )
#embed "script/column.js" suffix(, )
#embed "script/data.js" suffix(, )
#embed "script/lexer.js" suffix(, )
#embed "script/dialects.js" suffix(, )
#embed "script/literals.js" suffix(, )
#embed "script/pattern.js" suffix(, )
#embed "script/like.js" suffix(, )
#embed "script/names.js" suffix(, )
#embed "script/mistakes.js" suffix(, )
#embed "script/parser.js" suffix(, )
#embed "script/conditions.js" suffix(, )
#embed "script/binder.js" suffix(, )
#embed "script/filter.js" suffix(, )
#embed "script/state.js" suffix(, )
#embed "script/chart.js" suffix(, )
#embed "script/picture.js" suffix(, )
#embed "script/figure.js" suffix(, )
#embed "script/zoom.js" suffix(, )
#embed "script/points.js" suffix(, )
#embed "script/columns.js" suffix(, )
#embed "script/table.js" suffix(, )
#embed "script/history.js" suffix(, )
#embed "script/lines.js" suffix(, )
#embed "script/curves.js" suffix(, )
#embed "script/brush.js" suffix(, )
#embed "script/axis.js" suffix(, )
#embed "script/parallel.js" suffix(, )
#embed "script/parameters.js" suffix(, )
#embed "script/compare.js" suffix(, )
#embed "script/running.js" suffix(, )
#embed "script/export.js" suffix(, )
#embed "script/hints.js" suffix(, )
#embed "script/stream.js" suffix(, )
#embed "script/live.js" suffix(, )
#embed "script/keys.js" suffix(, )
#embed "script/main.js" suffix(, )
    0,
};

static const char style[] = {
#embed "style/page.css" suffix(, )
#embed "style/charts.css" suffix(, )
    0,
};

const char *page_script(void) { return script; }
const char *page_style(void) { return style; }
