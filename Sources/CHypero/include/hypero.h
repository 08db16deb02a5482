/*
 * hypero.h - the C interface of hypero, the experiment log for hyper-parameter search.
 *
 *     hypero_client *client;
 *     hypero_battery *battery;
 *     hypero_experiment *experiment;
 *     double rate;
 *     const char *const channels[] = {"train", "valid", "test"};
 *
 *     if (hypero_connect(NULL, &client) != HYPERO_OK) return puts(hypero_error()), 1;
 *     hypero_battery_open(client, "digits", 3, "fixed bug", NULL, &battery);
 *     hypero_experiment_start(battery, &experiment);
 *     hypero_experiment_log_uniform(experiment, "lr", 1e-5, 0.1, &rate);
 *     for (int64_t epoch = 1; epoch <= 100; epoch++) {
 *         const double values[] = {0.91, 0.80, 0.79};
 *         hypero_experiment_log(experiment, epoch, channels, values, 3);
 *     }
 *     hypero_experiment_finish(experiment);
 *     hypero_client_close(client, 5);
 *
 * Handles. Each handle has one free function, which accepts NULL. A child keeps what it needs of its parent, so handles may be
 * freed in any order.
 *
 * Errors. A function that can fail returns a hypero_status, and sets the sentence of hypero_error(). No function prints, throws
 * or ends the process. What makes a handle sets it to NULL if it fails, and all functions accept such a NULL handle with
 * HYPERO_INVALID: a program that cannot connect may go on without a check at each call.
 *
 * Text is UTF-8 that ends with a NUL, and is copied. Invalid UTF-8 is HYPERO_INVALID.
 *
 * Threads. Every function may be called from any thread. A handle must not be freed while another thread uses it.
 *
 * Forks. A forked child may log to the handles of its parent, as a producer of its own. It should call hypero_client_close, or
 * end by exit() or call hypero_flush_at_exit, so that its events are sent at once: the next client of the host sends what it leaves.
 * A signal handler must not call fork(), which POSIX.1-2024 does not allow either: if the signal interrupts a function of this
 * header or malloc(), the process hangs. system(), posix_spawn() and vfork() are not affected.
 */
#ifndef HYPERO_H
#define HYPERO_H

#include <stddef.h>
#include <stdint.h>

/* The version of this header. Version 1.2.3 has the number 10203. */
#define HYPERO_VERSION_MAJOR 0
#define HYPERO_VERSION_MINOR 1
#define HYPERO_VERSION_PATCH 0
#define HYPERO_VERSION_NUMBER (HYPERO_VERSION_MAJOR * 10000 + HYPERO_VERSION_MINOR * 100 + HYPERO_VERSION_PATCH)

