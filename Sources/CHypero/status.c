#include <string.h>

#include "hypero-internal.h"
#include "hypero.h"

/* A later version of hypero.h may have larger structures. */
enum { MAXIMUM_STRUCTURE = 4096 };

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

/* Sets a structure to its defaults, which are all 0. A size that no structure has is that of this version's. */
static void set_defaults(void *structure, size_t *size_field, size_t size, size_t own_size) {
    if (size < sizeof size || size > MAXIMUM_STRUCTURE) size = own_size;
    memset(structure, 0, size);
    *size_field = size;
}

void hypero_options_init(hypero_options *options, size_t size) {
    if (options != NULL) set_defaults(options, &options->size, size, sizeof *options);
}

void hypero_objective_init(hypero_objective *objective, size_t size) {
    if (objective != NULL) set_defaults(objective, &objective->size, size, sizeof *objective);
}

void hypero_search_options_init(hypero_search_options *options, size_t size) {
    if (options == NULL) return;
    hypero_search_options own = {.seed = 1, .attempts = 3, .lease = 600};
    set_defaults(options, &options->size, size, sizeof *options);
    own.size = options->size;
    memcpy(options, &own, own.size < sizeof own ? own.size : sizeof own);
}
