/* The module: its types, and the errors of hypero.h as exceptions. */
#include "extension.h"

PyObject *client_type, *battery_type, *experiment_type;

int is_error(hypero_status status) {
    if (status != HYPERO_INVALID) return 0;
    PyErr_SetString(PyExc_ValueError, hypero_error());
    return 1;
}

PyObject *none_or_error(hypero_status status) {
    if (is_error(status) || deliver_notices() < 0) return NULL;
    Py_RETURN_NONE;
}

void free_object(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF(type);
}

/* Makes the end of the interpreter send the events, later than the handlers of Python's atexit, which may log. The handlers of C's
 * atexit do not run after Ctrl-C: Python then ends the process by SIGINT. */
static void flush_at_end(void) {
    static int registered;
    if (!registered && Py_AtExit(hypero_flush_at_exit) == 0) registered = 1;
}

static int add_type(PyObject *module, const char *name, PyType_Spec *spec, PyObject **type) {
    *type = PyType_FromSpec(spec);
    if (*type == NULL) return -1;
    Py_INCREF(*type);
    return PyModule_AddObject(module, name, *type);
}

static PyMethodDef functions[] = {
    {"take_notices", take_notices, METH_NOARGS, NULL},
    {"handle_notices", handle_notices, METH_O, NULL},
    {"flush_at_exit", flush_at_exit, METH_NOARGS, NULL},
    {NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, .m_name = "hypero._hypero", .m_size = -1, .m_methods = functions};

PyMODINIT_FUNC PyInit__hypero(void) {
    PyObject *module = PyModule_Create(&definition), *search_type, *release_type;
    if (module == NULL) return NULL;
    if (add_type(module, "Client", &client_spec, &client_type) < 0
        || add_type(module, "Battery", &battery_spec, &battery_type) < 0
        || add_type(module, "Experiment", &experiment_spec, &experiment_type) < 0
        || add_type(module, "Search", &search_spec, &search_type) < 0
        || add_type(module, "OnRelease", &release_spec, &release_type) < 0
        || PyModule_AddIntConstant(module, "version_number", (long)hypero_version_number()) < 0) {
        Py_DECREF(module);
        return NULL;
    }
    flush_at_end();
    return module;
}
