"""Objective functions in the form of Optuna, run as trials of a search: `hypero.search` and `hypero.optuna`."""

from __future__ import annotations

import math
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from . import _client, _search, _values
from ._battery import Battery
from ._trial import STATES, FrozenTrial, Trial, TrialPruned, TrialState

#: The channel of the values of objective functions.
CHANNEL = "value"
#: The epochs of a stopping rule if a training does not state them: rungs that no training reaches have no effect.
EPOCHS = 1_000_000
#: The number of trials of a search whose trials the program asks for one by one.
_MOST_TRIALS = 1_000_000
_MOST_ROWS = 100_000


Objective = Callable[[Trial], float]
Callback = Callable[["Study", FrozenTrial], None]


class Study:
    """A search with an objective function in the form of Optuna.

    Its trials are experiments of `battery`, and all processes that make it with the same battery, seed and name share them.
    """

    def __init__(
        self, battery: Battery, *, seed: int, name: str = "search", sampler: str = "tpe", stopping: _search.Stopping | None = None
    ) -> None:
        #: The battery of its trials.
        self.battery = battery
        self._options: dict[str, Any] = {"seed": seed, "name": name, "sampler": sampler, "stopping": stopping}
        self._trials = self._declared = 0
        self._search: _search.Search | None = None
        self._has_asked = self._is_stopped = False
        self._points: list[dict[str, Any]] = []

    def optimize(
        self, func: Objective, n_trials: int | None = None, timeout: float | None = None, n_jobs: int = 1,
        catch: type[BaseException] | Iterable[type[BaseException]] = (), callbacks: Iterable[Callback] | None = None,
        gc_after_trial: bool = False, show_progress_bar: bool = False,
    ) -> None:
        """Runs an objective function in trials, until `n_trials` more have been given out, among all processes of the study.

        timeout: the seconds after which no further trial begins.
        n_jobs: the number of threads; -1 for that of the processors.
        catch: the exceptions of the function after which the next trial begins. Any other ends the call.
        callbacks: each is called as callback(study, trial) after a trial, a `FrozenTrial`.
        """
        kinds = (catch,) if isinstance(catch, type) else tuple(catch)
        self._trials = min(_MOST_TRIALS, self._trials + (_MOST_TRIALS if n_trials is None else _count("n_trials", n_trials)))
        self._is_stopped = False
        deadline = None if timeout is None else time.monotonic() + timeout
        limit = _Limit(n_trials if self._has_asked else None)
        search = self._made(_MOST_TRIALS if self._has_asked else self._trials)

        def run() -> None:
            while not self._is_stopped and limit.takes_one():
                remaining = None if deadline is None else deadline - time.monotonic()
                if remaining is not None and remaining <= 0:
                    return
                experiment = search.next(timeout=remaining)
                if experiment is None:
                    return
                self._run(Trial(experiment, self), func, kinds, list(callbacks or ()))

        jobs = (os.cpu_count() or 1) if n_jobs == -1 else _count("n_jobs", n_jobs)
        if jobs == 1:
            run()
        else:
            self._run_threads(run, jobs)

    def stop(self) -> None:
        """Ends `optimize` after the trials that run."""
        self._is_stopped = True

    def enqueue_trial(self, params: Mapping[str, Any], user_attrs: Any = None, skip_if_exists: bool = False) -> None:
        """Adds hyper-parameters that one of the next trials gets. A repeat is dropped."""
        self._points.append(dict(params))
        if self._search is not None:
            self._search.enqueue(params)

    def ask(self) -> Trial:
        """Waits for a trial, and starts it. `tell` ends it."""
        self._has_asked = True
        experiment = self._made(_MOST_TRIALS).next()
        if experiment is None:
            raise RuntimeError(f"no trial is left in the search {self.id}, or the client is closed")
        return Trial(experiment, self)

    def tell(
        self, trial: Trial, values: float | Sequence[float] | None = None, state: TrialState | None = None,
        skip_if_finished: bool = False,
    ) -> FrozenTrial:
        """Ends a trial of `ask`, with its value or with a state."""
        if trial.experiment.has_ended:
            if not skip_if_finished:
                raise ValueError(f"the trial {trial.number} has ended")
            return trial.frozen(TrialState.COMPLETE, None)
        name = getattr(state, "name", None)
        if name == "FAIL":
            return self._fail(trial, "the program told that it has failed")
        if name == "PRUNED":
            return self._prune(trial)
        if isinstance(values, Sequence) and len(values) == 1:
            values = values[0]
        return self._complete(trial, values)

    @property
    def id(self) -> str:
        """The id of the search in Redis."""
        return self._made(self._trials or 1).id

    @property
    def direction(self) -> str:
        """"min" or "max"."""
        return self.battery.direction or "max"

    @property
    def trials(self) -> list[FrozenTrial]:
        """All trials of all processes, in their order. Waits until those of this process are applied, at most 30 seconds."""
        from . import _queries

        client = self.battery.client
        client.flush(timeout=30)
        try:
            rows = _queries.experiments(self.battery, limit=_MOST_ROWS, redis=client._url, namespace=client._namespace)
        except _queries.QueryError as error:
            if error.code != 3:
                raise
            return []
        prefix = self.id + "-"
        trials = [
            FrozenTrial(
                int(row["experiment"][len(prefix):]) - 1, STATES.get(row["status"], TrialState.FAIL),
                (row["maxima"] or {}).get(self.battery.objective), row["params"] or {}, row["meta"] or {},
                row["experiment"])
            for row in rows if row["experiment"].startswith(prefix)]
        return sorted(trials, key=lambda trial: trial.number)

    @property
    def best_trial(self) -> FrozenTrial:
        """The complete trial with the best value. A ValueError without one."""
        trials = [
            trial for trial in self.trials
            if trial.state == TrialState.COMPLETE and isinstance(trial.value, (int, float)) and not math.isnan(trial.value)]
        if not trials:
            raise ValueError("no trial is complete yet")
        sign = 1 if self.direction == "min" else -1
        return min(trials, key=lambda trial: sign * (trial.value or 0))

    @property
    def best_value(self) -> float:
        """The value of `best_trial`."""
        value = self.best_trial.value
        assert value is not None
        return value

    @property
    def best_params(self) -> dict[str, Any]:
        """The hyper-parameters of `best_trial`."""
        return self.best_trial.params

    def __repr__(self) -> str:
        return f"<hypero.optuna.Study {self.id} of {self.battery.id}>"

    def _made(self, trials: int) -> _search.Search:
        """Returns the search, after a declaration with a number of trials if that is a new one."""
        if self._search is None or trials > self._declared:
            self._search, self._declared = self.battery.search(trials, **self._options), trials
            for point in self._points:
                self._search.enqueue(point)
        return self._search

    def _run(
        self, trial: Trial, objective: Objective, catch: tuple[type[BaseException], ...], callbacks: list[Callback]
    ) -> None:
        try:
            frozen = self._complete(trial, objective(trial))
        except Exception as error:
            if _is_pruned(error):
                frozen = self._prune(trial)
            else:
                frozen = self._fail(trial, error)
                if not isinstance(error, catch):
                    raise
        except BaseException as error:
            # For example Ctrl-C: the trial is given to another process.
            _search.end_with(trial.experiment, error)
            raise
        for callback in callbacks:
            callback(self, frozen)

    def _complete(self, trial: Trial, value: Any) -> FrozenTrial:
        try:
            number = float(value)
        except (TypeError, ValueError):
            return self._fail(trial, f"the objective function must return a number, not {value!r}")
        if math.isnan(number):
            return self._fail(trial, "the objective function has returned nan")
        if not trial.experiment.has_ended:
            trial.experiment.maxima({self.battery.objective: number})
            trial.experiment.finish()
        # A training that goes on after it was told to stop ends as stopped.
        return trial.frozen(TrialState.PRUNED if trial.was_told else TrialState.COMPLETE, number)

    def _prune(self, trial: Trial) -> FrozenTrial:
        if not trial.experiment.has_ended:
            trial.experiment.stop(trial.experiment.stop_reason or "pruned")
        return trial.frozen(TrialState.PRUNED, trial.last)

    def _fail(self, trial: Trial, reason: str | BaseException) -> FrozenTrial:
        if not trial.experiment.has_ended:
            trial.experiment.fail(reason)
        return trial.frozen(TrialState.FAIL, None)

    def _run_threads(self, run: Callable[[], None], count: int) -> None:
        errors: list[BaseException] = []

        def guarded() -> None:
            try:
                run()
            except BaseException as error:
                errors.append(error)
                self.stop()

        threads = [threading.Thread(target=guarded, name=f"hypero {index}") for index in range(count)]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                # In parts, between which Python handles signals.
                while thread.is_alive():
                    thread.join(0.1)
        finally:
            self.stop()
        if errors:
            raise errors[0]


