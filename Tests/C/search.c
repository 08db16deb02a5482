/*
 * Shares the trials of a search among four threads, gives one back, and stops one as the ingest does. Needs HYPERO_REDIS with a unix
 * socket, and redis-cli. Prints the id of each trial with the status and the reason that it must have.
 */
#include <hypero.h>
#include <math.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "check.h"

enum { TRIALS = 20, THREADS = 4 };

static hypero_search *search;
static int runs[TRIALS + 1];

static const char *const channels[] = {"loss"};

static void *train(void *nothing) {
    hypero_experiment *experiment;
    while (hypero_search_next(search, INFINITY, &experiment) == HYPERO_OK && experiment != NULL) {
        double rate;
        int64_t trial = hypero_experiment_trial(experiment);
        CHECK(trial >= 1 && trial <= TRIALS);
        CHECK(hypero_experiment_log_uniform(experiment, "lr", 1e-5, 0.1, &rate) == HYPERO_OK);
        CHECK(hypero_experiment_log(experiment, 1, channels, &rate, 1) == HYPERO_OK);
        CHECK(hypero_experiment_should_stop(experiment) == 0 && strcmp(hypero_experiment_stop_reason(experiment), "") == 0);
        __atomic_fetch_add(&runs[trial], 1, __ATOMIC_RELAXED);
        /* The first attempt of one trial is given back, with a row of the epoch 1. */
        if (trial == 7 && hypero_experiment_attempt(experiment) == 1) {
            CHECK(hypero_experiment_last_epoch(experiment) == 0);
            CHECK(hypero_experiment_give_back(experiment, "must go") == HYPERO_OK);
            CHECK(hypero_experiment_has_ended(experiment) == 1);
        } else {
            CHECK(hypero_experiment_attempt(experiment) == (trial == 7 ? 2 : 1));
            CHECK(hypero_experiment_last_epoch(experiment) == (trial == 7 ? 1 : 0));
            CHECK(hypero_experiment_finish(experiment) == HYPERO_OK);
        }
        hypero_experiment_free(experiment);
    }
    return nothing;
}

/* Tells a trial to stop as the ingest does, and waits until the training hears it. */
static void stop(hypero_client *client, hypero_experiment *experiment) {
    char command[1024];
    const char *reason, *socket = strstr(getenv("HYPERO_REDIS"), "://") + 3;
    const double loss = 1;
    CHECK(hypero_experiment_log(experiment, 1, channels, &loss, 1) == HYPERO_OK);
    CHECK(hypero_client_flush(client, HYPERO_APPLIED, INFINITY) == HYPERO_OK);
    snprintf(
        command, sizeof command,
        "for key in $(redis-cli -s %s keys '{hypero}:producer:*'); do redis-cli -s %s hset $key stop.%s 'rung 3: 2nd of 2' >&2; done",
        socket, socket, hypero_experiment_id(experiment));
    CHECK(system(command) == 0);
    for (int64_t epoch = 2; !hypero_experiment_should_stop(experiment); epoch++) {
        CHECK(epoch < 10000);
        CHECK(hypero_experiment_log(experiment, epoch, channels, &loss, 1) == HYPERO_OK);
        CHECK(hypero_client_flush(client, HYPERO_APPLIED, INFINITY) == HYPERO_OK);
    }
    reason = hypero_experiment_stop_reason(experiment);
    CHECK(strcmp(reason, "rung 3: 2nd of 2") == 0 && reason == hypero_experiment_stop_reason(experiment));
}

int main(void) {
    hypero_client *client;
    hypero_battery *battery;
    hypero_experiment *experiment;
    hypero_objective objective;
    hypero_search_options options;
    hypero_counters before, after;
    pthread_t threads[THREADS];

    CHECK(hypero_connect(NULL, &client) == HYPERO_OK);
    hypero_objective_init(&objective, sizeof objective);
    objective.channel = "loss";
    CHECK(hypero_battery_open(client, "search in C", 1, NULL, &objective, &battery) == HYPERO_OK);
    hypero_search_options_init(&options, sizeof options);
    CHECK(options.seed == 1 && options.attempts == 3 && options.lease == 600 && options.sampler == HYPERO_TPE);
    options.trials = TRIALS;
    options.sampler = HYPERO_RANDOM;
    CHECK(hypero_search_open(battery, &options, &search) == HYPERO_OK);
    CHECK(hypero_search_id(search)[0] == 's' && hypero_search_is_finished(search) == 0);
    CHECK(hypero_search_declare(search) == HYPERO_OK);
    CHECK(hypero_search_enqueue_json(search, "{\"lr\": 0.003}") == HYPERO_OK);
    for (int i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, train, NULL) == 0);
    for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    for (int trial = 1; trial <= TRIALS; trial++) {
        CHECK(runs[trial] == (trial == 7 ? 2 : 1));
        printf("%s-%d done\n", hypero_search_id(search), trial);
    }
    CHECK(hypero_search_is_finished(search) == 1);
    CHECK(hypero_search_next(search, 0, &experiment) == HYPERO_OK && experiment == NULL);
    hypero_search_free(search);

    options.seed = 2;
    options.trials = 1;
    options.stopping = HYPERO_HALVING;
    options.stopping_epochs = 81;
    CHECK(hypero_search_open(battery, &options, &search) == HYPERO_OK);
    CHECK(hypero_search_next(search, INFINITY, &experiment) == HYPERO_OK && experiment != NULL);
    /* The search in short parts, while its last trial runs. */
    CHECK(hypero_client_counters(client, &before, sizeof before) == HYPERO_OK);
    for (int i = 0; i < 20; i++) {
        hypero_experiment *none;
        CHECK(hypero_search_next(search, 0.05, &none) == HYPERO_TIMEOUT && none == NULL);
    }
    CHECK(hypero_client_counters(client, &after, sizeof after) == HYPERO_OK);
    CHECK(after.accepted - before.accepted < 10);
    stop(client, experiment);
    CHECK(hypero_experiment_finish(experiment) == HYPERO_OK);
    printf("%s stopped rung 3: 2nd of 2\n", hypero_experiment_id(experiment));
    hypero_experiment_free(experiment);
    CHECK(hypero_search_next(search, INFINITY, &experiment) == HYPERO_OK && experiment == NULL);
    CHECK(hypero_client_close(client, 60) == HYPERO_OK);
    CHECK(hypero_search_enqueue_json(search, "{\"lr\": 0.1}") == HYPERO_DROPPED);
    hypero_search_free(search);
    options.seed = 3;
    CHECK(hypero_search_open(battery, &options, &search) == HYPERO_OK);
    CHECK(hypero_search_declare(search) == HYPERO_DROPPED);
    hypero_search_free(search);
    hypero_battery_free(battery);
    hypero_client_free(client);
    return 0;
}
