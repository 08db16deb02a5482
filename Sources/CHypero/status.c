#include <string.h>

#include "hypero-internal.h"
#include "hypero.h"

/* Per thread, like errno: a Swift thread-local variable would allocate at a thread's first error. */
static _Thread_local char error[1024];

const char *hypero_error(void) { return error; }

void chypero_set_error(const char *message) {
    size_t length = strnlen(message, sizeof error - 1);
    /* Not within a character. */
    while (length == sizeof error - 1 && ((unsigned char)message[length] & 0xC0) == 0x80) length--;
    memcpy(error, message, length);
    error[length] = 0;
}

const char *hypero_status_name(hypero_status status) {
    switch (status) {
    case HYPERO_OK: return "HYPERO_OK";
    case HYPERO_INVALID: return "HYPERO_INVALID";
    case HYPERO_DROPPED: return "HYPERO_DROPPED";
    case HYPERO_TIMEOUT: return "HYPERO_TIMEOUT";
    case HYPERO_UNCONFIRMED: return "HYPERO_UNCONFIRMED";
    }
    return "unknown status";
}

int64_t hypero_version_number(void) { return HYPERO_VERSION_NUMBER; }

void hypero_options_init(hypero_options *options, size_t size) {
    if (options == NULL || size < sizeof options->size) return;
    memset(options, 0, size);
    options->size = size;
}

void hypero_objective_init(hypero_objective *objective, size_t size) {
    if (objective == NULL || size < sizeof objective->size) return;
    memset(objective, 0, size);
    objective->size = size;
}
