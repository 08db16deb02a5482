"""The trials of an objective function in the form of Optuna."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from . import _names, _values
from ._distributions import CategoricalDistribution, Distribution, FloatDistribution, IntDistribution
from ._experiment import Experiment
from ._frozen import FrozenTrial, Shown, Suggestions, TrialState

if TYPE_CHECKING:
    from ._study import Study

T = TypeVar("T")


class TrialPruned(Exception):
    """Raised by an objective function to end its trial early, for example because `Trial.should_prune` is true."""


class Trial(Suggestions):
    """The trial that an objective function gets. `experiment` is its experiment, which logs other channels and metadata."""

    def __init__(self, experiment: Experiment, study: Study) -> None:
        self.experiment, self.study = experiment, study
        #: From 0.
        self.number = (experiment.trial or 1) - 1
        #: The hyper-parameters so far, and their distributions.
        self.params: dict[str, Any] = {}
        self.distributions: dict[str, Distribution] = {}
        self.user_attrs: dict[str, Any] = {}
        #: The local time of its start.
        self.datetime_start = datetime.now()
        #: The reported values by their steps, and the latest one.
        self.reported: dict[int, float] = {}
        self.last: float | None = None
        #: True if the function has read that it should prune.
        self.was_told = False

    def suggest_float(self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False) -> float:
        """Draws a number from low...high, uniformly, in the logarithm if `log`, or among low, low + step, ... up to high."""
        if step is not None:
            if log:
                raise ValueError("step and log cannot be used together")
            grid = FloatDistribution(low, high, step=step)
            return float(self._value(name, grid, lambda: self._on_grid(name, float(low), float(high), float(step))))
        draw = self.experiment.log_uniform if log else self.experiment.uniform
        return float(self._value(name, FloatDistribution(low, high, log), lambda: draw(name, low, high)))

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        """Draws an integer from low...high, among low, low + step, ... up to high, or with a logarithm that is uniform if `log`."""
        low, high, step = (_values.whole(argument, number) for argument, number in (("low", low), ("high", high), ("step", step)))
        distribution = IntDistribution(low, high, log, step)
        if log:
            if step != 1:
                raise ValueError("step must be 1 if log is true")
            if low < 1:
                raise ValueError(f"low must be 1 or above if log is true, not {low}")
            return int(self._value(name, distribution, lambda: self._rounded(name, low, high)))
        if step == 1:
            return int(self._value(name, distribution, lambda: self.experiment.randint(name, low, high)))
        return int(self._value(name, distribution, lambda: self._on_grid(name, low, high, step)))

    def suggest_categorical(self, name: str, choices: Sequence[T]) -> T:
        """Draws one of some values: numbers, texts, bools or None."""
        chosen: T = self._value(
            name, CategoricalDistribution(choices), lambda: self.experiment.categorical(name, list(choices)))
        return chosen

    def report(self, value: float, step: int) -> None:
        """Records the value of a step, from 0: a row of the channel "value"."""
        number, epoch = float(value), _values.whole("step", step)
        if epoch < 0:
            raise ValueError(f"step must be 0 or above, not {step!r}")
        self.last = self.reported[epoch] = number
        self.experiment.log(epoch, {self.study.battery.objective: number})

    def should_prune(self) -> bool:
        """Returns whether the training must stop. Waits for nothing: the ingest decides milliseconds after a report."""
        self.was_told = self.experiment.should_stop
        return self.was_told

    def set_user_attr(self, key: str, value: Any) -> None:
        """Records metadata."""
        self.user_attrs[key] = value
        self.experiment.meta({key: value})

    @property
    def system_attrs(self) -> dict[str, Any]:
        """Nothing: hypero has no such attributes."""
        return {}

    def _value(self, name: str, distribution: Distribution, draw: Callable[[], Any]) -> Any:
        # A name has one value in a trial, whatever the later bounds are.
        if name not in self.params:
            self.params[name] = draw()
            self.distributions[name] = distribution
        return self.params[name]

    def _on_grid(self, name: str, low: Any, high: Any, step: Any) -> Any:
        """Draws a value of a grid: from a uniform distribution whose part around each value is one step wide."""
        if not step > 0:
            raise ValueError(f"step must be above 0, not {step}")
        if low > high:
            raise ValueError(f"low must be at most high, not {low} and {high}")
        # A small error of the division must not lose the last value.
        count = math.floor((high - low) / step + 1e-8)
        drawn = self.experiment.uniform(name, low - step / 2, low + (count + 0.5) * step)
        value = low + step * min(max(round((drawn - low) / step), 0), count)
        self._replace(name, value, step)
        return value

    def _rounded(self, name: str, low: int, high: int) -> int:
        drawn = self.experiment.log_uniform(name, low - 0.5, high + 0.5)
        value = min(max(round(drawn), low), high)
        self._replace(name, value, 1)
        return value

    def _replace(self, name: str, value: Any, step: Any) -> None:
        """Records a value of a grid instead of the draw, with the step, so that hypero-query explain can compute it again."""
        self.experiment.params({name: value})
        self.experiment.meta({f"step: {name}": step})

    def frozen(self, state: TrialState, value: float | None, reason: str | None = None) -> FrozenTrial:
        """Returns the trial as one that has ended."""
        client = self.study.battery.client
        return FrozenTrial(
            self.number, state, value, self.params, self.user_attrs, self.experiment.id, started=self.datetime_start,
            ended=datetime.now(), reason=reason,
            shown=Shown(
                self.experiment.id, self.study.battery.objective, client._url, client._namespace, reported=self.reported,
                distributions=self.distributions))

    def __getattr__(self, name: str) -> Any:
        raise _names.missing("a trial of hypero.optuna", name, dir(self), _ALTERNATIVES)


_ALTERNATIVES = {
    "relative_params": "all hyper-parameters are in params",
    "constraints": "a search has none. An objective function raises TrialPruned for a point that is not allowed",
    "set_constraint": "a search has no constraints. An objective function raises TrialPruned for a point that is not allowed",
    "storage": "Redis has the trials",
}
