/* The parts of the extension module hypero._hypero, which hands Python's calls to hypero.h.
 *
 * The module has three types: Client, Battery and Experiment, each around a handle. The package's Python classes inherit from them.
 * Only the log call is written for speed: a frame of Python costs more than the call. */
#ifndef HYPERO_EXTENSION_H
#define HYPERO_EXTENSION_H

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030A0000
#include <Python.h>

#include "hypero.h"

typedef struct {
    PyObject_HEAD
    hypero_client *handle;
} Client;

typedef struct {
    PyObject_HEAD
    hypero_battery *handle;
} Battery;

typedef struct {
    PyObject_HEAD
    hypero_experiment *handle;
} Experiment;

typedef struct {
    PyObject_HEAD
    hypero_search *handle;
} Search;

extern PyType_Spec client_spec, battery_spec, experiment_spec, search_spec, release_spec;
/* Set once, when the module is imported. */
extern PyObject *client_type, *battery_type, *experiment_type;

/* ---- rows.c ---- */

PyObject *experiment_log(Experiment *self, PyObject *const *arguments, Py_ssize_t positional, PyObject *keywords);
PyObject *experiment_maxima(Experiment *self, PyObject *arguments);
PyObject *experiment_curves(Experiment *self, PyObject *arguments);

/* ---- draws.c ---- */

PyObject *experiment_uniform(Experiment *self, PyObject *arguments, PyObject *keywords);
PyObject *experiment_log_uniform(Experiment *self, PyObject *arguments, PyObject *keywords);
PyObject *experiment_normal(Experiment *self, PyObject *arguments, PyObject *keywords);
PyObject *experiment_randint(Experiment *self, PyObject *arguments, PyObject *keywords);
PyObject *experiment_categorical(Experiment *self, PyObject *arguments);

/* ---- module.c ---- */

/* ValueError with the sentence of hypero_error() for HYPERO_INVALID, else None. A dropped event is no error: the client counts it. */
PyObject *none_or_error(hypero_status status);

/* Whether a status is HYPERO_INVALID. Then it sets ValueError with the sentence of hypero_error(). */
int is_error(hypero_status status);

/* Frees an object of a heap type, whose handle is freed. */
void free_object(PyObject *self);

/* ---- notices.c ---- */

/* Keeps a message of the client until Python takes it. Called on any thread, without the GIL. */
void keep_notice(const char *message, void *context);

/* Calls Python's handler if there are messages. Returns -1 with an exception if the handler raised one. */
int deliver_notices(void);

PyObject *take_notices(PyObject *module, PyObject *nothing);
PyObject *handle_notices(PyObject *module, PyObject *handler);

/* ---- client.c ---- */

PyObject *flush_at_exit(PyObject *module, PyObject *nothing);

#endif