class _Limit:
    """A number of trials of one process, for all of its threads; None for no limit."""

    def __init__(self, count: int | None) -> None:
        self._count, self._lock = count, threading.Lock()

    def takes_one(self) -> bool:
        if self._count is None:
            return True
        with self._lock:
            self._count -= 1
            return self._count >= 0


def _count(name: str, number: int) -> int:
    if _values.whole(name, number) < 1:
        raise ValueError(f"{name} must be 1 or above, not {number!r}")
    return number


def _is_pruned(error: Exception) -> bool:
    # That of Optuna itself, if the program has imported it.
    other: Any = getattr(sys.modules.get("optuna"), "TrialPruned", ())
    return isinstance(error, TrialPruned) or isinstance(error, other)


def program_name() -> str:
    """Returns a name of a battery: that of the program's file."""
    name = os.path.splitext(os.path.basename(sys.argv[0] if sys.argv else ""))[0]
    return "program" if name in ("", "-c", "-m", "ipykernel_launcher", "__main__") else name


def direction_of(direction: Any) -> str:
    """Returns "min" or "max" of a direction of Optuna: a text or a member of StudyDirection."""
    text = str(getattr(direction, "name", direction)).lower()
    if text not in ("minimize", "maximize", "min", "max"):
        raise ValueError(f'direction must be "minimize" or "maximize", not {direction!r}')
    return text[:3]


