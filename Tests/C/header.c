/* Compiled as C99 and C++17 with all warnings: hypero.h alone, and a second time. */
#include <hypero.h>
#include <hypero.h>

int hypero_header_test(void);
int hypero_header_test(void) { return hypero_version_number() == HYPERO_VERSION_NUMBER; }
