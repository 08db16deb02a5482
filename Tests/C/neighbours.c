/*
 * Loads the library and a copy of it beside another Swift library, which has a runtime of its own. Usage: neighbours LIBRARY COPY
 * SWIFT_LIBRARY. Both log, also after one of them is closed. Prints for each experiment its id and the number of its rows.
 */
#include <dlfcn.h>
#include <hypero.h>
#include <string.h>

#include "check.h"

enum { ROWS = 1000 };

/* The functions of one copy of the library, and its handles. */
typedef struct copy {
    void *library;
    hypero_status (*connect)(const hypero_options *, hypero_client **);
    hypero_status (*open)(hypero_client *, const char *, int64_t, const char *, const hypero_objective *, hypero_battery **);
    hypero_status (*start)(hypero_battery *, hypero_experiment **);
    hypero_status (*log)(hypero_experiment *, int64_t, const char *const *, const double *, size_t);
    hypero_status (*finish)(hypero_experiment *);
    hypero_status (*close)(hypero_client *, double);
    const char *(*id)(const hypero_experiment *);
    hypero_client *client;
    hypero_experiment *experiment;
} copy;

/* Loads a function into a pointer. C has no conversion from void * to a function. */
static void load(void *library, const char *name, void *function) {
    void *address = dlsym(library, name);
    CHECK(address != NULL);
    memcpy(function, &address, sizeof address);
}

static copy loaded(const char *path) {
    copy it = {0};
    hypero_battery *battery;
    it.library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (it.library == NULL) fprintf(stderr, "%s\n", dlerror());
    CHECK(it.library != NULL);
    load(it.library, "hypero_connect", &it.connect);
    load(it.library, "hypero_battery_open", &it.open);
    load(it.library, "hypero_experiment_start", &it.start);
    load(it.library, "hypero_experiment_log", &it.log);
    load(it.library, "hypero_experiment_finish", &it.finish);
    load(it.library, "hypero_client_close", &it.close);
    load(it.library, "hypero_experiment_id", &it.id);
    CHECK(it.connect(NULL, &it.client) == HYPERO_OK);
    CHECK(it.open(it.client, "neighbours", 1, NULL, NULL, &battery) == HYPERO_OK);
    CHECK(it.start(battery, &it.experiment) == HYPERO_OK);
    return it;
}

static void log_rows(const copy *it, int64_t first) {
    static const char *const channels[] = {"valid"};
    for (int64_t epoch = first; epoch < first + ROWS; epoch++) {
        const double value = 1.0 / (double)epoch;
        CHECK(it->log(it->experiment, epoch, channels, &value, 1) == HYPERO_OK);
    }
}

static void finish(const copy *it, int rows) {
    CHECK(it->finish(it->experiment) == HYPERO_OK);
    CHECK(it->close(it->client, 60) == HYPERO_OK);
    printf("%s %d\n", it->id(it->experiment), rows);
}

int main(int count, char **arguments) {
    int64_t (*count_words)(const char *);
    CHECK(count == 4);
    void *swift = dlopen(arguments[3], RTLD_NOW | RTLD_GLOBAL);
    if (swift == NULL) fprintf(stderr, "%s\n", dlerror());
    CHECK(swift != NULL);
    load(swift, "neighbour_count_words", &count_words);
    CHECK(count_words("[\"a\", \"b c\"]") == 3);

    copy first = loaded(arguments[1]), second = loaded(arguments[2]);
    CHECK(first.library != second.library && first.log != second.log);
    log_rows(&first, 1);
    log_rows(&second, 1);
    CHECK(count_words("[\"a\", \"b c d\"]") == 4);
    finish(&second, ROWS);
    /* The library stays, because its thread and its handlers of forks do. */
    CHECK(dlclose(second.library) == 0);
    log_rows(&first, 1 + ROWS);
    finish(&first, 2 * ROWS);
    CHECK(count_words("[]") == 0);
    return 0;
}
