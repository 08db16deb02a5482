"""The loop of `Study.optimize`, in one thread or in several."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from . import _search, _values
from ._experiment import Experiment
from ._frozen import FrozenTrial
from ._trial import Trial

if TYPE_CHECKING:
    from datetime import timedelta

    from ._study import Study

Objective = Callable[[Trial], Any]
Callback = Callable[["Study", FrozenTrial], None]
Kinds = tuple[type[BaseException], ...]

#: The limit of the contract for the trials of a search.
MOST_TRIALS = 1_000_000
#: The seconds in which a trial may still be given out that was asked for before a timeout or a stop.
_GRACE = 1.0
#: The seconds of a wait for the threads after which the user reads that it goes on.
_PATIENCE = 2.0


class Optimization:
    """One call of `Study.optimize`. Its arguments are checked before a trial is taken, which would stay open."""

    def __init__(
        self, study: Study, objective: Objective, n_trials: int | None, timeout: float | timedelta | None, n_jobs: int,
        catch: type[BaseException] | Iterable[type[BaseException]], callbacks: Iterable[Callback] | None,
    ) -> None:
        if not callable(objective):
            raise TypeError(f"the objective must be a function, not {objective!r}")
        self._study, self._objective = study, objective
        #: The number of trials that this process may take; None for all.
        self.count = None if n_trials is None else _search.within("n_trials", n_trials, 1, MOST_TRIALS)
        self._timeout = None if timeout is None else _search.seconds("timeout", timeout)
        self._jobs = _jobs(n_jobs)
        self._catch = _kinds(catch)
        self._callbacks = _functions(callbacks)
        self._lock = threading.Lock()
        self._left = self.count
        #: The numbers of the trials that this process has taken.
        self.taken: set[int] = set()
        #: By thread, the trial whose objective function runs.
        self._running: dict[int, Trial] = {}
        #: The trials that were given back while their objective function ran in another thread.
        self._given_back: set[Trial] = set()

    def run(self, search: _search.Search) -> None:
        """Runs the objective function in trials of a search."""
        deadline = None if self._timeout is None else time.monotonic() + self._timeout
        if self._jobs == 1:
            self._loop(search, deadline)
        else:
            self._run_threads(lambda: self._loop(search, deadline))

    def _loop(self, search: _search.Search, deadline: float | None) -> None:
        thread = threading.get_ident()
        self._study.loops.add(thread)
        try:
            while not self._study.is_stopped and self._takes_one():
                if deadline is not None and time.monotonic() >= deadline:
                    return
                experiment = search.claimed(deadline, lambda: self._study.is_stopped) or self._late(search)
                if experiment is None:
                    return
                trial = Trial(experiment, self._study)
                with self._lock:
                    # A trial that this process gets again counts once.
                    if self._left is not None and trial.number in self.taken:
                        self._left += 1
                    self.taken.add(trial.number)
                self._run_trial(trial, thread)
        finally:
            self._study.loops.discard(thread)

    def _late(self, search: _search.Search) -> Experiment | None:
        """Returns the trial that was asked for before the timeout or a stop, and given out after it.

        Without a process that takes it, the trial would stay open for the lease.
        """
        if search.finished:
            return None
        experiment = search.claimed(time.monotonic() + _GRACE, lambda: False)
        if experiment is not None and self._study.is_stopped:
            experiment.give_back("the study was stopped")
            return None
        return experiment

    def _takes_one(self) -> bool:
        with self._lock:
            if self._left is None:
                return True
            self._left -= 1
            return self._left >= 0

    def _run_trial(self, trial: Trial, thread: int) -> None:
        with self._lock:
            self._running[thread] = trial
        try:
            try:
                value = self._objective(trial)
            finally:
                with self._lock:
                    self._running.pop(thread, None)
            if trial in self._given_back:
                return
            frozen = self._study.complete(trial, value)
        except Exception as error:
            if trial in self._given_back:
                return
            frozen, is_caught = self._study.end(trial, error, self._catch)
            if not is_caught:
                raise
        except BaseException as error:
            # For example Ctrl-C: the trial is given to another process.
            _search.end_with(trial.experiment, error)
            raise
        for callback in self._callbacks:
            callback(self._study, frozen)

    def _run_threads(self, loop: Callable[[], None]) -> None:
        errors: list[BaseException] = []

        def guarded() -> None:
            try:
                loop()
            except BaseException as error:
                errors.append(error)
                self._study.stop()

        # They do not keep a program from ending after a second Ctrl-C.
        threads = [threading.Thread(target=guarded, name=f"hypero {index}", daemon=True) for index in range(self._jobs)]
        try:
            for thread in threads:
                thread.start()
            _join(threads)
        except BaseException as error:
            # Ctrl-C, or the exception of another signal: as in one thread, it ends the trials that run.
            self._study.stop()
            self._interrupt(error)
            _join(threads, _PATIENCE)
            raise
        if errors:
            raise errors[0]

    def _interrupt(self, error: BaseException) -> None:
        """Ends the trials that run in other threads, as an exception that leaves them, and raises KeyboardInterrupt there."""
        with self._lock:
            for thread, trial in self._running.items():
                _search.end_with(trial.experiment, error)
                self._given_back.add(trial)
                _raise_in(thread)


def _join(threads: list[threading.Thread], patience: float | None = None) -> None:
    start = time.monotonic()
    # In parts, between which Python handles signals.
    while any(thread.is_alive() for thread in threads if thread.ident is not None):
        for thread in threads:
            if thread.is_alive():
                thread.join(0.1)
        if patience is not None and time.monotonic() > start + patience:
            import logging

            patience = None
            count = sum(thread.is_alive() for thread in threads)
            logging.getLogger("hypero").warning(
                "waiting for %d threads, whose objective functions have not ended. Their trials are given back. Another Ctrl-C ends "
                "the wait", count)


def _raise_in(thread: int) -> None:
    """Raises KeyboardInterrupt in a thread, which Python itself does only in the main thread."""
    try:
        import ctypes

        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(KeyboardInterrupt))
    except (ImportError, AttributeError):
        # PyPy has no such function: the objective function goes on to its end.
        pass


def _jobs(number: int) -> int:
    if _values.whole("n_jobs", number) == -1:
        return os.cpu_count() or 1
    if number < 1:
        raise ValueError(f"n_jobs must be 1 or above, or -1 for the number of processors, not {number!r}")
    return number


def _kinds(catch: Any) -> Kinds:
    kinds = (catch,) if isinstance(catch, type) or not hasattr(catch, "__iter__") else tuple(catch)
    for kind in kinds:
        if not isinstance(kind, type) or not issubclass(kind, BaseException):
            raise TypeError(f"catch must be an exception class or a tuple of these, not {catch!r}")
    return kinds


def _functions(callbacks: Any) -> list[Callback]:
    if callbacks is None:
        return []
    if callable(callbacks) or not hasattr(callbacks, "__iter__"):
        raise TypeError(f"callbacks must be a list of functions, not {callbacks!r}: callbacks=[f]")
    functions = list(callbacks)
    for function in functions:
        if not callable(function):
            raise TypeError(f"callbacks must be a list of functions, not {callbacks!r}")
    return functions
