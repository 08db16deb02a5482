/* The client's messages, from its threads to Python.
 *
 * A callback of the client must not wait for the GIL: a fork waits for the client's thread while it holds the GIL, and after the
 * end of the interpreter the GIL cannot be taken at all. So the callback copies the message, and Python takes it at its next call. */
#include "extension.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

enum { LIMIT = 32, SIZE = 1024 };

/* The latest messages: a ring, protected by `lock`. When it is full, the oldest message is lost. */
static char messages[LIMIT][SIZE];
static unsigned first, count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* true if the ring has a message. Read without the lock by every log call. */
static atomic_bool waiting;
/* true once Python does not take messages any more. */
static atomic_bool ended;
/* The function that takes all messages; NULL before the package has set it. */
static PyObject *handler;
/* The interpreter of the handler; NULL if there is no handler. Only it calls the handler and removes it. */
static PyInterpreterState *owner;

static void lock_ring(void) { pthread_mutex_lock(&lock); }
static void unlock_ring(void) { pthread_mutex_unlock(&lock); }

void keep_notice(const char *message, void *context) {
    (void)context;
    if (atomic_load(&ended)) {
        char line[SIZE + 16];
        int length = snprintf(line, sizeof line, "hypero: %.*s\n", SIZE, message);
        /* Nothing can be done about a closed standard error. */
        if (write(STDERR_FILENO, line, (size_t)length) < 0) return;
        return;
    }
    lock_ring();
    if (count == LIMIT) {
        first = (first + 1) % LIMIT;
        count--;
    }
    char *entry = messages[(first + count++) % LIMIT];
    size_t length = strnlen(message, SIZE - 1);
    memcpy(entry, message, length);
    entry[length] = 0;
    atomic_store(&waiting, 1);
    unlock_ring();
}

/* take_notices() -> list[str]: all messages, the oldest first. */
PyObject *take_notices(PyObject *module, PyObject *nothing) {
    (void)module, (void)nothing;
    PyObject *list = PyList_New(0);
    char message[SIZE];
    while (list != NULL) {
        lock_ring();
        int found = count > 0;
        if (found) {
            memcpy(message, messages[first], SIZE);
            first = (first + 1) % LIMIT;
            count--;
        }
        atomic_store(&waiting, count > 0);
        unlock_ring();
        if (!found) break;
        /* A message that was cut may end within a character. */
        PyObject *text = PyUnicode_DecodeUTF8(message, (Py_ssize_t)strlen(message), "replace");
        if (text == NULL || PyList_Append(list, text) < 0) Py_CLEAR(list);
        Py_XDECREF(text);
    }
    return list;
}

/* handle_notices(handler): calls handler() when there are messages; None: the process ends, write them to standard error.
 *
 * The calls of other interpreters than the first one do nothing: the end of a subinterpreter is not that of the process. */
PyObject *handle_notices(PyObject *module, PyObject *new) {
    (void)module;
    static int registered;
    if (!registered && pthread_atfork(lock_ring, unlock_ring, unlock_ring) == 0) registered = 1;
    PyInterpreterState *caller = PyInterpreterState_Get();
    if (owner != NULL && owner != caller) Py_RETURN_NONE;
    owner = new == Py_None ? NULL : caller;
    PyObject *old = handler;
    atomic_store(&ended, new == Py_None);
    handler = new == Py_None ? NULL : new;
    Py_XINCREF(handler);
    Py_XDECREF(old);
    Py_RETURN_NONE;
}

int deliver_notices(void) {
    if (!atomic_load_explicit(&waiting, memory_order_relaxed) || handler == NULL || owner != PyInterpreterState_Get()) return 0;
    PyObject *result = PyObject_CallNoArgs(handler);
    Py_XDECREF(result);
    return result == NULL ? -1 : 0;
}
