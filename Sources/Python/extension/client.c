/* Client: the connection, with its waits. These release the GIL. */
#include "extension.h"

/* Client(url, key_prefix, partitions, seed, resumed, journal_limit): None and 0 are the defaults of hypero.h. */
static PyObject *client_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords) {
    (void)keywords;
    hypero_options options;
    hypero_options_init(&options, sizeof options);
    PyObject *seed;
    long long partitions, journal_limit;
    if (!PyArg_ParseTuple(
            arguments, "zzLOzL", &options.url, &options.key_prefix, &partitions, &seed, &options.resumed, &journal_limit))
        return NULL;
    uint64_t number;
    if (seed != Py_None) {
        PyObject *integer = PyNumber_Index(seed);
        number = integer == NULL ? 0 : PyLong_AsUnsignedLongLong(integer);
        Py_XDECREF(integer);
        if (PyErr_Occurred()) {
            if (PyErr_ExceptionMatches(PyExc_OverflowError))
                PyErr_Format(PyExc_ValueError, "seed must be from 0 to 2^64 - 1, not %S", seed);
            return NULL;
        }
        options.seed = &number;
    }
    options.partitions = partitions;
    options.journal_limit = journal_limit;
    options.notice = keep_notice;
    hypero_client *handle;
    if (is_error(hypero_connect(&options, &handle))) return NULL;
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    Client *self = (Client *)allocate(type, 0);
    if (self == NULL) hypero_client_free(handle);
    else self->handle = handle;
    return (PyObject *)self;
}

static void client_free(Client *self) {
    hypero_client_free(self->handle);
    free_object((PyObject *)self);
}

/* _flush(confirmation, seconds) -> status */
static PyObject *client_flush(Client *self, PyObject *arguments) {
    int until;
    double seconds;
    if (!PyArg_ParseTuple(arguments, "id", &until, &seconds)) return NULL;
    hypero_status status;
    Py_BEGIN_ALLOW_THREADS
    status = hypero_client_flush(self->handle, (hypero_confirmation)until, seconds);
    Py_END_ALLOW_THREADS
    if (is_error(status) || deliver_notices() < 0) return NULL;
    return PyLong_FromLong(status);
}

/* _close(seconds) -> status */
static PyObject *client_close(Client *self, PyObject *arguments) {
    double seconds;
    if (!PyArg_ParseTuple(arguments, "d", &seconds)) return NULL;
    hypero_status status;
    Py_BEGIN_ALLOW_THREADS
    status = hypero_client_close(self->handle, seconds);
    Py_END_ALLOW_THREADS
    if (is_error(status) || deliver_notices() < 0) return NULL;
    return PyLong_FromLong(status);
}

/* _counters() -> the twelve numbers of hypero_counters */
static PyObject *client_counters(Client *self, PyObject *nothing) {
    (void)nothing;
    hypero_counters all;
    if (is_error(hypero_client_counters(self->handle, &all, sizeof all))) return NULL;
    return Py_BuildValue(
        "KKKKKKKKKKKK", all.accepted, all.sent, all.applied, all.dead, all.released, all.adopted, all.damaged,
        all.dropped_journal_full, all.dropped_closed, all.dropped_ended, all.dropped_invalid, all.deleted);
}

static PyObject *client_seed(Client *self, void *closure) {
    (void)closure;
    return PyLong_FromUnsignedLongLong(hypero_client_seed(self->handle));
}

/* flush_at_exit(): as hypero_flush_at_exit. */
PyObject *flush_at_exit(PyObject *module, PyObject *nothing) {
    (void)module, (void)nothing;
    Py_BEGIN_ALLOW_THREADS
    hypero_flush_at_exit();
    Py_END_ALLOW_THREADS
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"_flush", (PyCFunction)client_flush, METH_VARARGS, NULL},
    {"_close", (PyCFunction)client_close, METH_VARARGS, NULL},
    {"_counters", (PyCFunction)client_counters, METH_NOARGS, NULL},
    {NULL},
};

static PyGetSetDef properties[] = {
    {"seed", (getter)client_seed, NULL,
     "The seed of all draws: a draw depends only on this seed, the number of the experiment, the name and the distribution.", NULL},
    {NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_new, client_new},  {Py_tp_dealloc, client_free}, {Py_tp_methods, methods},
    {Py_tp_getset, properties}, {0, NULL},
};

PyType_Spec client_spec = {
    .name = "hypero._hypero.Client", .basicsize = sizeof(Client), .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = slots};
