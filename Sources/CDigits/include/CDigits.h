#ifndef CDIGITS_H
#define CDIGITS_H

#include <stddef.h>

/// The bytes of digits.csv, embedded in the program.
const unsigned char *_Nonnull digits_csv(void);

/// The number of bytes of digits.csv.
size_t digits_csv_size(void);

/// The text of digits-LICENSE.md, terminated by a zero byte.
const char *_Nonnull digits_license(void);

#endif
