"""Searches: trials that any number of processes share, and the loop over them."""

from __future__ import annotations

import _thread
import sys
import time

from . import _ending, _native, _process, _values
from ._experiment import Experiment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import timedelta
    from types import FrameType, TracebackType
    from typing import Any, SupportsFloat, SupportsIndex

    from ._battery import Battery

_SAMPLERS = {"tpe": 0, "random": 1}
_STOPPINGS = {"halving": 1, "median": 2}
#: The limits of the contract.
_TRIALS, _ATTEMPTS, _EPOCHS, _FACTOR = (1, 1_000_000), (1, 100), (2, 1_000_000), (2, 100)
#: The seconds between two looks at the signals of Python during a wait.
_PART = 0.1
#: The flag of the code of a generator, as in the module inspect.
_GENERATOR = 0x20
_LEFT = "the loop over the search was left"


class Stopping:
    """A rule by which a search stops bad trainings early, made by `halving` or `median`.

    The objective of a training is compared with those of the others at the epochs first, factor * first, factor^2 * first, ..., the
    rungs.
    """

    __slots__ = ("epochs", "factor", "first", "kind")
    #: "halving" or "median".
    kind: str
    #: The epochs of a whole training.
    epochs: int
    #: The first rung; None for the default.
    first: int | None
    #: The number by which rungs grow; None for the default.
    factor: int | None

    def __init__(self, kind: str, epochs: int, first: int | None, factor: int | None) -> None:
        self.kind, self.epochs, self.first, self.factor = kind, epochs, first, factor

    def __repr__(self) -> str:
        given = [("epochs", self.epochs), ("first", self.first), ("factor", self.factor)]
        return f"hypero.{self.kind}({', '.join(f'{name}={value}' for name, value in given if value is not None)})"


def halving(epochs: SupportsIndex, *, first: SupportsIndex | None = None, factor: SupportsIndex | None = None) -> Stopping:
    """Goes on with the best third at each rung, and looks again at every epoch: asynchronous successive halving.

    Source: Li et al., "A System for Massively Parallel Hyperparameter Tuning", MLSys 2020.

    epochs: of a whole training, 2 to 1,000,000.
    first: the first rung, from 1 and below epochs. None: the larger of 3 and epochs / 27. After fewer epochs, the order of trainings
        says little about their results.
    factor: the number by which rungs grow, and the trainings that go on become fewer, 2 to 100. None: 3.
    """
    whole = within("epochs", epochs, *_EPOCHS)
    growth = None if factor is None else within("factor", factor, *_FACTOR)
    return Stopping("halving", whole, _first(first, whole), growth)


def median(epochs: SupportsIndex, *, first: SupportsIndex | None = None) -> Stopping:
    """Goes on with the better half at each rung, from five trainings on.

    epochs, first: as for `halving`.
    """
    whole = within("epochs", epochs, *_EPOCHS)
    return Stopping("median", whole, _first(first, whole), None)


def _first(first: SupportsIndex | None, epochs: int) -> int | None:
    return None if first is None else within("first", first, 1, epochs - 1)


def within(name: str, number: SupportsIndex, lowest: int, highest: int) -> int:
    whole = _values.whole(name, number)
    if not lowest <= whole <= highest:
        raise ValueError(f"{name} must be from {lowest} to {highest}, not {number!r}")
    return whole


