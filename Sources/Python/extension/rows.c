/* The numbers of an experiment: rows, maxima and whole curves. */
#include "extension.h"

#include <limits.h>
#include <string.h>

/* The channels and values of a row. Up to ON_STACK of them need no allocation. */
enum { ON_STACK = 32 };

typedef struct {
    size_t count, capacity;
    const char **names;
    double *values;
    const char *name_space[ON_STACK];
    double value_space[ON_STACK];
} Row;

static int row_init(Row *row, Py_ssize_t capacity) {
    row->count = 0;
    row->capacity = (size_t)capacity;
    row->names = row->name_space;
    row->values = row->value_space;
    if (capacity <= ON_STACK) return 0;
    row->names = PyMem_Malloc((size_t)capacity * sizeof *row->names);
    row->values = PyMem_Malloc((size_t)capacity * sizeof *row->values);
    if (row->names != NULL && row->values != NULL) return 0;
    PyErr_NoMemory();
    return -1;
}

static void row_free(Row *row) {
    if (row->names != row->name_space) PyMem_Free(row->names);
    if (row->values != row->value_space) PyMem_Free(row->values);
}

/* The UTF-8 text of a channel's name; NULL with an exception. */
static const char *channel_name(PyObject *name) {
    if (!PyUnicode_Check(name)) {
        PyErr_Format(PyExc_TypeError, "a channel's name must be a str, not %R", name);
        return NULL;
    }
    Py_ssize_t length;
    const char *text = PyUnicode_AsUTF8AndSize(name, &length);
    if (text != NULL && strlen(text) != (size_t)length) {
        PyErr_Format(PyExc_ValueError, "a channel's name must not contain a NUL character: %R", name);
        return NULL;
    }
    return text;
}

/* The value of a channel. Takes what has __float__ or __index__: also the scalars of numpy and torch. -1 with an exception. */
static int channel_value(PyObject *value, PyObject *name, double *result) {
    double number = PyFloat_AsDouble(value);
    *result = number;
    if (number != -1.0 || !PyErr_Occurred()) return 0;
    if (PyErr_ExceptionMatches(PyExc_TypeError))
        PyErr_Format(
            PyExc_TypeError, "the value of channel %R must be a number, not %R. Leave out a channel without a value", name,
            value);
    return -1;
}

static int row_add(Row *row, PyObject *name, PyObject *value) {
    const char *text = channel_name(name);
    if (text == NULL || channel_value(value, name, &row->values[row->count]) < 0) return -1;
    row->names[row->count++] = text;
    return 0;
}

/* Whether a number is converted without code of its own. */
static int is_plain(PyObject *number) { return PyFloat_CheckExact(number) || PyLong_CheckExact(number); }

/* A new reference to a dict, or to a copy of it if the conversion of a number of the row runs code, which could change the dict: the
 * row has the size and the names of the dict as it is now.
 *
 * plain: whether all numbers of the row besides those of the dict are plain. */
static PyObject *unchanging(PyObject *dict, int plain) {
    PyObject *name, *value;
    Py_ssize_t position = 0;
    while (plain && PyDict_Next(dict, &position, &name, &value)) plain = is_plain(value);
    if (!plain) return PyDict_Copy(dict);
    Py_INCREF(dict);
    return dict;
}

/* Adds the items of a dict that does not change, for which the row has room. */
static int row_add_dict(Row *row, PyObject *dict) {
    PyObject *name, *value;
    Py_ssize_t position = 0;
    int status = 0;
    while (status == 0 && PyDict_Next(dict, &position, &name, &value)) {
        /* The conversion may run code, which could take them from the dict. */
        Py_INCREF(name);
        Py_INCREF(value);
        status = row_add(row, name, value);
        Py_DECREF(name);
        Py_DECREF(value);
    }
    return status;
}

/* The number of an int, and beyond 64 bits the nearest of them: outside the limits too, so that the client counts it as dropped. */
static long long bounded(PyObject *integer) {
    int overflow;
    long long number = PyLong_AsLongLongAndOverflow(integer, &overflow);
    return overflow > 0 ? LLONG_MAX : overflow < 0 ? LLONG_MIN : number;
}

/* The number of an epoch. A float is refused: rows have whole numbers, and 1.5 would silently become another row. */
static int epoch_number(PyObject *epoch, long long *number) {
    if (PyLong_CheckExact(epoch)) {
        *number = bounded(epoch);
    } else {
        PyObject *integer = PyNumber_Index(epoch);
        if (integer == NULL) {
            if (PyErr_ExceptionMatches(PyExc_TypeError))
                PyErr_Format(
                    PyExc_TypeError, "epoch must be an integer, not %R. Pass int(epoch), or the number of the step", epoch);
            return -1;
        }
        *number = bounded(integer);
        Py_DECREF(integer);
    }
    return *number == -1 && PyErr_Occurred() ? -1 : 0;
}

