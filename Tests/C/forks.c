/*
 * Forks 16 children while 8 threads log. Each child logs to an experiment of its parent and to one of its own.
 * Prints for each experiment its id and the number of its rows.
 */
#include <hypero.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

enum { THREADS = 8, CHILDREN = 16, CHILD_ROWS = 500 };

static const char *const channels[] = {"train", "valid"};
static const double values[] = {0.5, 0.25};
static hypero_experiment *experiments[THREADS];
static int64_t rows[THREADS];
static atomic_bool is_ending;

static void log_rows(hypero_experiment *experiment, int64_t first, int64_t count) {
    for (int64_t epoch = first; epoch < first + count; epoch++) {
        CHECK(hypero_experiment_log(experiment, epoch, channels, values, 2) == HYPERO_OK);
    }
}

/* Logs until the last child is forked: 20 rows in turn, and then a pause, which keeps the test small. */
static void *log_until_end(void *number) {
    const struct timespec pause = {0, 500000};
    size_t index = *(const size_t *)number;
    while (!atomic_load(&is_ending)) {
        log_rows(experiments[index], rows[index], 20);
        rows[index] += 20;
        nanosleep(&pause, NULL);
    }
    return NULL;
}

static void run_child(hypero_client *client, hypero_battery *battery, int number) {
    hypero_experiment *own;
    CHECK(hypero_experiment_start(battery, &own) == HYPERO_OK);
    log_rows(experiments[number % THREADS], 1000000 * (number + 1), CHILD_ROWS);
    log_rows(own, 1, CHILD_ROWS);
    CHECK(hypero_experiment_finish(own) == HYPERO_OK);
    CHECK(hypero_client_close(client, 60) == HYPERO_OK);
    printf("%s %d\n", hypero_experiment_id(own), CHILD_ROWS);
    fflush(stdout);
    /* Without the exit handlers of the parent. */
    _exit(0);
}

int main(void) {
    hypero_client *client;
    hypero_battery *battery;
    pthread_t threads[THREADS];
    size_t numbers[THREADS];
    pid_t children[CHILDREN];

    CHECK(hypero_connect(NULL, &client) == HYPERO_OK);
    CHECK(hypero_battery_open(client, "forks", 1, NULL, NULL, &battery) == HYPERO_OK);
    for (size_t i = 0; i < THREADS; i++) {
        numbers[i] = i;
        CHECK(hypero_experiment_start(battery, &experiments[i]) == HYPERO_OK);
        CHECK(pthread_create(&threads[i], NULL, log_until_end, &numbers[i]) == 0);
    }
    for (int i = 0; i < CHILDREN; i++) {
        children[i] = fork();
        CHECK(children[i] >= 0);
        if (children[i] == 0) run_child(client, battery, i);
    }
    atomic_store(&is_ending, 1);
    for (int i = 0; i < CHILDREN; i++) {
        int status;
        CHECK(waitpid(children[i], &status, 0) == children[i]);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
        CHECK(hypero_experiment_finish(experiments[i]) == HYPERO_OK);
        printf("%s %lld\n", hypero_experiment_id(experiments[i]), (long long)rows[i] + CHILDREN / THREADS * CHILD_ROWS);
    }
    CHECK(hypero_client_close(client, 60) == HYPERO_OK);
    return 0;
}
