/* Battery: a declaration. */
#include "extension.h"

/* Battery(client, name, version, description, objective, direction, channels, directions): the last two are of str and int. */
static PyObject *battery_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords) {
    (void)keywords;
    Client *client;
    const char *name, *description;
    long long version;
    int direction;
    PyObject *channel_list, *direction_list, *channels = NULL, *directions = NULL;
    hypero_objective objective;
    hypero_objective_init(&objective, sizeof objective);
    if (!PyArg_ParseTuple(
            arguments, "O!sLssiOO", (PyTypeObject *)client_type, &client, &name, &version, &description, &objective.channel,
            &direction, &channel_list, &direction_list))
        return NULL;
    const char **channel_names = NULL;
    hypero_direction *channel_directions = NULL;
    Battery *self = NULL;
    /* Tuples own their items and keep their size, whatever other code does to the lists. */
    if ((channels = PySequence_Tuple(channel_list)) == NULL || (directions = PySequence_Tuple(direction_list)) == NULL) goto end;
    Py_ssize_t count = PyTuple_Size(channels);
    channel_names = PyMem_Calloc((size_t)count + 1, sizeof *channel_names);
    channel_directions = PyMem_Calloc((size_t)count + 1, sizeof *channel_directions);
    if (channel_names == NULL || channel_directions == NULL) {
        PyErr_NoMemory();
        goto end;
    }
    for (Py_ssize_t index = 0; index < count; index++) {
        PyObject *item = PyTuple_GetItem(directions, index);
        channel_names[index] = PyUnicode_AsUTF8AndSize(PyTuple_GetItem(channels, index), NULL);
        channel_directions[index] = item == NULL ? HYPERO_MAX : (hypero_direction)PyLong_AsLong(item);
        if (PyErr_Occurred()) goto end;
    }
    objective.direction = (hypero_direction)direction;
    objective.channels = channel_names;
    objective.directions = channel_directions;
    objective.count = (size_t)count;
    hypero_battery *handle;
    if (is_error(hypero_battery_open(client->handle, name, version, description, &objective, &handle))) goto end;
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    self = (Battery *)allocate(type, 0);
    if (self == NULL) hypero_battery_free(handle);
    else self->handle = handle;
end:
    Py_XDECREF(channels);
    Py_XDECREF(directions);
    PyMem_Free(channel_names);
    PyMem_Free(channel_directions);
    return (PyObject *)self;
}

static void battery_free(Battery *self) {
    hypero_battery_free(self->handle);
    free_object((PyObject *)self);
}

static PyObject *battery_id(Battery *self, void *closure) {
    (void)closure;
    return PyUnicode_FromString(hypero_battery_id(self->handle));
}

static PyGetSetDef properties[] = {
    {"id", (getter)battery_id, NULL, "The id in Redis, for example rnn-visual-attention.v3.b44afc5e.", NULL},
    {NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_new, battery_new}, {Py_tp_dealloc, battery_free}, {Py_tp_getset, properties}, {0, NULL}};

PyType_Spec battery_spec = {
    .name = "hypero._hypero.Battery", .basicsize = sizeof(Battery), .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = slots};
