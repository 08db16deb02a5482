#include "CDigits.h"

// #embed is C23. clang supports it in older modes with this warning.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char csv[] = {
#embed "digits.csv"
};

static const char license[] = {
#embed "digits-LICENSE.md" suffix(, 0)
};

const unsigned char *digits_csv(void) { return csv; }
size_t digits_csv_size(void) { return sizeof csv; }
const char *digits_license(void) { return license; }
