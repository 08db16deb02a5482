"""Objective functions in the form of Optuna, run as trials of a search: `hypero.search` and `hypero.optuna`."""

from __future__ import annotations

import enum
import logging
import math
import os
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from . import _client, _distributions, _experiment, _names, _queries, _search, _stored
from ._battery import Battery
from ._frozen import FrozenTrial, TrialState
from ._optimize import MOST_TRIALS, Callback, Objective, Optimization
from ._trial import Trial, TrialPruned

if TYPE_CHECKING:
    from datetime import timedelta

    import pandas  # type: ignore[import-untyped, import-not-found, unused-ignore]

#: The channel of the values of objective functions.
CHANNEL = "value"
#: The epochs of a stopping rule if a training does not state them: rungs that no training reaches have no effect.
EPOCHS = 1_000_000

_log = logging.getLogger("hypero")


class StudyDirection(enum.IntEnum):
    """The direction in which the value of a study gets better."""

    NOT_SET, MINIMIZE, MAXIMIZE = range(3)


class Study:
    """A search with an objective function in the form of Optuna.

    Its trials are experiments of `battery`, and all processes that make it with the same battery, seed and name share them. The
    objective and the direction are those of the first declaration of the battery.
    """

    def __init__(
        self, battery: Battery, *, seed: int, name: str = "search", sampler: str = "tpe", stopping: _search.Stopping | None = None,
        study_name: str | None = None,
    ) -> None:
        #: The battery of its trials.
        self.battery = _stored.declared(battery)
        #: The name of the battery, if it is known, else its id.
        self.study_name = battery.id if study_name is None else study_name
        #: Attributes that only this process has.
        self.user_attrs: dict[str, Any] = {}
        #: True after `stop`, and the threads that run trials of `optimize`.
        self.is_stopped = False
        self.loops: set[int] = set()
        self._options: dict[str, Any] = {"seed": seed, "name": name, "sampler": sampler, "stopping": stopping}
        self._planned = self._declared = 0
        self._search: _search.Search | None = None
        self._asked: dict[int, Trial] = {}
        self._has_asked = False
        self._points: list[dict[str, Any]] = []
        self._trials = _stored.Trials(self)

    def optimize(
        self, func: Objective, n_trials: int | None = None, timeout: float | timedelta | None = None, n_jobs: int = 1,
        catch: type[BaseException] | Iterable[type[BaseException]] = (), callbacks: Iterable[Callback] | None = None,
        gc_after_trial: bool = False, show_progress_bar: bool = False,
    ) -> None:
        """Runs an objective function in trials, until `n_trials` more have been given out, among all processes of the study.

        n_trials: counted from the start of the study by the calls of one process. A program that runs in eight processes, or again,
            states the same number, which is exact also if a process starts late or is lost. If the study has its trials already, the
            logger "hypero" gets a warning with the number for more. One process takes at most `n_trials` in a call. None for no limit.
        timeout: the seconds after which the process asks for no further trial.
        n_jobs: the number of threads; -1 for that of the processors.
        catch: the exceptions of the function after which the next trial begins. Any other ends the call.
        callbacks: each is called as callback(study, trial) after a trial, a `FrozenTrial`.
        gc_after_trial, show_progress_bar: not used.
        """
        optimization = Optimization(self, func, n_trials, timeout, n_jobs, catch, callbacks)
        before = self._planned
        self._planned = min(MOST_TRIALS, before + (optimization.count or MOST_TRIALS))
        self.is_stopped = False
        search = self._made(MOST_TRIALS if self._has_asked else self._planned)
        optimization.run(search)
        if not optimization.taken and not self.is_stopped and search.finished:
            self._warn_of_no_trial(optimization.count, before)

    def declare(self) -> None:
        """Declares the search, so that other processes find it before its first trial."""
        self._made(self._planned or 1).declare()

    def stop(self) -> None:
        """Ends `optimize` after the trials that run."""
        self.is_stopped = True

    def enqueue_trial(
        self, params: Mapping[str, Any], user_attrs: Mapping[str, Any] | None = None, skip_if_exists: bool = False
    ) -> None:
        """Adds hyper-parameters that one of the next trials gets. A repeat is dropped. user_attrs are not recorded."""
        _search.point(params, {})
        if user_attrs:
            _log.warning("the user_attrs of an enqueued trial are not recorded: call trial.set_user_attr in the objective function")
        self._points.append(dict(params))
        if self._search is not None:
            self._search.enqueue(params)

    def ask(self, fixed_distributions: Mapping[str, Any] | None = None) -> Trial:
        """Waits for a trial, and starts it. `tell` ends it.

        fixed_distributions: the distributions of hyper-parameters that are drawn at once.
        """
        self._has_asked = True
        experiment = self._made(MOST_TRIALS).next()
        if experiment is None:
            raise RuntimeError(f"no trial is left in the search {self.id}, or the client is closed")
        trial = Trial(experiment, self)
        for name, distribution in (fixed_distributions or {}).items():
            _distributions.suggested(trial, name, distribution)
        self._asked[trial.number] = trial
        return trial

    def tell(
        self, trial: Trial | int, values: float | Sequence[float] | None = None, state: TrialState | None = None,
        skip_if_finished: bool = False,
    ) -> FrozenTrial:
        """Ends a trial of `ask`, with its value or with a state. trial: the object, or its number."""
        number = trial if isinstance(trial, int) else trial.number
        asked = self._asked.pop(number, None) if isinstance(trial, int) else trial
        ended = self._trials.own(number)
        if ended is not None and (asked is None or asked.experiment.has_ended):
            if not skip_if_finished:
                raise ValueError(f"the trial {number} has ended")
            return ended
        if asked is None:
            raise ValueError(f"the trial {number} was not asked for by this study in this process")
        self._asked.pop(number, None)
        name = getattr(state, "name", None)
        if name == "FAIL":
            return self._failed(asked, "the program told that it has failed")
        return self._pruned(asked) if name == "PRUNED" else self.complete(asked, values)

    @property
    def id(self) -> str:
        """The id of the search in Redis."""
        return self._made(self._planned or 1).id

    @property
    def direction(self) -> StudyDirection:
        """The direction of the battery."""
        return StudyDirection.MINIMIZE if self.battery.direction == "min" else StudyDirection.MAXIMIZE

    @property
    def directions(self) -> list[StudyDirection]:
        """The direction in a list."""
        return [self.direction]

    @property
    def trials(self) -> list[FrozenTrial]:
        """All trials of all processes, in their order. Waits until those of this process are applied, at most 30 seconds.

        In a callback and in an objective function, this and the best trial are those that this process has ended, and those of
        other processes at the latest look at Redis, some seconds ago.
        """
        return self._trials.recent() if self._is_in_loop else self._trials.exact()

    def get_trials(self, deepcopy: bool = True, states: Iterable[TrialState] | None = None) -> list[FrozenTrial]:
        """Returns the trials, or those with some states."""
        wanted = None if states is None else set(states)
        return [trial for trial in self.trials if wanted is None or trial.state in wanted]

    def trials_dataframe(
        self, attrs: Sequence[str] = (
            "number", "value", "datetime_start", "datetime_complete", "duration", "params", "user_attrs", "state"),
        multi_index: bool = False,
    ) -> pandas.DataFrame:
        """Returns the trials as a table of pandas, with columns such as params_lr. The index has one level."""
        import pandas  # type: ignore[import-untyped, import-not-found, unused-ignore]

        trials, columns = self.trials, {}
        for name in attrs:
            values: list[Any] = [trial.state.name if name == "state" else getattr(trial, name) for trial in trials]
            if any(isinstance(value, dict) for value in values):
                for key in sorted({key for value in values for key in value}):
                    columns[f"{name}_{key}"] = [value.get(key) for value in values]
            else:
                columns[name] = values
        return pandas.DataFrame(columns)

    @property
    def best_trial(self) -> FrozenTrial:
        """The complete trial with the best value. A ValueError without one."""
        return self._trials.best(self._is_in_loop)

    @property
    def best_trials(self) -> list[FrozenTrial]:
        """The best trial in a list; empty without one."""
        try:
            return [self.best_trial]
        except ValueError:
            return []

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

    def set_user_attr(self, key: str, value: Any) -> None:
        """Keeps an attribute in this object. Redis does not get it: `trial.set_user_attr` records metadata of a trial."""
        self.user_attrs[key] = value

    def __repr__(self) -> str:
        return f"<hypero.optuna.Study {self.id} of {self.battery.id}>"

    def __getattr__(self, name: str) -> Any:
        raise _names.missing("a study of hypero.optuna", name, dir(self), _ALTERNATIVES)

    @property
    def _is_in_loop(self) -> bool:
        return threading.get_ident() in self.loops

    def _made(self, trials: int) -> _search.Search:
        """Returns the search, after a declaration with a number of trials if that is a new one."""
        if self._search is None or trials > self._declared:
            self._search, self._declared = self.battery.search(trials, **self._options), trials
            for point in self._points:
                self._search.enqueue(point)
        return self._search

    def _warn_of_no_trial(self, count: int | None, before: int) -> None:
        total = self._declared
        try:
            total = _stored.searches(self.battery.client, self.id)[0]["trials"]
        except (_queries.QueryError, OSError):
            pass
        advice = f". For {count} more, pass n_trials={total - before + count}" if count else ""
        # The client has said that this process got none.
        _log.warning("search %s has %d trials: n_trials is the number of all processes and runs%s", self.id, total, advice)

    # The ends of a trial.

    def complete(self, trial: Trial, value: Any) -> FrozenTrial:
        """Ends a trial with the value that the objective function has returned."""
        if isinstance(value, Sequence) and not isinstance(value, str) and len(value) == 1:
            value = value[0]
        try:
            number = float(value)
        except (TypeError, ValueError):
            return self._failed(trial, f"the objective function must return a number, not {value!r}")
        if math.isnan(number):
            return self._failed(trial, "the objective function has returned nan")
        if not trial.experiment.has_ended:
            trial.experiment.maxima({self.battery.objective: number})
            trial.experiment.finish()
        # A training that goes on after it was told to stop ends as stopped.
        return self._ended(trial.frozen(TrialState.PRUNED if trial.was_told else TrialState.COMPLETE, number))

    def end(self, trial: Trial, error: Exception, catch: tuple[type[BaseException], ...]) -> tuple[FrozenTrial, bool]:
        """Ends a trial whose objective function has raised an exception. The second value is false if the exception goes on."""
        if _is_pruned(error):
            return self._pruned(trial), True
        is_caught = isinstance(error, catch)
        return self._failed(trial, error, logs=is_caught), is_caught

    def _pruned(self, trial: Trial) -> FrozenTrial:
        if not trial.experiment.has_ended:
            trial.experiment.stop(trial.experiment.stop_reason or "pruned")
        return self._ended(trial.frozen(TrialState.PRUNED, trial.last))

    def _failed(self, trial: Trial, reason: str | BaseException, *, logs: bool = True) -> FrozenTrial:
        text = _experiment.reason_of(reason) or ""
        if logs:
            _log.warning("trial %d (%s) has failed: %s", trial.number, trial.experiment.id, text)
        if not trial.experiment.has_ended:
            trial.experiment.fail(reason)
        return self._ended(trial.frozen(TrialState.FAIL, None, text))

    def _ended(self, trial: FrozenTrial) -> FrozenTrial:
        self._trials.add(trial)
        return trial


