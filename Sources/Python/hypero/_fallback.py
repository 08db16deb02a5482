"""The interface of the extension module _hypero by ctypes, for PyPy and free-threaded builds of CPython.

A log call takes microseconds instead of a tenth of one. It is also an example of the C interface in another language.
"""

from __future__ import annotations

import ctypes
import operator
import os
import socket
from collections.abc import Callable, Mapping
from ctypes import POINTER, Structure, byref, c_char_p, c_double, c_int, c_int64, c_size_t, c_uint64, c_void_p
from typing import Any, SupportsFloat, SupportsIndex

_library = ctypes.CDLL(os.path.join(os.path.dirname(os.path.abspath(__file__)), "libhypero.so.1"))
_INVALID, _TIMEOUT = -1, -3


class _Options(Structure):
    _fields_ = [
        ("size", c_size_t), ("url", c_char_p), ("key_prefix", c_char_p), ("partitions", c_int64),
        ("seed", POINTER(c_uint64)), ("resumed", c_char_p), ("journal_limit", c_int64), ("notice", c_void_p),
        ("notice_context", c_void_p),
    ]


class _Objective(Structure):
    _fields_ = [
        ("size", c_size_t), ("channel", c_char_p), ("direction", c_int), ("channels", POINTER(c_char_p)),
        ("directions", POINTER(c_int)), ("count", c_size_t),
    ]


class _SearchOptions(Structure):
    _fields_ = [
        ("size", c_size_t), ("trials", c_int64), ("seed", c_uint64), ("name", c_char_p), ("sampler", c_int), ("stopping", c_int),
        ("stopping_epochs", c_int64), ("stopping_first", c_int64), ("stopping_factor", c_int64), ("attempts", c_int64),
        ("lease", c_double),
    ]


def _function(name: str, *arguments: Any, result: Any = c_int) -> Any:
    function = getattr(_library, "hypero_" + name)
    function.argtypes, function.restype = arguments, result
    return function


version_number: int = _function("version_number", result=c_int64)()
_error = _function("error", result=c_char_p)
_flush_at_exit = _function("flush_at_exit", result=None)
if ctypes.pythonapi is not None:
    # After Ctrl-C, CPython ends the process by SIGINT, without the handlers of C's atexit. Later than those of Python's atexit,
    # which may log. PyPy has no such function.
    ctypes.pythonapi.Py_AtExit(ctypes.cast(_library.hypero_flush_at_exit, c_void_p))
_names, _doubles = POINTER(c_char_p), POINTER(c_double)
_row = (c_void_p, c_int64, _names, _doubles, c_size_t)
_record_row = _function("experiment_log", *_row)
_record_maxima = _function("experiment_maxima", *_row)
_record_curves = _function(
    "experiment_curves", c_void_p, c_int64, _names, POINTER(_doubles), POINTER(c_size_t), c_size_t)
_init_options = _function("options_init", POINTER(_Options), c_size_t, result=None)
_init_objective = _function("objective_init", POINTER(_Objective), c_size_t, result=None)
_init_search = _function("search_options_init", POINTER(_SearchOptions), c_size_t, result=None)
_values = {
    (kind, form): _function(f"experiment_{kind}_{form}", c_void_p, c_char_p, argument)
    for kind in ("param", "meta")
    for form, argument in (("double", c_double), ("int", c_int64), ("text", c_char_p), ("json", c_char_p))
}
_draws = {
    name: _function(f"experiment_{name}", c_void_p, c_char_p, number, number, POINTER(number))
    for name, number in (
        ("uniform", c_double), ("log_uniform", c_double), ("normal", c_double), ("randint", c_int64))
}
_draw_category = _function(
    "experiment_categorical", c_void_p, c_char_p, _names, _doubles, c_size_t, POINTER(c_size_t))

