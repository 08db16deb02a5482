"""Trials that have ended, in the form of Optuna."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from . import _distributions, _names

T = TypeVar("T")


class TrialState(enum.IntEnum):
    """The state of a trial."""

    RUNNING, COMPLETE, PRUNED, FAIL, WAITING = range(5)

    def is_finished(self) -> bool:
        """Returns whether the trial has ended."""
        return self not in (TrialState.RUNNING, TrialState.WAITING)


#: The states by the statuses of hypero.
STATES = {
    "running": TrialState.RUNNING, "done": TrialState.COMPLETE, "stopped": TrialState.PRUNED, "failed": TrialState.FAIL,
    "lost": TrialState.WAITING,
}


class Suggestions:
    """The suggestions with the names of earlier versions of Optuna."""

    def suggest_float(self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False) -> float:
        raise NotImplementedError

    def suggest_uniform(self, name: str, low: float, high: float) -> float:
        return self.suggest_float(name, low, high)

    def suggest_loguniform(self, name: str, low: float, high: float) -> float:
        return self.suggest_float(name, low, high, log=True)

    def suggest_discrete_uniform(self, name: str, low: float, high: float, q: float) -> float:
        return self.suggest_float(name, low, high, step=q)


class FixedTrial(Suggestions):
    """A trial whose hyper-parameters are known, for a call of the objective function outside a search."""

    def __init__(self, params: Mapping[str, Any], number: int = 0) -> None:
        self.number = number
        self.params: dict[str, Any] = dict(params)
        self.user_attrs: dict[str, Any] = {}

    def suggest_float(self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False) -> float:
        """Returns the known value."""
        return float(self._known(name))

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        """Returns the known value."""
        return int(self._known(name))

    def suggest_categorical(self, name: str, choices: Sequence[T]) -> T:
        """Returns the known value."""
        known: T = self._known(name)
        return known

    def report(self, value: float, step: int) -> None:
        """Does nothing."""

    def should_prune(self) -> bool:
        """Returns False."""
        return False

    def set_user_attr(self, key: str, value: Any) -> None:
        """Keeps a value in this object."""
        self.user_attrs[key] = value

    def _known(self, name: str) -> Any:
        if name not in self.params:
            raise ValueError(f"hyper-parameter {name!r}: not found in the trial. It has: {', '.join(self.params) or 'none'}")
        return self.params[name]

    def __getattr__(self, name: str) -> Any:
        raise _names.missing(f"a {type(self).__name__} of hypero.optuna", name, dir(self), _ALTERNATIVES)


class FrozenTrial(FixedTrial):
    """A trial as Redis has it. An objective function that gets it as its argument runs with the same hyper-parameters.

    number: from 0. value: None if it has none. params: by name. state: a `TrialState`. user_attrs: the metadata.
    experiment: the id of its experiment.
    datetime_start, datetime_complete: the local times of its start and its end; None if it has none. The end is the latest event of
        the process that has run it.
    """

    def __init__(
        self, number: int, state: TrialState, value: float | None, params: Mapping[str, Any], user_attrs: Mapping[str, Any],
        experiment: str, *, started: datetime | None = None, ended: datetime | None = None, reason: str | None = None,
        shown: Shown | None = None,
    ) -> None:
        super().__init__(params, number)
        self.state, self.value = state, value
        self.user_attrs = dict(user_attrs)
        self.experiment = experiment
        self.datetime_start, self.datetime_complete = started, ended
        #: The reason of its end, for example that of a failure.
        self.reason = reason
        self._shown = shown or Shown(experiment)

    @property
    def values(self) -> list[float] | None:
        """The value in a list; None if there is none."""
        return None if self.value is None else [self.value]

    @property
    def duration(self) -> timedelta | None:
        """The time from its start to its end; None if it has not ended."""
        if self.datetime_start is None or self.datetime_complete is None:
            return None
        return self.datetime_complete - self.datetime_start

    @property
    def intermediate_values(self) -> dict[int, float]:
        """The values that the objective function has reported, by their steps. The first use asks Redis."""
        return dict(self._shown.reported)

    @property
    def last_step(self) -> int | None:
        """The highest step with a reported value; None without one."""
        return max(self._shown.reported, default=None)

    @property
    def distributions(self) -> dict[str, _distributions.Distribution]:
        """The distributions of its hyper-parameters, without those that Optuna has not.

        The first use asks Redis, which has no steps of grids: those of another process are uniform distributions.
        """
        return dict(self._shown.distributions)

    @property
    def system_attrs(self) -> dict[str, Any]:
        """Nothing: hypero has no such attributes."""
        return {}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FrozenTrial):
            return NotImplemented
        return (self.experiment, self.state, self.value) == (other.experiment, other.state, other.value)

    def __hash__(self) -> int:
        return hash(self.experiment)

    def __repr__(self) -> str:
        return (
            f"FrozenTrial(number={self.number}, state={self.state.name}, value={self.value}, params={self.params}, "
            f"user_attrs={self.user_attrs}, experiment={self.experiment!r})")


class Shown:
    """The parts of a trial that a list of trials does not have: known to the process that has run it, else from Redis when needed."""

    def __init__(
        self, experiment: str, objective: str = "", redis: str | None = None, namespace: str | None = None, *,
        reported: dict[int, float] | None = None, distributions: dict[str, _distributions.Distribution] | None = None,
    ) -> None:
        self._experiment, self._objective, self._redis, self._namespace = experiment, objective, redis, namespace
        self._reported, self._distributions = reported, distributions

    @property
    def reported(self) -> dict[int, float]:
        if self._reported is None:
            self._load()
        return self._reported or {}

    @property
    def distributions(self) -> dict[str, _distributions.Distribution]:
        if self._distributions is None:
            self._load()
        return self._distributions or {}

    def _load(self) -> None:
        from . import _queries

        row = _queries.show(self._experiment, redis=self._redis, namespace=self._namespace)
        if self._reported is None:
            steps, curves = row["curves"]["epoch"], row["curves"]["channels"]
            # JSON has no nan and no infinity: they are texts there.
            self._reported = {
                step: float(value) for step, value in zip(steps, curves.get(self._objective, [])) if value is not None}
        if self._distributions is None:
            found = {name: _distributions.parsed(text) for name, text in (row["space"] or {}).items()}
            self._distributions = {name: item for name, item in found.items() if item is not None}

    def __getstate__(self) -> dict[str, Any]:
        # The URL may have a password. A copy asks the server of the environment.
        return {**self.__dict__, "_redis": None}


_ALTERNATIVES = {
    "constraints": "a search has none. An objective function raises TrialPruned for a point that is not allowed",
    "set_constraint": "a search has no constraints. An objective function raises TrialPruned for a point that is not allowed",
}