class Search(_native.Search):
    """A search for good hyper-parameters, made by `Battery.search`: a number of trials that any number of processes share.

        search = bat.search(trials=200, stopping=hypero.halving(epochs=81))
        for exp in search:
            lr = exp.log_uniform("lr", 1e-5, 1e-1)
            for epoch in range(exp.last_epoch + 1, 82):
                exp.log(epoch, valid=train(lr))
                if exp.should_stop:
                    break

    Each trial is given to one process. If it is lost (killed, or silent for the lease), another one gets the trial again, with the
    same hyper-parameters and the next `attempt`. The loop waits for hypero-ingest, which gives the trials out.

    The loop ends the experiment of each round: as done, or as stopped if the training has read that it should stop. A round that an
    exception leaves has failed, with the text of the exception. After a KeyboardInterrupt, or a SystemExit that a handler of a signal
    raises, the trial is given to another process. A round that `break` or `return` leaves is stopped. Each thread that loops gets
    trials of its own.
    """

    __slots__ = ("_left", "battery")
    #: The battery that made it.
    battery: Battery
    #: By thread, the guard of a trial whose round was left in a way that is not known.
    _left: dict[int, _Guard]

    def declare(self) -> None:
        """Declares the search before its first trial, for example in a program that sets up what others run.

        Queries show it from then on. The first claim of a trial and the first point declare it too.
        """
        self._declare()

    def enqueue(self, values: Mapping[str, Any] | None = None, /, **named: Any) -> None:
        """Adds hyper-parameters that one of the next trials gets, for example the defaults: enqueue(lr=0.003, depth=2).

        A repeat of an earlier point is dropped, so that every process may enqueue the same list. Hyper-parameters without a value are
        drawn. So is one whose distribution cannot draw the value, which is then recorded as the metadata "not used: <name>".
        """
        self._enqueue(point(values, named))

    def next(self, timeout: SupportsFloat | None = None) -> Experiment | None:
        """Waits for the next trial, starts it and returns it, for a program that ends it by finish() or its block.

        timeout: the longest wait in seconds; 0 to ask without waiting. None to wait as the loop does.
        Returns None if there is none in time, or if none is left for this process.
        """
        deadline = None if timeout is None else time.monotonic() + seconds("timeout", timeout)
        return self.claimed(deadline, lambda: False)

    def claimed(self, deadline: float | None, is_stopped: Callable[[], bool]) -> Experiment | None:
        """Waits for the next trial, at most until a time of time.monotonic, or until a function returns True."""
        while not is_stopped():
            part = _PART if deadline is None else min(max(deadline - time.monotonic(), 0), _PART)
            # In parts, between which Python handles signals.
            experiment = self._next(Experiment, part)
            if experiment:
                experiment.battery = self.battery
                _process.open_experiments[experiment.id] = None
                return experiment
            if experiment is None or deadline is not None and time.monotonic() >= deadline:
                break
        return None

    def __iter__(self) -> Trials:
        return Trials(self)

    def __repr__(self) -> str:
        return f"<hypero.Search {self.id}>"


def search(
    battery: Battery, *, trials: SupportsIndex, seed: SupportsIndex, name: str, sampler: str, stopping: Stopping | None,
    attempts: SupportsIndex, lease: SupportsFloat | timedelta,
) -> Search:
    if sampler not in _SAMPLERS:
        raise ValueError(f'sampler must be "tpe" or "random", not {sampler!r}')
    if stopping is not None and not isinstance(stopping, Stopping):
        raise TypeError(f"stopping must be hypero.halving(...), hypero.median(...) or None, not {stopping!r}")
    rule = stopping or Stopping("", 0, None, None)
    made = Search(
        battery, within("trials", trials, *_TRIALS), _values.whole("seed", seed), _values.string("name", name),
        _SAMPLERS[sampler], _STOPPINGS.get(rule.kind, 0), rule.epochs, rule.first or 0, rule.factor or 0,
        within("attempts", attempts, *_ATTEMPTS), seconds("lease", lease))
    made.battery, made._left = battery, {}
    return made


def point(values: Mapping[str, Any] | None, named: dict[str, Any]) -> str:
    """Returns the JSON text of a point."""
    if values is not None and not hasattr(values, "keys"):
        advice = ": add each point by a call of its own" if isinstance(values, (list, tuple)) else ""
        raise TypeError(f"a point must be a mapping from names to values, not a {type(values).__name__}{advice}")
    point = _values.channels(values, named)
    if not point:
        raise ValueError("a point must have at least one value: enqueue(lr=0.003)")
    for name, value in point.items():
        # Each on its own, so that a message has the name of the value.
        _values.text(value, _values.string("the name of a hyper-parameter", name))
    return _values.text(point, "the point")


