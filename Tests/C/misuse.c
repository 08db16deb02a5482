/*
 * Calls every function of hypero.h with bad arguments. Each call must return a status and set hypero_error(), and lose nothing
 * else. Needs HYPERO_REDIS. Prints the id of the experiment whose one row must be there.
 */
#include <hypero.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "check.h"

/* A call must be refused with a sentence that contains a text. */
#define REFUSED(call, text) \
    do { \
        CHECK((call) == HYPERO_INVALID); \
        if (strstr(hypero_error(), text) == NULL) fprintf(stderr, "the sentence is: %s\n", hypero_error()); \
        CHECK(strstr(hypero_error(), text) != NULL); \
    } while (0)
#define DROPPED(call) CHECK((call) == HYPERO_DROPPED && strstr(hypero_error(), "not recorded") != NULL)

static const char *const channels[] = {"train", "valid"};
static const double values[] = {0.5, 0.25};
static char text[1 << 20];

static void take_notice(const char *message, void *count) {
    CHECK(strchr(message, '\n') == NULL);
    ++*(int *)count;
}

/* A text of a length that is valid until the next call. */
static const char *text_of(size_t length) {
    memset(text, 'x', length);
    text[length] = 0;
    return text;
}

static void call_with_null_handles(void) {
    double number = 7;
    int64_t integer = 7;
    size_t index = 7;
    const char *const categories[] = {"1", "2"};
    const double *const curves[] = {values};
    const size_t lengths[] = {2};
    hypero_counters counters;
    hypero_battery *battery = (hypero_battery *)text;
    hypero_experiment *experiment = (hypero_experiment *)text;

    REFUSED(hypero_client_flush(NULL, HYPERO_SENT, 1), "null handle");
    REFUSED(hypero_client_close(NULL, 1), "null handle");
    REFUSED(hypero_client_counters(NULL, &counters, sizeof counters), "null handle");
    CHECK(hypero_client_seed(NULL) == 0);
    REFUSED(hypero_battery_open(NULL, "b", 1, NULL, NULL, &battery), "null handle");
    CHECK(battery == NULL);
    CHECK(strcmp(hypero_battery_id(NULL), "") == 0);
    REFUSED(hypero_experiment_start(NULL, &experiment), "null handle");
    CHECK(experiment == NULL);
    experiment = (hypero_experiment *)text;
    REFUSED(hypero_experiment_resume(NULL, "a-1", 0, 0, &experiment), "null handle");
    CHECK(experiment == NULL);
    CHECK(strcmp(hypero_experiment_id(NULL), "") == 0);
    CHECK(hypero_experiment_has_ended(NULL) == 0);
    hypero_search *search = (hypero_search *)text;
    hypero_search_options options;
    hypero_search_options_init(&options, sizeof options);
    options.trials = 1;
    REFUSED(hypero_search_open(NULL, &options, &search), "null handle");
    CHECK(search == NULL);
    experiment = (hypero_experiment *)text;
    REFUSED(hypero_search_next(NULL, 1, &experiment), "null handle");
    CHECK(experiment == NULL);
    REFUSED(hypero_search_declare(NULL), "null handle");
    REFUSED(hypero_search_enqueue_json(NULL, "{\"a\": 1}"), "null handle");
    CHECK(strcmp(hypero_search_id(NULL), "") == 0 && hypero_search_is_finished(NULL) == 0);
    CHECK(hypero_experiment_should_stop(NULL) == 0 && strcmp(hypero_experiment_stop_reason(NULL), "") == 0);
    CHECK(hypero_experiment_trial(NULL) == 0 && hypero_experiment_attempt(NULL) == 0 && hypero_experiment_last_epoch(NULL) == 0);
    REFUSED(hypero_experiment_give_back(NULL, NULL), "null handle");
    REFUSED(hypero_experiment_log(NULL, 1, channels, values, 2), "null handle");
    REFUSED(hypero_experiment_curves(NULL, 1, channels, curves, lengths, 1), "null handle");
    REFUSED(hypero_experiment_maxima(NULL, 1, channels, values, 2), "null handle");
    REFUSED(hypero_experiment_param_double(NULL, "p", 1), "null handle");
    REFUSED(hypero_experiment_param_int(NULL, "p", 1), "null handle");
    REFUSED(hypero_experiment_param_text(NULL, "p", "x"), "null handle");
    REFUSED(hypero_experiment_param_json(NULL, "p", "[]"), "null handle");
    REFUSED(hypero_experiment_meta_double(NULL, "p", 1), "null handle");
    REFUSED(hypero_experiment_meta_int(NULL, "p", 1), "null handle");
    REFUSED(hypero_experiment_meta_text(NULL, "p", "x"), "null handle");
    REFUSED(hypero_experiment_meta_json(NULL, "p", "[]"), "null handle");
    REFUSED(hypero_experiment_uniform(NULL, "p", 0, 1, &number), "null handle");
    REFUSED(hypero_experiment_log_uniform(NULL, "p", 1, 2, &number), "null handle");
    REFUSED(hypero_experiment_normal(NULL, "p", 0, 1, &number), "null handle");
    REFUSED(hypero_experiment_randint(NULL, "p", 0, 1, &integer), "null handle");
    REFUSED(hypero_experiment_categorical(NULL, "p", categories, NULL, 2, &index), "null handle");
    CHECK(number == 7 && integer == 7 && index == 7);
    REFUSED(hypero_experiment_finish(NULL), "null handle");
    REFUSED(hypero_experiment_fail(NULL, "x"), "null handle");
    REFUSED(hypero_experiment_stop(NULL, NULL), "null handle");
    hypero_client_free(NULL);
    hypero_battery_free(NULL);
    hypero_experiment_free(NULL);
    hypero_search_free(NULL);
    hypero_search_options_init(NULL, sizeof(hypero_search_options));
    hypero_options_init(NULL, sizeof(hypero_options));
    hypero_objective_init(NULL, sizeof(hypero_objective));
}

