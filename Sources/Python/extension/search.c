/* Search: a declaration, and the wait for its next trial, which releases the GIL. */
#include "extension.h"

/* Search(battery, trials, seed, name, sampler, stopping, epochs, first, factor, attempts, lease): numbers as in hypero.h. */
static PyObject *search_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords) {
    (void)keywords;
    Battery *battery;
    hypero_search_options options;
    hypero_search_options_init(&options, sizeof options);
    PyObject *seed;
    int sampler, stopping;
    long long trials, epochs, first, factor, attempts;
    if (!PyArg_ParseTuple(
            arguments, "O!LO!siiLLLLd", (PyTypeObject *)battery_type, &battery, &trials, &PyLong_Type, &seed, &options.name,
            &sampler, &stopping, &epochs, &first, &factor, &attempts, &options.lease))
        return NULL;
    options.seed = PyLong_AsUnsignedLongLong(seed);
    if (PyErr_Occurred()) {
        if (PyErr_ExceptionMatches(PyExc_OverflowError))
            PyErr_Format(PyExc_ValueError, "seed must be from 0 to 2^64 - 1, not %S", seed);
        return NULL;
    }
    options.trials = trials;
    options.sampler = (hypero_sampler)sampler;
    options.stopping = (hypero_stopping)stopping;
    options.stopping_epochs = epochs;
    options.stopping_first = first;
    options.stopping_factor = factor;
    options.attempts = attempts;
    hypero_search *handle;
    if (is_error(hypero_search_open(battery->handle, &options, &handle))) return NULL;
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    Search *self = (Search *)allocate(type, 0);
    if (self == NULL) hypero_search_free(handle);
    else self->handle = handle;
    return (PyObject *)self;
}

static void search_free(Search *self) {
    hypero_search_free(self->handle);
    free_object((PyObject *)self);
}

/* _next(type, seconds): an object of a subclass of Experiment; None if no trial is left, False if there is none in time. */
static PyObject *search_next(Search *self, PyObject *arguments) {
    PyTypeObject *type;
    double seconds;
    if (!PyArg_ParseTuple(arguments, "O!d", &PyType_Type, &type, &seconds)) return NULL;
    if (!PyType_IsSubtype(type, (PyTypeObject *)experiment_type)) {
        PyErr_SetString(PyExc_TypeError, "the type must be a subclass of Experiment");
        return NULL;
    }
    hypero_status status;
    hypero_experiment *handle;
    Py_BEGIN_ALLOW_THREADS
    status = hypero_search_next(self->handle, seconds, &handle);
    Py_END_ALLOW_THREADS
    if (is_error(status)) return NULL;
    PyObject *result;
    if (handle == NULL) {
        result = status == HYPERO_TIMEOUT ? Py_False : Py_None;
        Py_INCREF(result);
    } else {
        allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
        result = allocate(type, 0);
        if (result == NULL) hypero_experiment_free(handle);
        else ((Experiment *)result)->handle = handle;
    }
    if (result != NULL && deliver_notices() < 0) Py_CLEAR(result);
    return result;
}

/* _declare() */
static PyObject *search_declare(Search *self, PyObject *none) {
    (void)none;
    return none_or_error(hypero_search_declare(self->handle));
}

/* _enqueue(json) */
static PyObject *search_enqueue(Search *self, PyObject *arguments) {
    const char *json;
    if (!PyArg_ParseTuple(arguments, "s", &json)) return NULL;
    return none_or_error(hypero_search_enqueue_json(self->handle, json));
}

static PyObject *search_id(Search *self, void *closure) {
    (void)closure;
    return PyUnicode_FromString(hypero_search_id(self->handle));
}

static PyObject *search_finished(Search *self, void *closure) {
    (void)closure;
    return PyBool_FromLong(hypero_search_is_finished(self->handle));
}

static PyMethodDef methods[] = {
    {"_next", (PyCFunction)search_next, METH_VARARGS, NULL},
    {"_declare", (PyCFunction)search_declare, METH_NOARGS, NULL},
    {"_enqueue", (PyCFunction)search_enqueue, METH_VARARGS, NULL},
    {NULL},
};

static PyGetSetDef properties[] = {
    {"id", (getter)search_id, NULL,
     "The id in Redis, for example s3f09c1aa. The experiment of its first trial is s3f09c1aa-1.", NULL},
    {"finished", (getter)search_finished, NULL,
     "True once all trials are given out and none can be given again. The loop and next() find it out.", NULL},
    {NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_new, search_new},  {Py_tp_dealloc, search_free}, {Py_tp_methods, methods},
    {Py_tp_getset, properties}, {0, NULL},
};

PyType_Spec search_spec = {
    .name = "hypero._hypero.Search", .basicsize = sizeof(Search), .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = slots};

/* ---- OnRelease ----
 *
 * OnRelease(call) calls call(error) when it is freed: error is the exception that frees it, by leaving the block that it belongs to,
 * else None. A loop frees its iterator when it ends, by `break`, `return` or an exception, which __del__ cannot tell apart. */

typedef struct {
    PyObject_HEAD
    PyObject *call;
} OnRelease;

static PyObject *release_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords) {
    (void)keywords;
    PyObject *call;
    if (!PyArg_ParseTuple(arguments, "O", &call)) return NULL;
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    OnRelease *self = (OnRelease *)allocate(type, 0);
    if (self == NULL) return NULL;
    Py_INCREF(call);
    self->call = call;
    return (PyObject *)self;
}

static void release_free(OnRelease *self) {
    PyObject *type, *error, *trace;
    PyErr_Fetch(&type, &error, &trace);
    if (type != NULL) {
        PyErr_NormalizeException(&type, &error, &trace);
        if (trace != NULL && error != NULL) PyException_SetTraceback(error, trace);
    }
    PyObject *result = PyObject_CallFunctionObjArgs(self->call, error == NULL ? Py_None : error, NULL);
    if (result == NULL) PyErr_WriteUnraisable(self->call);
    Py_XDECREF(result);
    PyErr_Restore(type, error, trace);
    Py_DECREF(self->call);
    free_object((PyObject *)self);
}

static PyType_Slot release_slots[] = {{Py_tp_new, release_new}, {Py_tp_dealloc, release_free}, {0, NULL}};

PyType_Spec release_spec = {
    .name = "hypero._hypero.OnRelease", .basicsize = sizeof(OnRelease), .flags = Py_TPFLAGS_DEFAULT, .slots = release_slots};