# ---- Messages of the client ----
# The callback must not need the GIL, which a fork may hold while it waits for the client's thread. A function in C writes each
# message as a datagram to a socket, and Python reads the socket at its next call.
_write_notice = ctypes.CDLL(os.path.join(os.path.dirname(os.path.abspath(__file__)), "_notice.so")).hypero_write_notice


def _socket_pair() -> tuple[socket.socket, socket.socket]:
    pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    for end in pair:
        end.setblocking(False)
    return pair


_reader, _end = _socket_pair()
# Without an object, so that the end of Python does not close it.
_writer = _end.detach()
_handler: Callable[[], None] | None = None


def _renew_socket() -> None:
    """Gives a forked child a socket of its own, under the same descriptor."""
    global _reader
    _reader, end = _socket_pair()
    os.dup2(end.fileno(), _writer, inheritable=False)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_socket)


def take_notices() -> list[str]:
    messages = []
    while True:
        try:
            messages.append(_reader.recv(65536).decode("utf-8", "replace").removeprefix("hypero: ").rstrip("\n"))
        except (BlockingIOError, InterruptedError):
            return messages


def flush_at_exit() -> None:
    _flush_at_exit()


def handle_notices(handler: Callable[[], None] | None, /) -> None:
    global _handler
    _handler = handler
    if handler is None:
        # Python ends, and nothing reads the socket after it. Handlers of atexit that run later may log, and the client reports what
        # it cannot send after them.
        try:
            os.dup2(2, _writer, inheritable=False)
        except OSError:
            # Standard error is closed.
            pass


def _checked(status: int) -> int:
    if status == _INVALID:
        raise ValueError(_error().decode())
    if _handler is not None:
        _handler()
    return status


# ---- Arguments ----

def _text(value: str) -> bytes:
    if not isinstance(value, str):
        raise TypeError(f"a text must be a str, not {value!r}")
    data = value.encode()
    if b"\0" in data:
        raise ValueError(f"a text must not contain a NUL character: {value!r}")
    return data


def _channel(name: Any) -> bytes:
    if not isinstance(name, str):
        raise TypeError(f"a channel's name must be a str, not {name!r}")
    return _text(name)


def _number(value: Any, name: Any) -> float:
    try:
        # float also reads texts.
        if isinstance(value, (str, bytes, bytearray)):
            raise TypeError
        return float(value)
    except TypeError:
        raise TypeError(
            f"the value of channel {name!r} must be a number, not {value!r}. Leave out a channel without a value"
        ) from None


def _bound(value: Any) -> float:
    # float also reads texts.
    if isinstance(value, (str, bytes, bytearray)):
        raise TypeError(f"an argument of a distribution must be a number, not {value!r}")
    return float(value)


def _epoch(epoch: Any) -> int:
    try:
        number: int = epoch.__index__()
    except AttributeError:
        raise TypeError(
            f"epoch must be an integer, not {epoch!r}. Pass int(epoch), or the number of the step") from None
    # Beyond 64 bits, the nearest of them: outside the limits too, so that the client counts it as dropped.
    return min(max(number, -(2**63)), 2**63 - 1)


def _row_arguments(epoch: Any, row: Mapping[Any, Any]) -> tuple[Any, ...]:
    count = len(row)
    names = (c_char_p * count)(*map(_channel, row))
    values = (c_double * count)(*[_number(value, name) for name, value in row.items()])
    return _epoch(epoch), names, values, count


def _check_type(handle: object, expected: type) -> None:
    # ctypes takes an int as the address of a handle.
    if not isinstance(handle, expected):
        raise TypeError(f"argument 1 must be {expected.__name__}, not {type(handle).__name__}")


class _Handle:
    """A handle of the C library, with its free function."""

    __slots__ = ("_as_parameter_",)
    _as_parameter_: c_void_p
    _free: Any

    def __del__(self) -> None:
        handle = getattr(self, "_as_parameter_", None)
        if handle is not None:
            type(self)._free(handle)


