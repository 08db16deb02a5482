/* The draws of hyper-parameters. Each records the value with its distribution. */
#include "extension.h"

/* The arguments of a distribution over numbers: its method's format and keywords decide their names. */
typedef hypero_status (*double_draw)(hypero_experiment *, const char *, double, double, double *);

static PyObject *draw_double(
    Experiment *self, PyObject *arguments, PyObject *keywords, const char *format, char **names, double_draw draw) {
    const char *name;
    double first, second, value;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, format, names, &name, &first, &second)) return NULL;
    if (is_error(draw(self->handle, name, first, second, &value)) || deliver_notices() < 0) return NULL;
    return PyFloat_FromDouble(value);
}

static char *bounds[] = {"name", "low", "high", NULL};
static char *moments[] = {"name", "mean", "deviation", NULL};

PyObject *experiment_uniform(Experiment *self, PyObject *arguments, PyObject *keywords) {
    return draw_double(self, arguments, keywords, "sdd:uniform", bounds, hypero_experiment_uniform);
}

PyObject *experiment_log_uniform(Experiment *self, PyObject *arguments, PyObject *keywords) {
    return draw_double(self, arguments, keywords, "sdd:log_uniform", bounds, hypero_experiment_log_uniform);
}

PyObject *experiment_normal(Experiment *self, PyObject *arguments, PyObject *keywords) {
    return draw_double(self, arguments, keywords, "sdd:normal", moments, hypero_experiment_normal);
}

PyObject *experiment_randint(Experiment *self, PyObject *arguments, PyObject *keywords) {
    const char *name;
    long long low, high;
    int64_t value;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "sLL:randint", bounds, &name, &low, &high)) return NULL;
    if (is_error(hypero_experiment_randint(self->handle, name, low, high, &value)) || deliver_notices() < 0) return NULL;
    return PyLong_FromLongLong(value);
}

/* _categorical(name, texts, weights): JSON texts, and floats or None. Returns the index. */
PyObject *experiment_categorical(Experiment *self, PyObject *arguments) {
    const char *name;
    PyObject *text_list, *weight_list, *items = NULL, *numbers = NULL, *result = NULL;
    if (!PyArg_ParseTuple(arguments, "sOO", &name, &text_list, &weight_list)) return NULL;
    const char **texts = NULL;
    double *weights = NULL;
    /* Tuples own their items and keep their size, whatever other code does to the lists. */
    if ((items = PySequence_Tuple(text_list)) == NULL) goto end;
    Py_ssize_t count = PyTuple_Size(items);
    texts = PyMem_Calloc((size_t)count + 1, sizeof *texts);
    weights = PyMem_Calloc((size_t)count + 1, sizeof *weights);
    if (texts == NULL || weights == NULL) {
        PyErr_NoMemory();
        goto end;
    }
    for (Py_ssize_t index = 0; index < count; index++)
        if ((texts[index] = PyUnicode_AsUTF8AndSize(PyTuple_GetItem(items, index), NULL)) == NULL) goto end;
    if (weight_list != Py_None && (numbers = PySequence_Tuple(weight_list)) == NULL) goto end;
    for (Py_ssize_t index = 0; numbers != NULL && index < count; index++) {
        PyObject *weight = PyTuple_GetItem(numbers, index);
        if (weight != NULL) weights[index] = PyFloat_AsDouble(weight);
        if (PyErr_Occurred()) goto end;
    }
    size_t chosen;
    hypero_status status =
        hypero_experiment_categorical(self->handle, name, texts, numbers == NULL ? NULL : weights, (size_t)count, &chosen);
    if (!is_error(status) && deliver_notices() == 0) result = PyLong_FromSize_t(chosen);
end:
    Py_XDECREF(items);
    Py_XDECREF(numbers);
    PyMem_Free(texts);
    PyMem_Free(weights);
    return result;
}