/* log(epoch, channels=None, /, **channels) */
PyObject *experiment_log(Experiment *self, PyObject *const *arguments, Py_ssize_t positional, PyObject *keywords) {
    Py_ssize_t named = keywords == NULL ? 0 : PyTuple_Size(keywords), skipped = -1;
    PyObject *epoch = positional > 0 ? arguments[0] : NULL, *dict = NULL, *result = NULL;
    for (Py_ssize_t index = 0; epoch == NULL && index < named; index++) {
        if (PyUnicode_CompareWithASCIIString(PyTuple_GetItem(keywords, index), "epoch") != 0) continue;
        epoch = arguments[positional + index];
        skipped = index;
    }
    /* A number in the place of the channels has lost its name. */
    if (epoch == NULL || positional > 2 || (positional == 2 && PyNumber_Check(arguments[1]) && !PyMapping_Check(arguments[1]))) {
        PyErr_SetString(
            PyExc_TypeError,
            "log takes an epoch and the values of channels: log(3, train=0.9, valid=0.8) or log(3, {\"train/loss\": 0.31})");
        return NULL;
    }
    if (positional == 2 && arguments[1] != Py_None) {
        int plain = is_plain(epoch);
        for (Py_ssize_t index = 0; plain && index < named; index++) plain = is_plain(arguments[positional + index]);
        dict = PyDict_Check(arguments[1]) ? unchanging(arguments[1], plain)
                                          : PyObject_CallFunctionObjArgs((PyObject *)&PyDict_Type, arguments[1], NULL);
        if (dict == NULL) return NULL;
    }
    long long number;
    Row row;
    if (row_init(&row, named + (dict == NULL ? 0 : PyDict_Size(dict))) < 0) goto end;
    if (epoch_number(epoch, &number) < 0 || (dict != NULL && row_add_dict(&row, dict) < 0)) goto end;
    for (Py_ssize_t index = 0; index < named; index++)
        if (index != skipped && row_add(&row, PyTuple_GetItem(keywords, index), arguments[positional + index]) < 0) goto end;
    result = none_or_error(hypero_experiment_log(self->handle, number, row.names, row.values, row.count));
end:
    row_free(&row);
    Py_XDECREF(dict);
    return result;
}

/* _maxima(epoch, dict): epoch -1 if it is not known. */
PyObject *experiment_maxima(Experiment *self, PyObject *arguments) {
    PyObject *epoch, *dict, *result = NULL;
    long long number;
    if (!PyArg_ParseTuple(arguments, "OO!", &epoch, &PyDict_Type, &dict) || epoch_number(epoch, &number) < 0) return NULL;
    dict = unchanging(dict, 1);
    if (dict == NULL) return NULL;
    Row row;
    if (row_init(&row, PyDict_Size(dict)) == 0 && row_add_dict(&row, dict) == 0)
        result = none_or_error(hypero_experiment_maxima(self->handle, number, row.names, row.values, row.count));
    row_free(&row);
    Py_DECREF(dict);
    return result;
}

/* The values of a curve, in memory that the caller frees; NULL with an exception. */
static double *curve_values(PyObject *curve, PyObject *name, size_t *length) {
    /* A tuple owns its items and keeps its size, whatever the conversion of an item does to the list. */
    PyObject *items = PySequence_Tuple(curve);
    if (items == NULL) return NULL;
    *length = (size_t)PyTuple_Size(items);
    double *values = PyMem_Calloc(*length + 1, sizeof *values);
    if (values == NULL) PyErr_NoMemory();
    for (size_t index = 0; values != NULL && index < *length; index++) {
        if (channel_value(PyTuple_GetItem(items, (Py_ssize_t)index), name, &values[index]) == 0) continue;
        PyMem_Free(values);
        values = NULL;
    }
    Py_DECREF(items);
    return values;
}

/* _curves(first, dict): the curves by channel, each an iterable of numbers. */
PyObject *experiment_curves(Experiment *self, PyObject *arguments) {
    PyObject *first, *dict, *name, *curve, *result = NULL;
    long long number;
    if (!PyArg_ParseTuple(arguments, "OO!", &first, &PyDict_Type, &dict) || epoch_number(first, &number) < 0) return NULL;
    dict = PyDict_Copy(dict);
    if (dict == NULL) return NULL;
    size_t room = (size_t)PyDict_Size(dict) + 1, made = 0;
    const char **texts = PyMem_Calloc(room, sizeof *texts);
    double **values = PyMem_Calloc(room, sizeof *values);
    size_t *lengths = PyMem_Calloc(room, sizeof *lengths);
    if (texts == NULL || values == NULL || lengths == NULL) {
        PyErr_NoMemory();
        goto end;
    }
    Py_ssize_t position = 0;
    for (; PyDict_Next(dict, &position, &name, &curve); made++) {
        if ((texts[made] = channel_name(name)) == NULL) goto end;
        if ((values[made] = curve_values(curve, name, &lengths[made])) == NULL) goto end;
    }
    result = none_or_error(
        hypero_experiment_curves(self->handle, number, texts, (const double *const *)values, lengths, made));
end:
    while (made > 0) PyMem_Free(values[--made]);
    PyMem_Free(texts);
    PyMem_Free(values);
    PyMem_Free(lengths);
    Py_DECREF(dict);
    return result;
}