class Client(_Handle):
    __slots__ = ()
    _free = _function("client_free", c_void_p, result=None)
    _connect = _function("connect", POINTER(_Options), POINTER(c_void_p))
    _wait = _function("client_flush", c_void_p, c_int, c_double)
    _end = _function("client_close", c_void_p, c_double)
    _count = _function("client_counters", c_void_p, c_void_p, c_size_t)
    _seed = _function("client_seed", c_void_p, result=c_uint64)

    def __new__(
        cls, url: str | None, key_prefix: str | None, partitions: int, seed: SupportsIndex | None, resumed: str | None,
        journal_limit: int, /,
    ) -> Client:
        options = _Options()
        _init_options(byref(options), ctypes.sizeof(options))
        options.url = None if url is None else _text(url)
        options.key_prefix = None if key_prefix is None else _text(key_prefix)
        options.resumed = None if resumed is None else _text(resumed)
        if seed is not None:
            if not 0 <= operator.index(seed) < 2**64:
                raise ValueError(f"seed must be from 0 to 2^64 - 1, not {seed}")
            options.seed = ctypes.pointer(c_uint64(operator.index(seed)))
        options.partitions, options.journal_limit = partitions, journal_limit
        options.notice, options.notice_context = ctypes.cast(_write_notice, c_void_p), _writer
        handle = c_void_p()
        _checked(cls._connect(byref(options), byref(handle)))
        self = super().__new__(cls)
        self._as_parameter_ = handle
        return self

    @property
    def seed(self) -> int:
        return int(Client._seed(self))

    def _flush(self, until: int, seconds: float, /) -> int:
        return _checked(Client._wait(self, until, seconds))

    def _close(self, seconds: float, /) -> int:
        return _checked(Client._end(self, seconds))

    def _counters(self) -> tuple[int, ...]:
        numbers = (c_uint64 * 12)()
        _checked(Client._count(self, numbers, ctypes.sizeof(numbers)))
        return tuple(numbers)


class Battery(_Handle):
    __slots__ = ()
    _free = _function("battery_free", c_void_p, result=None)
    _open = _function(
        "battery_open", c_void_p, c_char_p, c_int64, c_char_p, POINTER(_Objective), POINTER(c_void_p))
    _id = _function("battery_id", c_void_p, result=c_char_p)

    def __new__(
        cls, client: Client, name: str, version: int, description: str, objective: str, direction: int,
        channels: list[str], directions: list[int], /,
    ) -> Battery:
        _check_type(client, Client)
        if not -(2**63) <= operator.index(version) < 2**63:
            raise OverflowError(f"version must be within 64 bits, not {version}")
        declaration = _Objective()
        _init_objective(byref(declaration), ctypes.sizeof(declaration))
        declaration.channel, declaration.direction = _text(objective), direction
        declaration.channels = (c_char_p * len(channels))(*map(_channel, channels))
        declaration.directions = (c_int * len(channels))(*directions)
        declaration.count = len(channels)
        handle = c_void_p()
        _checked(
            cls._open(client, _text(name), version, _text(description), byref(declaration), byref(handle)))
        self = super().__new__(cls)
        self._as_parameter_ = handle
        return self

    @property
    def id(self) -> str:
        return str(Battery._id(self).decode())