static void connect_badly(void) {
    hypero_options options;
    hypero_client *client = (hypero_client *)text;

    REFUSED(hypero_connect(NULL, NULL), "client is NULL");
    memset(&options, 0, sizeof options);
    REFUSED(hypero_connect(&options, &client), "hypero_options_init");
    CHECK(client == NULL);
    hypero_options_init(&options, SIZE_MAX);
    CHECK(options.size == sizeof options);
    hypero_options_init(&options, 0);
    CHECK(options.size == sizeof options);

    const char *const urls[] = {"", "nonsense", "http://x", "redis://h:99999", "redis://\xff", "unix://", text_of(100000)};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        options.url = urls[i];
        REFUSED(hypero_connect(&options, &client), "");
        CHECK(client == NULL && strlen(hypero_error()) > 10);
    }
    const char *const prefixes[] = {"", "a b", "{x}", "\xc3", text_of(65)};
    options.url = NULL;
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        options.key_prefix = prefixes[i];
        REFUSED(hypero_connect(&options, &client), "");
    }
    options.key_prefix = NULL;
    const int64_t partitions[] = {-1, INT64_MIN, 16385, INT64_MAX};
    for (size_t i = 0; i < sizeof partitions / sizeof *partitions; i++) {
        options.partitions = partitions[i];
        REFUSED(hypero_connect(&options, &client), "partitions");
    }
    options.partitions = 0;
    options.journal_limit = -1;
    REFUSED(hypero_connect(&options, &client), "journal_limit");
}

