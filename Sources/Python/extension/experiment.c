/* Experiment: its start, its end and its values. rows.c and draws.c have the other methods. */
#include "extension.h"

#include <string.h>

/* Experiment(battery, id, start, attempt): id None starts an experiment, else resumes it as hypero_experiment_resume does. */
static PyObject *experiment_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords) {
    (void)keywords;
    Battery *battery;
    const char *id;
    long long start, attempt;
    if (!PyArg_ParseTuple(arguments, "O!zLL", (PyTypeObject *)battery_type, &battery, &id, &start, &attempt)) return NULL;
    hypero_experiment *handle;
    hypero_status status = id == NULL ? hypero_experiment_start(battery->handle, &handle)
                                      : hypero_experiment_resume(battery->handle, id, start, attempt, &handle);
    if (is_error(status)) return NULL;
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    Experiment *self = (Experiment *)allocate(type, 0);
    if (self == NULL) hypero_experiment_free(handle);
    else self->handle = handle;
    return (PyObject *)self;
}

static void experiment_free(Experiment *self) {
    hypero_experiment_free(self->handle);
    free_object((PyObject *)self);
}

static PyObject *experiment_id(Experiment *self, void *closure) {
    (void)closure;
    return PyUnicode_FromString(hypero_experiment_id(self->handle));
}

static PyObject *experiment_has_ended(Experiment *self, void *closure) {
    (void)closure;
    return PyBool_FromLong(hypero_experiment_has_ended(self->handle));
}

static PyObject *experiment_should_stop(Experiment *self, void *closure) {
    (void)closure;
    return PyBool_FromLong(hypero_experiment_should_stop(self->handle));
}

static PyObject *experiment_stop_reason(Experiment *self, void *closure) {
    (void)closure;
    const char *reason = hypero_experiment_stop_reason(self->handle);
    if (*reason == 0) Py_RETURN_NONE;
    return PyUnicode_DecodeUTF8(reason, (Py_ssize_t)strlen(reason), "replace");
}

static PyObject *experiment_trial(Experiment *self, void *closure) {
    (void)closure;
    long long trial = hypero_experiment_trial(self->handle);
    if (trial == 0) Py_RETURN_NONE;
    return PyLong_FromLongLong(trial);
}

static PyObject *experiment_attempt(Experiment *self, void *closure) {
    (void)closure;
    return PyLong_FromLongLong(hypero_experiment_attempt(self->handle));
}

static PyObject *experiment_last_epoch(Experiment *self, void *closure) {
    (void)closure;
    return PyLong_FromLongLong(hypero_experiment_last_epoch(self->handle));
}

/* _end(status, reason): done, failed, stopped or, for a trial, lost. */
static PyObject *experiment_end(Experiment *self, PyObject *arguments) {
    const char *status, *reason;
    if (!PyArg_ParseTuple(arguments, "sz", &status, &reason)) return NULL;
    if (strcmp(status, "done") == 0) return none_or_error(hypero_experiment_finish(self->handle));
    if (strcmp(status, "failed") == 0) return none_or_error(hypero_experiment_fail(self->handle, reason));
    if (strcmp(status, "lost") == 0) return none_or_error(hypero_experiment_give_back(self->handle, reason));
    return none_or_error(hypero_experiment_stop(self->handle, reason));
}

/* _param(name, value) and _meta(name, value): an int within 64 bits, a float or a text. */
static PyObject *value_set(
    Experiment *self, PyObject *arguments, hypero_status (*set_int)(hypero_experiment *, const char *, int64_t),
    hypero_status (*set_double)(hypero_experiment *, const char *, double),
    hypero_status (*set_text)(hypero_experiment *, const char *, const char *)) {
    const char *name;
    PyObject *value;
    if (!PyArg_ParseTuple(arguments, "sO", &name, &value)) return NULL;
    if (PyFloat_Check(value)) return none_or_error(set_double(self->handle, name, PyFloat_AsDouble(value)));
    if (PyLong_Check(value)) {
        long long number = PyLong_AsLongLong(value);
        if (number == -1 && PyErr_Occurred()) return NULL;
        return none_or_error(set_int(self->handle, name, number));
    }
    /* Again as an argument: it refuses text with a NUL, which would be cut. */
    const char *text;
    if (!PyArg_ParseTuple(arguments, "ss", &name, &text)) return NULL;
    return none_or_error(set_text(self->handle, name, text));
}

static PyObject *experiment_param(Experiment *self, PyObject *arguments) {
    return value_set(
        self, arguments, hypero_experiment_param_int, hypero_experiment_param_double, hypero_experiment_param_text);
}

static PyObject *experiment_meta(Experiment *self, PyObject *arguments) {
    return value_set(
        self, arguments, hypero_experiment_meta_int, hypero_experiment_meta_double, hypero_experiment_meta_text);
}