class Search(_Handle):
    __slots__ = ()
    _free = _function("search_free", c_void_p, result=None)
    _open = _function("search_open", c_void_p, POINTER(_SearchOptions), POINTER(c_void_p))
    _id = _function("search_id", c_void_p, result=c_char_p)
    _is_finished = _function("search_is_finished", c_void_p)
    _declares = _function("search_declare", c_void_p)
    _add = _function("search_enqueue_json", c_void_p, c_char_p)
    _wait = _function("search_next", c_void_p, c_double, POINTER(c_void_p))

    def __new__(
        cls, battery: Battery, trials: int, seed: int, name: str, sampler: int, stopping: int, epochs: int, first: int, factor: int,
        attempts: int, lease: float, /,
    ) -> Search:
        _check_type(battery, Battery)
        if not 0 <= seed < 2**64:
            raise ValueError(f"seed must be from 0 to 2^64 - 1, not {seed}")
        for number in (trials, epochs, first, factor, attempts):
            if not -(2**63) <= number < 2**63:
                raise OverflowError(f"a number of a search must be within 64 bits, not {number}")
        options = _SearchOptions()
        _init_search(byref(options), ctypes.sizeof(options))
        options.trials, options.seed, options.name, options.sampler = trials, seed, _text(name), sampler
        options.stopping, options.stopping_epochs, options.stopping_first = stopping, epochs, first
        options.stopping_factor, options.attempts, options.lease = factor, attempts, lease
        handle = c_void_p()
        _checked(cls._open(battery, byref(options), byref(handle)))
        self = super().__new__(cls)
        self._as_parameter_ = handle
        return self

    @property
    def id(self) -> str:
        return str(Search._id(self).decode())

    @property
    def finished(self) -> bool:
        return bool(Search._is_finished(self))

    def _next(self, type: Any, seconds: float, /) -> Any:
        handle = c_void_p()
        status = _checked(Search._wait(self, seconds, byref(handle)))
        if not handle:
            return False if status == _TIMEOUT else None
        experiment = _Handle.__new__(type)
        experiment._as_parameter_ = handle
        return experiment

    def _declare(self) -> None:
        _checked(Search._declares(self))

    def _enqueue(self, json: str, /) -> None:
        _checked(Search._add(self, _text(json)))


class OnRelease:
    __slots__ = ("_call",)

    def __init__(self, call: Callable[[BaseException | None], None], /) -> None:
        self._call = call

    def __del__(self) -> None:
        # The exception that frees the object is not known here.
        self._call(GeneratorExit())


