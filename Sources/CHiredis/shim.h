#pragma once

#if !__has_include(<hiredis/hiredis.h>)
#error "hiredis is not installed: run Scripts/setup, or apt-get install libhiredis-dev"
#endif

#include <hiredis/hiredis.h>

// Swift imports `errstr[128]` as a tuple of 128 characters.
static inline const char *hypero_error_text(const redisContext *context) {
    return context->errstr;
}