_ALTERNATIVES = {
    "add_trial": "enqueue_trial adds hyper-parameters of a next trial, and `hypero import` imports a study of Optuna with its trials",
    "add_trials": "enqueue_trial adds hyper-parameters of a next trial, and `hypero import` imports a study of Optuna with its trials",
    "sampler": "`hypero-query search` shows the sampler of the search",
    "pruner": "`hypero-query search` shows the stopping rule of the search",
    "metric_names": "battery.objective is the name of the value",
    "set_metric_names": "the objective of the battery is the name of the value: hypero.search(..., battery=hypero.battery(...))",
    "system_attrs": "user_attrs has the attributes",
}


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


def stored_study(
    battery: Battery, direction: str | None, *, seed: int, name: str, sampler: str, stopping: _search.Stopping | None,
    study_name: str | None,
) -> Study:
    """Returns a study. If its battery was declared with another direction than a stated one, the logger gets a warning."""
    study = Study(battery, seed=seed, name=name, sampler=sampler, stopping=stopping, study_name=study_name)
    if direction is not None and study.battery.direction not in (None, direction_of(direction)):
        _log.warning(
            "battery %s was declared with the direction %r, which counts, and not %r. For the other one, use another name",
            study.battery.id, study.direction.name.lower(), direction)
    return study


