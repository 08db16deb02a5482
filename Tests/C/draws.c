/* Prints the draws of every sampler for 100 seeds, as Tests/golden-draws does in Swift. */
#include <hypero.h>
#include <inttypes.h>
#include <string.h>

#include "check.h"

static void ignore_notice(const char *message, void *context) { (void)message, (void)context; }

static void print_bits(uint64_t seed, int number, const char *name, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    printf("%" PRIu64 " %d %s %016" PRIx64 "\n", seed, number, name, bits);
}

static void print_draws(hypero_experiment *experiment, uint64_t seed, int number) {
    const char *const json[] = {"\"linear\"", "\"adaptive\"", "\"none\""}, *const equal[] = {"linear", "adaptive", "none"};
    const char *const weighted_json[] = {"\"adaptive\"", "\"linear\""}, *const weighted[] = {"adaptive", "linear"};
    const double weights[] = {0.2, 0.8};
    double value;
    int64_t integer;
    size_t index;

    CHECK(hypero_experiment_uniform(experiment, "uniform", -1, 1, &value) == HYPERO_OK);
    print_bits(seed, number, "uniform", value);
    CHECK(hypero_experiment_log_uniform(experiment, "logUniform", 1e-5, 0.1, &value) == HYPERO_OK);
    print_bits(seed, number, "logUniform", value);
    CHECK(hypero_experiment_normal(experiment, "normal", 600, 200, &value) == HYPERO_OK);
    print_bits(seed, number, "normal", value);
    CHECK(hypero_experiment_randint(experiment, "randint", 1, 1000000, &integer) == HYPERO_OK);
    printf("%" PRIu64 " %d randint %" PRId64 "\n", seed, number, integer);
    CHECK(hypero_experiment_randint(experiment, "wide", -9007199254740991, 9007199254740991, &integer) == HYPERO_OK);
    printf("%" PRIu64 " %d wide %" PRId64 "\n", seed, number, integer);
    CHECK(hypero_experiment_categorical(experiment, "equal", json, NULL, 3, &index) == HYPERO_OK);
    printf("%" PRIu64 " %d equal %s\n", seed, number, equal[index]);
    CHECK(hypero_experiment_categorical(experiment, "weighted", weighted_json, weights, 2, &index) == HYPERO_OK);
    printf("%" PRIu64 " %d weighted %s\n", seed, number, weighted[index]);
}

int main(void) {
    for (uint64_t seed = 0; seed < 100; seed++) {
        hypero_options options;
        hypero_client *client;
        hypero_battery *battery;

        hypero_options_init(&options, sizeof options);
        options.seed = &seed;
        options.journal_limit = 8 << 20;
        options.notice = ignore_notice;
        CHECK(hypero_connect(&options, &client) == HYPERO_OK);
        CHECK(hypero_client_seed(client) == seed);
        CHECK(hypero_battery_open(client, "golden draws", 1, NULL, NULL, &battery) == HYPERO_OK);
        for (int number = 1; number <= 2; number++) {
            hypero_experiment *experiment;
            CHECK(hypero_experiment_start(battery, &experiment) == HYPERO_OK);
            print_draws(experiment, seed, number);
            hypero_experiment_free(experiment);
        }
        /* Nothing is sent: the test gives the address of no server. */
        CHECK(hypero_client_close(client, 0) == HYPERO_TIMEOUT);
        hypero_battery_free(battery);
        hypero_client_free(client);
    }
    return 0;
}