static void open_badly(hypero_client *client) {
    hypero_battery *battery = (hypero_battery *)text;
    hypero_objective objective;
    const hypero_direction directions[] = {HYPERO_MIN, (hypero_direction)9};

    REFUSED(hypero_battery_open(client, "b", 1, NULL, NULL, NULL), "battery is NULL");
    REFUSED(hypero_battery_open(client, NULL, 1, NULL, NULL, &battery), "name is NULL");
    CHECK(battery == NULL);
    REFUSED(hypero_battery_open(client, "", 1, NULL, NULL, &battery), "");
    REFUSED(hypero_battery_open(client, "b\xff", 1, NULL, NULL, &battery), "name is not UTF-8");
    REFUSED(hypero_battery_open(client, "b\n", 1, NULL, NULL, &battery), "");
    REFUSED(hypero_battery_open(client, text_of(257), 1, NULL, NULL, &battery), "");
    REFUSED(hypero_battery_open(client, "b", INT64_MAX, NULL, NULL, &battery), "");
    REFUSED(hypero_battery_open(client, "b", INT64_MIN, NULL, NULL, &battery), "");
    REFUSED(hypero_battery_open(client, "b", 1, "\xff", NULL, &battery), "description is not UTF-8");
    memset(&objective, 0, sizeof objective);
    REFUSED(hypero_battery_open(client, "b", 1, NULL, &objective, &battery), "hypero_objective_init");
    hypero_objective_init(&objective, SIZE_MAX);
    CHECK(objective.size == sizeof objective);
    objective.channel = "epoch";
    REFUSED(hypero_battery_open(client, "b", 1, NULL, &objective, &battery), "");
    objective.channel = NULL;
    objective.direction = (hypero_direction)3;
    REFUSED(hypero_battery_open(client, "b", 1, NULL, &objective, &battery), "direction");
    objective.direction = HYPERO_MAX;
    const size_t counts[] = {1, SIZE_MAX, (size_t)1 << 40};
    for (size_t i = 0; i < 3; i++) {
        objective.count = counts[i];
        REFUSED(hypero_battery_open(client, "b", 1, NULL, &objective, &battery), "direction");
    }
    objective.channels = channels;
    objective.directions = directions;
    objective.count = 2;
    REFUSED(hypero_battery_open(client, "b", 1, NULL, &objective, &battery), "not 9");
    CHECK(battery == NULL);
    REFUSED(hypero_client_flush(client, HYPERO_SENT, NAN), "seconds");
    REFUSED(hypero_client_flush(client, HYPERO_SENT, -1), "seconds");
    REFUSED(hypero_client_flush(client, (hypero_confirmation)5, 1), "until");
    REFUSED(hypero_client_close(client, NAN), "seconds");
    REFUSED(hypero_client_counters(client, NULL, 8), "counters is NULL");
    hypero_counters counters;
    REFUSED(hypero_client_counters(client, &counters, SIZE_MAX), "size");
    CHECK(hypero_client_counters(client, &counters, 0) == HYPERO_OK);
}

static void resume_badly(hypero_battery *battery) {
    hypero_experiment *experiment = (hypero_experiment *)text;
    REFUSED(hypero_experiment_start(battery, NULL), "experiment is NULL");
    REFUSED(hypero_experiment_resume(battery, "a-1", 0, 0, NULL), "experiment is NULL");
    REFUSED(hypero_experiment_resume(battery, NULL, 0, 0, &experiment), "id is NULL");
    CHECK(experiment == NULL);
    REFUSED(hypero_experiment_resume(battery, "", 0, 0, &experiment), "");
    REFUSED(hypero_experiment_resume(battery, "A B", 0, 0, &experiment), "");
    REFUSED(hypero_experiment_resume(battery, text_of(65), 0, 0, &experiment), "");
    REFUSED(hypero_experiment_resume(battery, "a-1", INT64_MAX, 0, &experiment), "from");
    REFUSED(hypero_experiment_resume(battery, "a-1", 0, -1, &experiment), "attempt");
    REFUSED(hypero_experiment_resume(battery, "a-1", 0, INT64_MAX, &experiment), "attempt");
}

static hypero_search_options search_options(void) {
    hypero_search_options options;
    hypero_search_options_init(&options, sizeof options);
    options.trials = 3;
    return options;
}