#ifdef __cplusplus
extern "C" {
#endif

/* A connection to a Redis server, with its journal and its background thread. */
typedef struct hypero_client hypero_client;
/* A group of experiments that are ranked together: a name, a version and a description. */
typedef struct hypero_battery hypero_battery;
/* A search for good hyper-parameters: a number of trials that any number of processes share. */
typedef struct hypero_search hypero_search;
/* One training of a battery. */
typedef struct hypero_experiment hypero_experiment;

/* The result of a call. The numbers are never changed. */
typedef enum hypero_status {
    HYPERO_OK = 0,
    /* An argument is outside its range, a pointer is NULL, or a text is not UTF-8. Nothing was done. */
    HYPERO_INVALID = -1,
    /* The event was not recorded: the experiment has ended, the client is closed, the journal is full, or a value is outside
     * the limits. The client's notices say which, and hypero_client_counters counts it. */
    HYPERO_DROPPED = -2,
    /* The time ran out. Nothing is lost: the background thread continues. */
    HYPERO_TIMEOUT = -3,
    /* It will never be confirmed: an event has become a dead letter, its experiment was deleted, Redis has lost events that the
     * client does not have any more, or the account may not read what is applied. */
    HYPERO_UNCONFIRMED = -4
} hypero_status;

/* The direction in which a channel gets better. */
typedef enum hypero_direction {
    /* Of an objective: HYPERO_MIN if its name says so, as val_loss, mse and latency_ms do, else HYPERO_MAX. */
    HYPERO_BY_NAME = 0,
    HYPERO_MAX = 1,
    HYPERO_MIN = 2
} hypero_direction;

/* The progress that hypero_client_flush waits for. */
typedef enum hypero_confirmation {
    /* Redis has acknowledged the events. */
    HYPERO_SENT = 0,
    /* The ingest has applied the events, and rankings include them. */
    HYPERO_APPLIED = 1
} hypero_confirmation;

/* The version of the library, as HYPERO_VERSION_NUMBER. */
int64_t hypero_version_number(void);

/* The name of a status, for example "HYPERO_INVALID". Static text. */
const char *hypero_status_name(hypero_status status);

/* The sentence that describes the calling thread's last call that failed: what failed, the value and why; "" if none has. It is
 * valid until the thread's next call that fails. */
const char *hypero_error(void);

/* ---- Client ---- */

/* Takes a message of the client to its user: one line without a line break. It is called on the thread of a log call or on the
 * background thread, which waits meanwhile. It must not call functions of this header. */
typedef void (*hypero_notice)(const char *message, void *context);

/* The options of a client. Set all with hypero_options_init first. Fields are only added at the end. */
typedef struct hypero_options {
    /* sizeof(hypero_options), set by hypero_options_init. */
    size_t size;
    /* redis://[user[:password]@]host[:port][,host[:port]]...[/db], redis+sentinel://.../name[/db] or unix:///path[?db=n]. NULL:
     * HYPERO_REDIS, else the server of `hypero up` if it runs, else redis://127.0.0.1:6379. A URL without a password uses
     * HYPERO_REDIS_PASSWORD, the file HYPERO_REDIS_PASSWORD_FILE or REDISCLI_AUTH. */
    const char *url;
    /* The prefix of all keys, 1 to 64 characters of A-Z a-z 0-9 . _ -. NULL: HYPERO_NAMESPACE, else hypero. */
    const char *key_prefix;
    /* The number of partitions of the deployment, 1 to 16384. 0: HYPERO_PARTITIONS, else 1. */
    int64_t partitions;
    /* The seed of all draws. NULL: a random one. A draw depends only on this seed, the number of the experiment, the name and the
     * distribution. */
    const uint64_t *seed;
    /* The id of an experiment that this process resumes. Needed only with several partitions. NULL: none. */
    const char *resumed;
    /* The maximum size of the journal in bytes, used in segments of 8 MiB. 0: 256 MiB. */
    int64_t journal_limit;
    /* Takes the client's messages. NULL: standard error. */
    hypero_notice notice;
    /* The second argument of notice. */
    void *notice_context;
} hypero_options;

/* Sets the default options. size: sizeof(hypero_options), for a program that was compiled with an older header. */
void hypero_options_init(hypero_options *options, size_t size);

/* Creates a client, without waiting for Redis: the background thread connects once there is an event to send.
 *
 * options: NULL for the default ones.
 * Returns HYPERO_OK or HYPERO_INVALID: an option or an environment variable, or there is no memory for the journal. */
hypero_status hypero_connect(const hypero_options *options, hypero_client **client);

/* The seed of this client's draws; 0 for NULL. */
uint64_t hypero_client_seed(const hypero_client *client);

/* Waits until all events logged before this call are confirmed.
 *
 * seconds: the longest wait, 0 or above. Infinity is allowed.
 * Returns HYPERO_OK, HYPERO_TIMEOUT, HYPERO_UNCONFIRMED or HYPERO_INVALID. */
hypero_status hypero_client_flush(hypero_client *client, hypero_confirmation until, double seconds);

/* Closes the client: rejects new events, waits until the others are sent, and ends the background thread. What is not sent in time
 * stays in the journal's folder, and the next client on this host sends it.
 *
 * seconds: the longest wait, 0 or above.
 * Returns HYPERO_OK, HYPERO_TIMEOUT or HYPERO_INVALID. */
hypero_status hypero_client_close(hypero_client *client, double seconds);

/* The numbers of events so far. Fields are only added at the end. */
typedef struct hypero_counters {
    /* Recorded in the journal. */
    uint64_t accepted;
    /* Acknowledged by Redis at least once. */
    uint64_t sent;
    /* Applied by the ingest, as far as the client has seen. */
    uint64_t applied;
    /* Dead letters: events that the ingest could not apply. */
    uint64_t dead;
    /* Removed from the journal, because Redis can no longer lose them. */
    uint64_t released;
    /* Sent for journals that ended processes of this host have left. */
    uint64_t adopted;
    /* Damaged records of the journal. */
    uint64_t damaged;
    /* Not recorded, by the reason: no room in the journal, client closed, experiment ended, outside the limits. */
    uint64_t dropped_journal_full;
    uint64_t dropped_closed;
    uint64_t dropped_ended;
    uint64_t dropped_invalid;
    /* Dropped by the ingest, because their experiment or battery was deleted. They count in applied too. */
    uint64_t deleted;
} hypero_counters;

/* Copies the counters.
 *
 * size: sizeof(hypero_counters). Fields that this library does not know are set to 0.
 * Returns HYPERO_OK or HYPERO_INVALID. */
hypero_status hypero_client_counters(const hypero_client *client, hypero_counters *counters, size_t size);

/* Waits until all clients of the process have sent their events, for at most HYPERO_EXIT_TIMEOUT seconds, as exit() does. For a
 * process that ends without exit(), for example a child of Python's multiprocessing. Called once, when no client is used any more. */
void hypero_flush_at_exit(void);

/* Frees the handle. Without hypero_client_close before, the background thread sends the remaining events and then ends. */
void hypero_client_free(hypero_client *client);

/* ---- Battery ---- */

/* The declaration of a battery beyond its name. Set all with hypero_objective_init first. Fields are only added at the end. */
typedef struct hypero_objective {
    /* sizeof(hypero_objective), set by hypero_objective_init. */
    size_t size;
    /* The channel that decides the best epoch and the rank of an experiment. NULL: "valid". */
    const char *channel;
    /* The direction in which the objective gets better. */
    hypero_direction direction;
    /* The directions of other channels, for rankings by these: `count` names and directions. */
    const char *const *channels;
    const hypero_direction *directions;
    size_t count;
} hypero_objective;

/* Sets the defaults: the channel "valid", the direction of its name, no other directions. size: sizeof(hypero_objective). */
void hypero_objective_init(hypero_objective *objective, size_t size);

/* Makes the handle of a battery. The same name, version and description in another process are the same battery.
 *
 * name: 1 to 256 bytes without control characters.
 * version: of the code or the idea under test, from -(2^53 - 1) to 2^53 - 1.
 * description: the change that this version makes; NULL for none. A text of more than 64 KiB is cut.
 * objective: NULL for the defaults.
 * Returns HYPERO_OK or HYPERO_INVALID. */
hypero_status hypero_battery_open(
    hypero_client *client, const char *name, int64_t version, const char *description, const hypero_objective *objective,
    hypero_battery **battery);

/* The id of the battery in Redis, for example "rnn-visual-attention.v3.b44afc5e". Valid while the handle is; "" for NULL. */
const char *hypero_battery_id(const hypero_battery *battery);

void hypero_battery_free(hypero_battery *battery);

/* ---- Search ----
 *
 *     hypero_search_options options;
 *     hypero_search *search;
 *     hypero_experiment *experiment;
 *
 *     hypero_search_options_init(&options, sizeof options);
 *     options.trials = 200;
 *     options.stopping = HYPERO_HALVING;
 *     options.stopping_epochs = 81;
 *     hypero_search_open(battery, &options, &search);
 *     while (hypero_search_next(search, INFINITY, &experiment) == HYPERO_OK && experiment != NULL) {
 *         hypero_experiment_log_uniform(experiment, "lr", 1e-5, 0.1, &rate);
 *         for (int64_t epoch = hypero_experiment_last_epoch(experiment) + 1; epoch <= 81; epoch++) {
 *             hypero_experiment_log(experiment, epoch, channels, values, 3);
 *             if (hypero_experiment_should_stop(experiment)) break;
 *         }
 *         hypero_experiment_finish(experiment);
 *         hypero_experiment_free(experiment);
 *     }
 *
 * Every process opens the same search, by the same battery, name and seed. Each trial from 1 to `trials` is given to one of them. If
 * that process is lost, another one gets the trial again with the same hyper-parameters and the next attempt. hypero-ingest gives the
 * trials out: it must run for a training to start, and need not run for a training to go on. */

/* The source of the hyper-parameters of a search's trials. */
typedef enum hypero_sampler {
    /* The tree-structured Parzen estimator, which learns from the trials that have ended. */
    HYPERO_TPE = 0,
    /* Each hyper-parameter from its distribution, whatever other trials have found. */
    HYPERO_RANDOM = 1
} hypero_sampler;

/* The rule by which a search stops bad trainings early. */
typedef enum hypero_stopping {
    HYPERO_NO_STOPPING = 0,
    /* Asynchronous successive halving: the best trainings at each rung go on, one of `stopping_factor`. */
    HYPERO_HALVING = 1,
    /* The better half at each rung goes on, from five trainings on. */
    HYPERO_MEDIAN = 2
} hypero_stopping;

/* The declaration of a search. Set all with hypero_search_options_init first. Fields are only added at the end. */
typedef struct hypero_search_options {
    /* sizeof(hypero_search_options), set by hypero_search_options_init. */
    size_t size;
    /* The number of trials, 1 to 1,000,000. Must be set. A later declaration with more trials raises it, also after the end. */
    int64_t trials;
    /* The seed of all draws, by default 1. Another seed is another search. */
    uint64_t seed;
    /* The name of the search, 1 to 256 bytes without control characters. NULL: "search". Another name is another search. */
    const char *name;
    hypero_sampler sampler;
    hypero_stopping stopping;
    /* The epochs of a whole training, 2 to 1,000,000. Must be set with `stopping`. */
    int64_t stopping_epochs;
    /* The first rung, from 1 and below stopping_epochs. 0: the larger of 3 and stopping_epochs / 27. */
    int64_t stopping_first;
    /* Of HYPERO_HALVING: the number by which rungs grow, and the trainings that go on become fewer, 2 to 100. 0: 3. */
    int64_t stopping_factor;
    /* The number of processes that may get one trial, 1 to 100, by default 3. After that many are lost, the trial ends as failed. */
    int64_t attempts;
    /* The time in seconds without a sign of life after which a trial is lost, 1 to 2,592,000, by default 600. The client gives such
     * signs by itself. */
    double lease;
} hypero_search_options;

/* Sets the default options. size: sizeof(hypero_search_options), for a program that was compiled with an older header. */
void hypero_search_options_init(hypero_search_options *options, size_t size);

/* Makes the handle of a search. Waits for nothing.
 *
 * Returns HYPERO_OK or HYPERO_INVALID. */
hypero_status hypero_search_open(hypero_battery *battery, const hypero_search_options *options, hypero_search **search);

/* The id of the search in Redis, for example "s3f09c1aa". The experiment of its first trial is "s3f09c1aa-1". Valid while the handle
 * is; "" for NULL. */
const char *hypero_search_id(const hypero_search *search);

/* 1 once all trials are given out and none can be given again, else 0. */
int hypero_search_is_finished(const hypero_search *search);

/* Declares the search before its first trial, for example in a program that sets up what others run: queries show it from then on. The
 * first claim of a trial and the first point declare it too.
 *
 * Returns HYPERO_OK, HYPERO_DROPPED or HYPERO_INVALID. */
hypero_status hypero_search_declare(hypero_search *search);

/* Adds hyper-parameters that one of the next trials gets, for example the defaults. An exact repeat is dropped, so that every process
 * may add the same ones. Hyper-parameters without a value are drawn.
 *
 * json: a JSON object with the values by name, at least one. A search has at most 1,000 points, of 1 MiB in all.
 * Returns HYPERO_OK, HYPERO_DROPPED or HYPERO_INVALID. */
hypero_status hypero_search_enqueue_json(hypero_search *search, const char *json);

/* Waits for the next trial, and starts it. End the trial before, by hypero_experiment_finish and its kin.
 *
 * seconds: the longest wait, 0 or above. With INFINITY, the call waits until it has a trial or none is left for this process: while
 * others run the last ones, for the lease. Call it with short times in a loop to act between them, for example on a signal: that sends
 * no more claims than one long call.
 * Returns HYPERO_OK with the experiment; HYPERO_OK with NULL if none is left; HYPERO_TIMEOUT with NULL if there is none in time;
 * HYPERO_INVALID. */
hypero_status hypero_search_next(hypero_search *search, double seconds, hypero_experiment **experiment);

/* Frees the handle. */
void hypero_search_free(hypero_search *search);

/* ---- Experiment ---- */

/* Starts an experiment. Returns HYPERO_OK or HYPERO_INVALID. */
hypero_status hypero_experiment_start(hypero_battery *battery, hypero_experiment **experiment);

/* Resumes an experiment that this or another process has started, for example from a checkpoint. The rows of the epoch `from` and
 * later ones are withdrawn.
 *
 * id: of an experiment of this battery, 1 to 64 characters of a-z 0-9 -.
 * from: the first epoch that this process logs, 0 to 2^53 - 1; below 0 to withdraw no row.
 * attempt: the number of this process among those that ran the experiment, from 1. 0 for the next one: the background thread
 * reads the last one from Redis before it sends the start, if the account may, and else takes 2. A lower number than another
 * process' makes this process an earlier one.
 * Returns HYPERO_OK or HYPERO_INVALID, also if the experiment is in another partition than the client. */
hypero_status hypero_experiment_resume(
    hypero_battery *battery, const char *id, int64_t from, int64_t attempt, hypero_experiment **experiment);

/* The id of the experiment in Redis, for example "k3v9x2mq7d-17". Valid while the handle is; "" for NULL. */
const char *hypero_experiment_id(const hypero_experiment *experiment);

/* 1 if this process has ended the experiment, else 0. */
int hypero_experiment_has_ended(const hypero_experiment *experiment);

/* ---- Trials of a search ---- */

/* 1 if the training must stop, because others are better or because another process has the trial, else 0. Once 1, it stays. Reads
 * one atomic number. A training that has read 1 ends as stopped, with the reason, when hypero_experiment_finish ends it. */
int hypero_experiment_should_stop(const hypero_experiment *experiment);

/* The reason for which the training must stop, for example "rung 9: 14th of 31, halving keeps 10"; "" while it may go on. Valid while
 * the handle is. */
const char *hypero_experiment_stop_reason(const hypero_experiment *experiment);

/* The number of the trial in its search: 1, 2, …. 0 outside a search. */
int64_t hypero_experiment_trial(const hypero_experiment *experiment);

/* The number of this process among those that got the trial: 1, or more if the processes before are lost. 1 outside a search, and 0
 * for NULL. */
int64_t hypero_experiment_attempt(const hypero_experiment *experiment);

/* The last epoch that earlier attempts of the trial have logged; 0 for none, and outside a search. A training that has a checkpoint of
 * it goes on with the next epoch. One that has none begins again, and its rows replace the earlier ones. */
int64_t hypero_experiment_last_epoch(const hypero_experiment *experiment);

/* ---- Rows ---- */

/* Records the values of one epoch: `count` channels and their values. Tens of nanoseconds: no system call, no allocation.
 *
 * Epochs may arrive in any order, and the channels of one epoch in several calls. A later value of a channel replaces the earlier
 * one.
 * epoch: 0 to 2^53 - 1.
 * channels: 1 to 1000 names of 1 to 256 bytes without control characters; not epoch, source and stated. Names that are NULL or not
 * UTF-8, no names and more than 1000 are dropped, as other rows outside the limits.
 * values: any double, including nan and the infinities.
 * Returns HYPERO_OK, HYPERO_DROPPED or HYPERO_INVALID: a NULL handle or array, or a count above 65536. */
hypero_status hypero_experiment_log(
    hypero_experiment *experiment, int64_t epoch, const char *const *channels, const double *values, size_t count);

/* Records whole learning curves: of each of `count` channels the values of the epochs first, first + 1, ….
 *
 * values, lengths: for each channel a pointer to its values, and their number, at most 2^27.
 * Returns HYPERO_OK, HYPERO_DROPPED or HYPERO_INVALID. */
hypero_status hypero_experiment_curves(
    hypero_experiment *experiment, int64_t first, const char *const *channels, const double *const *values,
    const size_t *lengths, size_t count);

/* Records the maxima, the values at the best epoch, of a training that determines them itself. A recorded value wins over the value
 * of the learning curves.
 *
 * epoch: the best epoch, 0 to 2^53 - 1; below 0 if it is not known.
 * Returns HYPERO_OK, HYPERO_DROPPED or HYPERO_INVALID. */
hypero_status hypero_experiment_maxima(
    hypero_experiment *experiment, int64_t epoch, const char *const *channels, const double *values, size_t count);

/* ---- Hyper-parameters and metadata ----
 *
 * A name has 1 to 256 bytes without control characters. A later value of a name replaces the earlier one. A value has at most
 * 64 KiB as text. `json` is a JSON text: a number, whose digits are kept, a string in quotes, true, false, null, an array or an
 * object. All return HYPERO_OK, HYPERO_DROPPED or HYPERO_INVALID. */

hypero_status hypero_experiment_param_double(hypero_experiment *experiment, const char *name, double value);
hypero_status hypero_experiment_param_int(hypero_experiment *experiment, const char *name, int64_t value);
hypero_status hypero_experiment_param_text(hypero_experiment *experiment, const char *name, const char *value);
hypero_status hypero_experiment_param_json(hypero_experiment *experiment, const char *name, const char *json);

hypero_status hypero_experiment_meta_double(hypero_experiment *experiment, const char *name, double value);
hypero_status hypero_experiment_meta_int(hypero_experiment *experiment, const char *name, int64_t value);
hypero_status hypero_experiment_meta_text(hypero_experiment *experiment, const char *name, const char *value);
hypero_status hypero_experiment_meta_json(hypero_experiment *experiment, const char *name, const char *json);

/* ---- Draws ----
 *
 * Each draws a hyper-parameter, records it with its distribution, and returns it. The value does not depend on other draws, and is
 * the same again for the same name and distribution. A value that is not recorded, for example
 * because the client is closed, is drawn all the same. Returns HYPERO_OK, or HYPERO_INVALID for bounds outside the stated range:
 * the result is then unchanged. */

/* From the uniform distribution over low...high. Finite, low <= high. */
hypero_status hypero_experiment_uniform(
    hypero_experiment *experiment, const char *name, double low, double high, double *value);

/* From low...high, uniformly in the logarithm: each order of magnitude is equally likely. Finite, 0 < low <= high. */
hypero_status hypero_experiment_log_uniform(
    hypero_experiment *experiment, const char *name, double low, double high, double *value);

/* From the normal distribution. Finite, deviation >= 0. */
hypero_status hypero_experiment_normal(
    hypero_experiment *experiment, const char *name, double mean, double deviation, double *value);

/* An integer from low...high, all equally likely. low <= high. */
hypero_status hypero_experiment_randint(
    hypero_experiment *experiment, const char *name, int64_t low, int64_t high, int64_t *value);

/* The index of one of `count` categories, 1 to 65536 JSON texts: "\"linear\"", "16". The order of the categories decides which one a
 * seed draws.
 *
 * weights: finite, 0 or above, with a sum above 0; NULL if all are equally likely. The probability of a category is its weight
 * divided by their sum. */
hypero_status hypero_experiment_categorical(
    hypero_experiment *experiment, const char *name, const char *const *json, const double *weights, size_t count,
    size_t *index);

/* ---- The end ----
 *
 * The first of these ends the experiment. Later ones, and rows, return HYPERO_DROPPED. */

/* The status `done`. */
hypero_status hypero_experiment_finish(hypero_experiment *experiment);

/* The status `failed`. reason: the error, for people to read; NULL for none. A text of more than 64 KiB is cut. */
hypero_status hypero_experiment_fail(hypero_experiment *experiment, const char *reason);

/* The status `stopped`, for a run that a person or an early-stopping rule ended. */
hypero_status hypero_experiment_stop(hypero_experiment *experiment, const char *reason);

/* The status `lost`, of a trial: another process, or this one, gets it again with the next attempt, at once. For a process that must
 * end, for example by a signal.
 * reason: for people to read; NULL for none.
 * Returns HYPERO_OK, HYPERO_DROPPED or HYPERO_INVALID, also for an experiment that is no trial. */
hypero_status hypero_experiment_give_back(hypero_experiment *experiment, const char *reason);

/* Frees the handle. The experiment goes on until it is ended, or the process ends. */
void hypero_experiment_free(hypero_experiment *experiment);

#ifdef __cplusplus
}
#endif

#endif
