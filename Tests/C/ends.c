/* Logs rows of an experiment and ends abruptly. Usage: ends return|exit|_exit|abort|kill ROWS. Prints nothing. */
#include <hypero.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

int main(int count, char **arguments) {
    static const char *const channels[] = {"train", "valid"};
    const double values[] = {0.5, 0.25};
    hypero_client *client;
    hypero_battery *battery;
    hypero_experiment *experiment;

    CHECK(count == 3);
    CHECK(hypero_connect(NULL, &client) == HYPERO_OK);
    CHECK(hypero_battery_open(client, "ends", 1, NULL, NULL, &battery) == HYPERO_OK);
    CHECK(hypero_experiment_start(battery, &experiment) == HYPERO_OK);
    for (int64_t epoch = 1; epoch <= atoi(arguments[2]); epoch++) {
        CHECK(hypero_experiment_log(experiment, epoch, channels, values, 2) == HYPERO_OK);
    }
    if (strcmp(arguments[1], "exit") == 0) exit(0);
    if (strcmp(arguments[1], "_exit") == 0) _exit(0);
    if (strcmp(arguments[1], "abort") == 0) abort();
    if (strcmp(arguments[1], "kill") == 0) kill(getpid(), SIGKILL);
    return 0;
}
