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

/* _categorical(name, texts, weights): a list of JSON texts, and a list of float or None. Returns the index. */
PyObject *experiment_categorical(Experiment *self, PyObject *arguments) {
    const char *name;
    PyObject *list, *weight_list, *result = NULL;
    if (!PyArg_ParseTuple(arguments, "sO!O", &name, &PyList_Type, &list, &weight_list)) return NULL;
    Py_ssize_t count = PyList_Size(list);
    const char **texts = PyMem_Calloc((size_t)count + 1, sizeof *texts);
    double *weights = PyMem_Calloc((size_t)count + 1, sizeof *weights);
    if (texts == NULL || weights == NULL) {
        PyErr_NoMemory();
        goto end;
    }
    for (Py_ssize_t index = 0; index < count; index++) {
        texts[index] = PyUnicode_AsUTF8AndSize(PyList_GetItem(list, index), NULL);
        if (texts[index] == NULL) goto end;
        if (weight_list == Py_None) continue;
        PyObject *weight = PyList_GetItem(weight_list, index);
        weights[index] = weight == NULL ? -1 : PyFloat_AsDouble(weight);
        if (PyErr_Occurred()) goto end;
    }
    size_t chosen;
    hypero_status status = hypero_experiment_categorical(
        self->handle, name, texts, weight_list == Py_None ? NULL : weights, (size_t)count, &chosen);
    if (!is_error(status) && deliver_notices() == 0) result = PyLong_FromSize_t(chosen);
end:
    PyMem_Free(texts);
    PyMem_Free(weights);
    return result;
}