/* _param_json(name, json) and _meta_json(name, json): any other value. */
static PyObject *experiment_param_json(Experiment *self, PyObject *arguments) {
    const char *name, *json;
    if (!PyArg_ParseTuple(arguments, "ss", &name, &json)) return NULL;
    return none_or_error(hypero_experiment_param_json(self->handle, name, json));
}

static PyObject *experiment_meta_json(Experiment *self, PyObject *arguments) {
    const char *name, *json;
    if (!PyArg_ParseTuple(arguments, "ss", &name, &json)) return NULL;
    return none_or_error(hypero_experiment_meta_json(self->handle, name, json));
}

static PyGetSetDef properties[] = {
    {"id", (getter)experiment_id, NULL, "The id in Redis, for example k3v9x2mq7d-17.", NULL},
    {"has_ended", (getter)experiment_has_ended, NULL, "True if this process has ended the experiment.", NULL},
    {"should_stop", (getter)experiment_should_stop, NULL,
     "True if the training must stop: others are better, or another process has the trial. Once true, it stays true. It costs\n"
     "tens of nanoseconds and waits for nothing. A training that has read True ends as stopped, with stop_reason, when finish() or\n"
     "the loop over the search ends it. Always False outside a search.", NULL},
    {"stop_reason", (getter)experiment_stop_reason, NULL,
     "The reason for which the training must stop, for example \"rung 9: 14th of 31, halving keeps 10\"; None while it may go on.",
     NULL},
    {"trial", (getter)experiment_trial, NULL, "The number of the trial in its search: 1, 2, .... None outside a search.", NULL},
    {"attempt", (getter)experiment_attempt, NULL,
     "The number of this process among those that got the trial: 1, or more if the processes before are lost. 1 outside a search.",
     NULL},
    {"last_epoch", (getter)experiment_last_epoch, NULL,
     "The last epoch that earlier attempts of the trial have logged; 0 for none, and outside a search.", NULL},
    {NULL},
};

#define DOCUMENT(name, text) static const char name##_documentation[] = text

DOCUMENT(log,
    "Records the values of one epoch: log(3, train=0.9, valid=0.8) or log(3, {\"train/loss\": 0.31}).\n\n"
    "Epochs may arrive in any order, and the channels of one epoch in several calls. A later value of a channel replaces the\n"
    "earlier one. Values are numbers, also the scalars of numpy and torch: the value of a GPU's tensor waits for the GPU.\n\n"
    "Never blocks. What cannot be recorded is counted in Client.counters, and reported once to the logger \"hypero\".");
DOCUMENT(uniform, "Draws from the uniform distribution over low...high, records the value and returns it.");
DOCUMENT(log_uniform,
    "Draws from low...high, uniformly in the logarithm, records the value and returns it: each order of magnitude is equally\n"
    "likely. 0 < low <= high.");
DOCUMENT(normal, "Draws from the normal distribution, records the value and returns it.");
DOCUMENT(randint, "Draws an integer from low...high, both included, records the value and returns it.");

/* All methods: those of this file, then those of rows.c and draws.c. */
static PyMethodDef methods[] = {
    {"_end", (PyCFunction)experiment_end, METH_VARARGS, NULL},
    {"_param", (PyCFunction)experiment_param, METH_VARARGS, NULL},
    {"_meta", (PyCFunction)experiment_meta, METH_VARARGS, NULL},
    {"_param_json", (PyCFunction)experiment_param_json, METH_VARARGS, NULL},
    {"_meta_json", (PyCFunction)experiment_meta_json, METH_VARARGS, NULL},
    {"log", (PyCFunction)(void (*)(void))experiment_log, METH_FASTCALL | METH_KEYWORDS, log_documentation},
    {"_maxima", (PyCFunction)experiment_maxima, METH_VARARGS, NULL},
    {"_curves", (PyCFunction)experiment_curves, METH_VARARGS, NULL},
    {"uniform", (PyCFunction)(void (*)(void))experiment_uniform, METH_VARARGS | METH_KEYWORDS, uniform_documentation},
    {"log_uniform", (PyCFunction)(void (*)(void))experiment_log_uniform, METH_VARARGS | METH_KEYWORDS,
     log_uniform_documentation},
    {"normal", (PyCFunction)(void (*)(void))experiment_normal, METH_VARARGS | METH_KEYWORDS, normal_documentation},
    {"randint", (PyCFunction)(void (*)(void))experiment_randint, METH_VARARGS | METH_KEYWORDS, randint_documentation},
    {"_categorical", (PyCFunction)experiment_categorical, METH_VARARGS, NULL},
    {NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_new, experiment_new},  {Py_tp_dealloc, experiment_free}, {Py_tp_methods, methods},
    {Py_tp_getset, properties}, {0, NULL},
};

PyType_Spec experiment_spec = {
    .name = "hypero._hypero.Experiment", .basicsize = sizeof(Experiment),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, .slots = slots};