static void search_badly(hypero_battery *battery, hypero_experiment *experiment) {
    hypero_search *search = (hypero_search *)text;
    hypero_search_options options = search_options();
    hypero_experiment *trial;

    REFUSED(hypero_search_open(battery, &options, NULL), "search is NULL");
    REFUSED(hypero_search_open(battery, NULL, &search), "options is NULL");
    CHECK(search == NULL);
    memset(&options, 0, sizeof options);
    REFUSED(hypero_search_open(battery, &options, &search), "hypero_search_options_init");
    hypero_search_options_init(&options, SIZE_MAX);
    CHECK(options.size == sizeof options && options.seed == 1);
    REFUSED(hypero_search_open(battery, &options, &search), "the number of trials must be between 1 and 1000000, not 0");
    const int64_t trials[] = {-1, INT64_MIN, 1000001, INT64_MAX};
    for (size_t i = 0; i < 4; i++) {
        options = search_options();
        options.trials = trials[i];
        REFUSED(hypero_search_open(battery, &options, &search), "the number of trials");
        options = search_options();
        options.attempts = trials[i];
        REFUSED(hypero_search_open(battery, &options, &search), "the number of attempts");
        options = search_options();
        options.stopping = HYPERO_MEDIAN;
        options.stopping_epochs = trials[i];
        REFUSED(hypero_search_open(battery, &options, &search), "the epochs of the stopping rule");
        options.stopping_epochs = 81;
        options.stopping_first = trials[i];
        REFUSED(hypero_search_open(battery, &options, &search), "the first rung");
        options.stopping_first = 0;
        options.stopping_factor = trials[i];
        REFUSED(hypero_search_open(battery, &options, &search), "stopping_factor needs HYPERO_HALVING");
        options.stopping = HYPERO_HALVING;
        REFUSED(hypero_search_open(battery, &options, &search), "the factor of the stopping rule");
    }
    const double leases[] = {0, 0.5, -1, NAN, INFINITY, 2592001, 1e300};
    for (size_t i = 0; i < sizeof leases / sizeof *leases; i++) {
        options = search_options();
        options.lease = leases[i];
        REFUSED(hypero_search_open(battery, &options, &search), "the lease must be between 1 and 2592000 s");
    }
    options = search_options();
    options.sampler = (hypero_sampler)9;
    REFUSED(hypero_search_open(battery, &options, &search), "sampler must be");
    options = search_options();
    options.stopping = (hypero_stopping)9;
    REFUSED(hypero_search_open(battery, &options, &search), "stopping must be");
    options = search_options();
    options.stopping_epochs = 81;
    REFUSED(hypero_search_open(battery, &options, &search), "need stopping");
    const char *const names[] = {"", "a\tb", "\xff", text_of(257)};
    for (size_t i = 0; i < 4; i++) {
        options = search_options();
        options.name = names[i];
        REFUSED(hypero_search_open(battery, &options, &search), "name");
        CHECK(search == NULL);
    }
    options = search_options();
    CHECK(hypero_search_open(battery, &options, &search) == HYPERO_OK);
    REFUSED(hypero_search_next(search, 1, NULL), "experiment is NULL");
    REFUSED(hypero_search_next(search, -1, &trial), "seconds must be 0 or above");
    REFUSED(hypero_search_next(search, NAN, &trial), "seconds must be 0 or above");
    const char *const points[] = {"", "[1]", "{}", "3", "{\"a\":}", "{\"a\": nan}"};
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) REFUSED(hypero_search_enqueue_json(search, points[i]), "");
    REFUSED(hypero_search_enqueue_json(search, NULL), "json is NULL");
    DROPPED(hypero_search_enqueue_json(search, "{\"\": 1}"));
    hypero_search_free(search);
    CHECK(hypero_experiment_trial(experiment) == 0 && hypero_experiment_attempt(experiment) == 1);
    CHECK(hypero_experiment_should_stop(experiment) == 0 && hypero_experiment_last_epoch(experiment) == 0);
    REFUSED(hypero_experiment_give_back(experiment, "x"), "is no trial of a search");
}