def search(
    objective: Objective, n_trials: int, *, battery: str | Battery | None = None, direction: str | None = None, seed: int = 1,
    name: str = "search", sampler: str = "tpe", stopping: _search.Stopping | None = None,
    timeout: float | timedelta | None = None, n_jobs: int = 1, catch: type[BaseException] | Iterable[type[BaseException]] = (),
    callbacks: Iterable[Callback] | None = None,
) -> Study:
    """Runs an objective function in the form of Optuna in the trials of a search, and returns the result.

        def objective(trial):
            x = trial.suggest_float("x", -10, 10)
            return (x - 2) ** 2

        print(hypero.search(objective, n_trials=100, battery="quadratic").best_params)

    All processes that call it with the same battery, seed and name share the trials: 100 in all. A later call with more trials goes
    on, and one with as many returns the result at once, with a warning.

    n_trials: the number of trials of the search, 1 to 1,000,000.
    battery: its name, or a Battery, whose objective is the channel of the values and whose direction counts. None: the name of the
        program's file.
    direction: "minimize" (default) or "maximize". That of the first declaration of the battery counts.
    seed, name, sampler, stopping: as for `Battery.search`. A stopping rule looks at the values of `trial.report`, and
        `trial.should_prune` tells of it.
    timeout, n_jobs, catch, callbacks: as for `hypero.optuna.Study.optimize`.
    """
    study_name = None
    if direction is None and not isinstance(battery, Battery):
        direction = "minimize"
    way: Any = None if direction is None else direction_of(direction)
    if not isinstance(battery, Battery):
        study_name = program_name() if battery is None else battery
        battery = _client.battery(study_name, objective=CHANNEL, direction=way)
    study = stored_study(
        battery, direction, seed=seed, name=name, sampler=sampler, stopping=stopping, study_name=study_name)
    if study.battery.direction is None:
        raise ValueError(f"battery {battery.id} states no direction. State it: hypero.battery(..., direction=\"min\")")
    study.optimize(objective, n_trials, timeout, n_jobs, catch, callbacks)
    return study