def seconds(name: str, time: SupportsFloat | timedelta) -> float:
    # A timedelta, without the import of datetime.
    number: Any = time.total_seconds() if hasattr(time, "total_seconds") else time
    if isinstance(number, (str, bytes)) or not hasattr(number, "__float__") and not hasattr(number, "__index__"):
        raise TypeError(f"{name} must be a number of seconds, not {time!r}")
    seconds = float(number)
    if not seconds >= 0:
        raise ValueError(f"{name} must be 0 or above, not {time!r}")
    return seconds


class Trials:
    """The iterator of a loop over a search."""

    __slots__ = ("_release", "_round", "_search")

    def __init__(self, search: Search) -> None:
        self._search = search
        self._round = _Round(search._left)
        # The loop frees this object, and so that one, when it is left.
        self._release = _native.OnRelease(self._round.leave)

    def __iter__(self) -> Trials:
        return self

    def __next__(self) -> Experiment:
        self._round.finish()
        # For example a generator expression, or the generator of a progress bar.
        self._round.is_in_generator = bool(sys._getframe(1).f_code.co_flags & _GENERATOR)
        experiment = self._search.next()
        if experiment is None:
            raise StopIteration
        self._round.guard = _Guard(experiment)
        return experiment


class _Round:
    """The round of a loop, with the guard of its experiment, which ends it with the program at the latest."""

    __slots__ = ("_left", "guard", "is_in_generator")

    def __init__(self, left: dict[int, _Guard]) -> None:
        self._left = left
        self.guard: _Guard | None = None
        #: True if a generator runs the loop.
        self.is_in_generator = False

    def finish(self) -> None:
        """Ends the experiment of a round that has reached its end."""
        left = self._left.pop(_thread.get_ident(), None)
        if left is not None:
            left.end()
        guard, self.guard = self.guard, None
        if guard is not None and not guard.is_inherited:
            guard.release()
            if guard.experiment is not None and not guard.experiment.has_ended:
                guard.experiment.finish()

    def leave(self, error: BaseException | None) -> None:
        """Ends the experiment of a round that is left.

        A generator around the loop does not tell why it was left. The end of the program does, and the next claim ends the experiment
        as one without an error.
        """
        guard, self.guard = self.guard, None
        if guard is None:
            return
        if isinstance(error, GeneratorExit) or error is None and self.is_in_generator:
            self._left[_thread.get_ident()] = guard
        else:
            guard.end(error)


class _Guard(_ending.Guard):
    """Ends a trial as `end_with` does."""

    def finish(self, experiment: Experiment, error: BaseException | str | None) -> None:
        end_with(experiment, error)


def end_with(experiment: Experiment, error: BaseException | str | None) -> None:
    """Ends a trial whose round was left, by an exception or None, unless it has ended."""
    if experiment.has_ended:
        return
    if isinstance(error, str):
        experiment.fail(error)
    elif isinstance(error, KeyboardInterrupt) or isinstance(error, SystemExit) and _is_of_signal(error):
        experiment.give_back(error)
    elif error is None or isinstance(error, GeneratorExit) or isinstance(error, SystemExit) and error.code in (None, 0):
        experiment.stop(_LEFT)
    elif isinstance(error, _ending.UnknownExit):
        experiment.stop("SystemExit, with an exit code that is not known")
    else:
        experiment.fail(error)


def _is_of_signal(error: SystemExit) -> bool:
    """Returns whether a handler of a signal has raised an exception, or its code is that of a signal, such as 143."""
    if isinstance(error.code, int) and error.code >= 128:
        return True
    trace = error.__traceback__
    while trace is not None:
        if _is_handler(trace.tb_frame):
            return True
        trace = trace.tb_next
    return False


def _is_handler(frame: FrameType) -> bool:
    # Python calls a handler with the number of the signal and the frame that it has interrupted.
    code = frame.f_code
    names = code.co_varnames[:code.co_argcount + bool(code.co_flags & 4)]
    values = [frame.f_locals.get(name) for name in names]
    if values and isinstance(values[-1], tuple):
        values[-1:] = values[-1]
    return len(values) >= 2 and isinstance(values[-2], int) and isinstance(values[-1], type(frame))