static void log_badly(hypero_experiment *experiment) {
    const char *const null_name[] = {NULL}, *const not_utf8[] = {"v\xff"}, *const reserved[] = {"epoch"}, *const empty[] = {""};
    const char *const too_long[] = {text_of(257)};
    const double *const curves[] = {values, NULL};
    const size_t huge[] = {SIZE_MAX, (size_t)1 << 40}, none[] = {0, 0}, two[] = {2, 2};

    REFUSED(hypero_experiment_log(experiment, 1, NULL, values, 1), "NULL");
    REFUSED(hypero_experiment_log(experiment, 1, channels, NULL, 1), "NULL");
    REFUSED(hypero_experiment_log(experiment, 1, channels, values, SIZE_MAX), "count");
    REFUSED(hypero_experiment_log(experiment, 1, channels, values, 65537), "count");
    REFUSED(hypero_experiment_maxima(experiment, 1, NULL, values, 1), "NULL");
    REFUSED(hypero_experiment_maxima(experiment, 1, channels, NULL, 1), "NULL");
    REFUSED(hypero_experiment_maxima(experiment, 1, channels, values, SIZE_MAX / 2), "count");
    DROPPED(hypero_experiment_log(experiment, 1, channels, values, 0));
    DROPPED(hypero_experiment_log(experiment, -1, channels, values, 2));
    DROPPED(hypero_experiment_log(experiment, INT64_MIN, channels, values, 2));
    DROPPED(hypero_experiment_log(experiment, INT64_MAX, channels, values, 2));
    DROPPED(hypero_experiment_log(experiment, 1, null_name, values, 1));
    DROPPED(hypero_experiment_log(experiment, 1, not_utf8, values, 1));
    DROPPED(hypero_experiment_log(experiment, 1, reserved, values, 1));
    DROPPED(hypero_experiment_log(experiment, 1, empty, values, 1));
    DROPPED(hypero_experiment_log(experiment, 1, too_long, values, 1));
    DROPPED(hypero_experiment_maxima(experiment, 1, not_utf8, values, 1));
    REFUSED(hypero_experiment_curves(experiment, 1, NULL, curves, two, 1), "NULL");
    REFUSED(hypero_experiment_curves(experiment, 1, channels, NULL, two, 1), "NULL");
    REFUSED(hypero_experiment_curves(experiment, 1, channels, curves, NULL, 1), "NULL");
    REFUSED(hypero_experiment_curves(experiment, 1, channels, curves, two, SIZE_MAX), "count");
    REFUSED(hypero_experiment_curves(experiment, 1, channels, curves, two, 2), "the channel 1");
    REFUSED(hypero_experiment_curves(experiment, 1, channels, curves, huge, 1), "lengths[0]");
    REFUSED(hypero_experiment_curves(experiment, 1, channels, curves, huge + 1, 1), "lengths[0]");
    REFUSED(hypero_experiment_curves(experiment, 1, null_name, curves, two, 1), "the channel 0");
    REFUSED(hypero_experiment_curves(experiment, 1, not_utf8, curves, two, 1), "the channel 0");
    DROPPED(hypero_experiment_curves(experiment, 1, channels, curves, none, 1));
    DROPPED(hypero_experiment_curves(experiment, 1, channels, curves, none, 0));
    DROPPED(hypero_experiment_curves(experiment, -1, channels, curves, two, 1));
    DROPPED(hypero_experiment_curves(experiment, INT64_MAX, channels, curves, two, 1));
}