def search(
    objective: Objective, n_trials: int, *, battery: str | Battery | None = None, direction: str = "minimize", seed: int = 1,
    name: str = "search", sampler: str = "tpe", stopping: _search.Stopping | None = None, timeout: float | None = None,
    n_jobs: int = 1, catch: type[BaseException] | Iterable[type[BaseException]] = (), callbacks: Iterable[Callback] | None = None,
) -> Study:
    """Runs an objective function in the form of Optuna in the trials of a search, and returns the result.

        def objective(trial):
            x = trial.suggest_float("x", -10, 10)
            return (x - 2) ** 2

        print(hypero.search(objective, n_trials=100, battery="quadratic").best_params)

    All processes that call it with the same battery, seed and name share the trials: 100 in all. A later call with more trials goes
    on, and one with as many returns the result at once.

    n_trials: the number of trials of the search, 1 to 1,000,000.
    battery: its name, or a Battery, whose objective is the channel of the values and whose direction counts. None: the name of the
        program's file.
    direction: "minimize" or "maximize".
    seed, name, sampler, stopping: as for `Battery.search`. A stopping rule looks at the values of `trial.report`, and
        `trial.should_prune` tells of it.
    timeout, n_jobs, catch, callbacks: as for `hypero.optuna.Study.optimize`.
    """
    if not isinstance(battery, Battery):
        way: Any = direction_of(direction)
        battery = _client.battery(program_name() if battery is None else battery, objective=CHANNEL, direction=way)
    if battery.direction is None:
        raise ValueError(f"battery {battery.id} states no direction. State it: hypero.battery(..., direction=\"min\")")
    study = Study(battery, seed=seed, name=name, sampler=sampler, stopping=stopping)
    study.optimize(objective, n_trials, timeout, n_jobs, catch, callbacks)
    return study
