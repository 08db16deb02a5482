"""A callback for Optuna: `study.optimize(objective, callbacks=[HyperoCallback(battery)])`."""

# The library may not be installed where the types are checked.
# mypy: ignore-errors
from __future__ import annotations

from typing import Any

import optuna

from .._battery import Battery
from . import _shared


class HyperoCallback:
    """Records each trial as an experiment, when the trial has ended.

    Intermediate values are the rows of the battery's objective, and the value of the trial is its maximum. Declare the battery with
    the direction of the study. Of several values, the first is that of the objective, and the others are called value 1, value 2,
    as by `hypero import`.
    """

    def __init__(self, battery: Battery, channel: str = "valid") -> None:
        self._battery, self._channel = battery, channel

    def __call__(self, study: Any, trial: Any) -> None:
        experiment = self._battery.experiment()
        _shared.record_params(experiment, trial.params)
        experiment.meta(study=study.study_name, trial=trial.number)
        for step, value in trial.intermediate_values.items():
            experiment.log(step, {self._channel: value})
        values = trial.values or []
        if values:
            names = [self._channel, *(f"value {index}" for index in range(1, len(values)))]
            experiment.maxima(dict(zip(names, values)))
        states = optuna.trial.TrialState
        if trial.state == states.COMPLETE:
            experiment.finish()
        elif trial.state == states.PRUNED:
            experiment.stop("pruned")
        else:
            experiment.fail(trial.system_attrs.get("fail_reason"))