static void record_badly(hypero_experiment *experiment) {
    typedef hypero_status record_text(hypero_experiment *, const char *, const char *);
    record_text *const texts[] = {hypero_experiment_param_text, hypero_experiment_meta_text};
    record_text *const jsons[] = {hypero_experiment_param_json, hypero_experiment_meta_json};
    const char *const bad_json[] = {"", "[1,2", "linear", "{\"a\":}", "1e999", "01", "[] []"};
    for (size_t kind = 0; kind < 2; kind++) {
        REFUSED(texts[kind](experiment, NULL, "x"), "name is NULL");
        REFUSED(texts[kind](experiment, "p", NULL), "value is NULL");
        REFUSED(texts[kind](experiment, "p\xff", "x"), "name is not UTF-8");
        REFUSED(texts[kind](experiment, "p", "\xff"), "value is not UTF-8");
        DROPPED(texts[kind](experiment, "", "x"));
        DROPPED(texts[kind](experiment, "a\tb", "x"));
        DROPPED(texts[kind](experiment, "p", text_of(65537)));
        DROPPED(texts[kind](experiment, text_of(257), "x"));
        REFUSED(jsons[kind](experiment, "p", NULL), "json is NULL");
        REFUSED(jsons[kind](experiment, "p", "\"\xff\""), "json is not UTF-8");
        for (size_t i = 0; i < sizeof bad_json / sizeof *bad_json; i++) {
            REFUSED(jsons[kind](experiment, "p", bad_json[i]), "json is not JSON");
        }
        memset(text, '[', 500000);
        memset(text + 500000, ']', 500000);
        text[1000000] = 0;
        REFUSED(jsons[kind](experiment, "p", text), "json is not JSON");
    }
    REFUSED(hypero_experiment_param_double(experiment, NULL, 1), "name is NULL");
    REFUSED(hypero_experiment_param_int(experiment, NULL, 1), "name is NULL");
    REFUSED(hypero_experiment_meta_double(experiment, "\xff", 1), "name is not UTF-8");
    REFUSED(hypero_experiment_meta_int(experiment, "\xff", 1), "name is not UTF-8");
    DROPPED(hypero_experiment_param_double(experiment, "", NAN));
    DROPPED(hypero_experiment_param_int(experiment, "", INT64_MIN));
}

static void draw_badly(hypero_experiment *experiment) {
    double number = 7;
    int64_t integer = 7;
    size_t index = 7;
    const char *const good[] = {"1", "\"b\""}, *const null_json[] = {NULL}, *const no_json[] = {"linear"};
    const double weights[][2] = {{-1, 2}, {0, 0}, {NAN, 1}, {INFINITY, 1}, {1e308, 1e308}};
    const double bounds[][2] = {{1, 0}, {NAN, 1}, {0, NAN}, {-INFINITY, 1}, {0, INFINITY}};

    for (size_t i = 0; i < 5; i++) {
        REFUSED(hypero_experiment_uniform(experiment, "u", bounds[i][0], bounds[i][1], &number), "uniform needs");
        REFUSED(hypero_experiment_log_uniform(experiment, "u", bounds[i][0], bounds[i][1], &number), "logUniform needs");
        REFUSED(hypero_experiment_categorical(experiment, "c", good, weights[i], 2, &index), "categorical needs");
    }
    REFUSED(hypero_experiment_log_uniform(experiment, "u", 0, 1, &number), "0 < low");
    REFUSED(hypero_experiment_normal(experiment, "n", NAN, 1, &number), "normal needs");
    REFUSED(hypero_experiment_normal(experiment, "n", 0, -1, &number), "normal needs");
    REFUSED(hypero_experiment_normal(experiment, "n", 0, INFINITY, &number), "normal needs");
    REFUSED(hypero_experiment_randint(experiment, "r", 2, 1, &integer), "randint needs");
    REFUSED(hypero_experiment_randint(experiment, "r", INT64_MAX, INT64_MIN, &integer), "randint needs");
    REFUSED(hypero_experiment_categorical(experiment, "c", NULL, NULL, 2, &index), "at least one");
    REFUSED(hypero_experiment_categorical(experiment, "c", good, NULL, 0, &index), "at least one");
    REFUSED(hypero_experiment_categorical(experiment, "c", good, NULL, SIZE_MAX, &index), "count");
    REFUSED(hypero_experiment_categorical(experiment, "c", null_json, NULL, 1, &index), "NULL");
    REFUSED(hypero_experiment_categorical(experiment, "c", no_json, NULL, 1, &index), "not JSON");
    REFUSED(hypero_experiment_uniform(experiment, NULL, 0, 1, &number), "name is NULL");
    REFUSED(hypero_experiment_uniform(experiment, "\xff", 0, 1, &number), "name is not UTF-8");
    REFUSED(hypero_experiment_uniform(experiment, "u", 0, 1, NULL), "result is NULL");
    REFUSED(hypero_experiment_log_uniform(experiment, "u", 1, 2, NULL), "result is NULL");
    REFUSED(hypero_experiment_normal(experiment, "n", 0, 1, NULL), "result is NULL");
    REFUSED(hypero_experiment_randint(experiment, "r", 0, 1, NULL), "result is NULL");
    REFUSED(hypero_experiment_categorical(experiment, "c", good, NULL, 2, NULL), "result is NULL");
    CHECK(number == 7 && integer == 7 && index == 7);
    /* The widest bounds are valid. */
    CHECK(hypero_experiment_randint(experiment, "widest", INT64_MIN, INT64_MAX, &integer) == HYPERO_OK);
    CHECK(hypero_experiment_uniform(experiment, "widest", -1.7e308, 1.7e308, &number) == HYPERO_OK && isfinite(number));
    /* A name outside the limits is not recorded, and is drawn all the same. */
    CHECK(hypero_experiment_uniform(experiment, "", 2, 3, &number) == HYPERO_OK && number >= 2 && number <= 3);
}

