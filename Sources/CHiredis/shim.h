#pragma once

#if !__has_include(<hiredis/hiredis.h>)
#error "hiredis is not installed: run Scripts/setup, or apt-get install libhiredis-dev"
#endif

#include <hiredis/hiredis.h>

// Returns `errstr[128]`, which Swift would import as a tuple of 128 characters.
static inline const char *hypero_error_text(const redisContext *context) {
    return context->errstr;
}