class Experiment(_Handle):
    __slots__ = ()
    _free = _function("experiment_free", c_void_p, result=None)
    _start = _function("experiment_start", c_void_p, POINTER(c_void_p))
    _resume = _function("experiment_resume", c_void_p, c_char_p, c_int64, c_int64, POINTER(c_void_p))
    _id = _function("experiment_id", c_void_p, result=c_char_p)
    _has_ended = _function("experiment_has_ended", c_void_p)
    _finish = _function("experiment_finish", c_void_p)
    _fail = _function("experiment_fail", c_void_p, c_char_p)
    _stop = _function("experiment_stop", c_void_p, c_char_p)
    _give_back = _function("experiment_give_back", c_void_p, c_char_p)
    _should_stop = _function("experiment_should_stop", c_void_p)
    _reason = _function("experiment_stop_reason", c_void_p, result=c_char_p)
    _trial = _function("experiment_trial", c_void_p, result=c_int64)
    _attempt = _function("experiment_attempt", c_void_p, result=c_int64)
    _last_epoch = _function("experiment_last_epoch", c_void_p, result=c_int64)

    def __new__(cls, battery: Battery, id: str | None, start: int, attempt: int, /) -> Experiment:
        _check_type(battery, Battery)
        handle = c_void_p()
        if id is None:
            _checked(cls._start(battery, byref(handle)))
        else:
            _checked(cls._resume(battery, _text(id), start, attempt, byref(handle)))
        self = super().__new__(cls)
        self._as_parameter_ = handle
        return self

    @property
    def id(self) -> str:
        return str(Experiment._id(self).decode())

    @property
    def has_ended(self) -> bool:
        return bool(Experiment._has_ended(self))

    @property
    def should_stop(self) -> bool:
        return bool(Experiment._should_stop(self))

    @property
    def stop_reason(self) -> str | None:
        return Experiment._reason(self).decode("utf-8", "replace") or None

    @property
    def trial(self) -> int | None:
        return Experiment._trial(self) or None

    @property
    def attempt(self) -> int:
        return int(Experiment._attempt(self))

    @property
    def last_epoch(self) -> int:
        return int(Experiment._last_epoch(self))

    def log(self, *arguments: Any, **values: SupportsFloat | SupportsIndex) -> None:
        if not arguments and "epoch" in values:
            arguments = (values.pop("epoch"),)
        # A number in the place of the channels has lost its name.
        if not 1 <= len(arguments) <= 2 or len(arguments) == 2 and isinstance(arguments[1], (int, float)):
            raise TypeError(
                'log takes an epoch and the values of channels: log(3, train=0.9, valid=0.8) or '
                'log(3, {"train/loss": 0.31})')
        row = {**dict(arguments[1]), **values} if len(arguments) == 2 and arguments[1] is not None else values
        _checked(_record_row(self, *_row_arguments(arguments[0], row)))

    def _maxima(self, epoch: SupportsIndex, values: dict[str, SupportsFloat | SupportsIndex], /) -> None:
        _checked(_record_maxima(self, *_row_arguments(epoch, values)))

    def _curves(
        self, first: SupportsIndex, curves: dict[str, list[SupportsFloat | SupportsIndex]], /
    ) -> None:
        count = len(curves)
        names = (c_char_p * count)(*map(_channel, curves))
        # Tuples keep their items, whatever the conversion of an item does to the list.
        numbers = [[_number(value, name) for value in tuple(curve)] for name, curve in curves.items()]
        values = (_doubles * count)(*[ctypes.cast((c_double * len(curve))(*curve), _doubles) for curve in numbers])
        lengths = (c_size_t * count)(*map(len, numbers))
        _checked(_record_curves(self, _epoch(first), names, values, lengths, count))

    def uniform(self, name: str, low: float, high: float) -> float:
        return float(self._draw("uniform", name, c_double, _bound(low), _bound(high)))

    def log_uniform(self, name: str, low: float, high: float) -> float:
        return float(self._draw("log_uniform", name, c_double, _bound(low), _bound(high)))

    def normal(self, name: str, mean: float, deviation: float) -> float:
        return float(self._draw("normal", name, c_double, _bound(mean), _bound(deviation)))

    def randint(self, name: str, low: int, high: int) -> int:
        for bound in (low, high):
            if not -(2**63) <= operator.index(bound) < 2**63:
                raise OverflowError(f"a bound must be within 64 bits, not {bound}")
        return int(self._draw("randint", name, c_int64, operator.index(low), operator.index(high)))

    def _draw(self, distribution: str, name: str, number: Any, first: Any, second: Any) -> Any:
        value = number()
        _checked(_draws[distribution](self, _text(name), first, second, byref(value)))
        return value.value

    def _categorical(self, name: str, texts: list[str], weights: list[float] | None, /) -> int:
        index = c_size_t()
        array = None if weights is None else (c_double * len(weights))(*weights)
        _checked(_draw_category(
            self, _text(name), (c_char_p * len(texts))(*map(_text, texts)), array, len(texts), byref(index)))
        return index.value

    def _param(self, name: str, value: int | float | str, /) -> None:
        self._set("param", name, value)

    def _meta(self, name: str, value: int | float | str, /) -> None:
        self._set("meta", name, value)

    def _set(self, kind: str, name: str, value: int | float | str) -> None:
        form = "int" if isinstance(value, int) else "double" if isinstance(value, float) else "text"
        _checked(_values[kind, form](self, _text(name), _text(value) if isinstance(value, str) else value))

    def _param_json(self, name: str, json: str, /) -> None:
        _checked(_values["param", "json"](self, _text(name), _text(json)))

    def _meta_json(self, name: str, json: str, /) -> None:
        _checked(_values["meta", "json"](self, _text(name), _text(json)))

    def _end(self, status: str, reason: str | None, /) -> None:
        text = None if reason is None else _text(reason)
        if status == "done":
            _checked(Experiment._finish(self))
        else:
            end = {"failed": Experiment._fail, "lost": Experiment._give_back}.get(status, Experiment._stop)
            _checked(end(self, text))