int main(void) {
    int notices = 0;
    hypero_options options;
    hypero_client *client;
    hypero_battery *battery;
    hypero_experiment *experiment;
    hypero_counters counters;

    CHECK(hypero_version_number() == HYPERO_VERSION_NUMBER);
    CHECK(strcmp(hypero_error(), "") == 0);
    CHECK(strcmp(hypero_status_name(HYPERO_TIMEOUT), "HYPERO_TIMEOUT") == 0);
    CHECK(strcmp(hypero_status_name((hypero_status)-99), "unknown status") == 0);
    call_with_null_handles();
    connect_badly();

    hypero_options_init(&options, sizeof options);
    options.notice = take_notice;
    options.notice_context = &notices;
    CHECK(hypero_connect(&options, &client) == HYPERO_OK);
    open_badly(client);
    CHECK(hypero_battery_open(client, "misuse", 1, text_of(100000), NULL, &battery) == HYPERO_OK);
    resume_badly(battery);
    CHECK(hypero_experiment_start(battery, &experiment) == HYPERO_OK);
    search_badly(battery, experiment);
    log_badly(experiment);
    record_badly(experiment);
    draw_badly(experiment);

    CHECK(hypero_experiment_log(experiment, 1, channels, values, 2) == HYPERO_OK);
    /* A reason that is not UTF-8 does not keep an experiment from its end. */
    CHECK(hypero_experiment_fail(experiment, "bad \xff reason") == HYPERO_OK);
    CHECK(hypero_experiment_has_ended(experiment) == 1);
    DROPPED(hypero_experiment_log(experiment, 2, channels, values, 2));
    DROPPED(hypero_experiment_finish(experiment));
    CHECK(hypero_client_flush(client, HYPERO_APPLIED, INFINITY) == HYPERO_OK);
    CHECK(hypero_client_counters(client, &counters, sizeof counters) == HYPERO_OK);
    CHECK(counters.dead == 0 && counters.dropped_ended == 2 && counters.dropped_invalid > 20 && notices > 0);
    CHECK(hypero_client_close(client, 60) == HYPERO_OK);
    DROPPED(hypero_experiment_param_int(experiment, "late", 1));
    CHECK(hypero_client_close(client, 0) == HYPERO_OK);
    puts(hypero_experiment_id(experiment));
    hypero_client_free(client);
    hypero_battery_free(battery);
    hypero_experiment_free(experiment);
    return 0;
}
