"""A callback for Optuna: `study.optimize(objective, callbacks=[HyperoCallback(battery)])`."""

# The library may not be installed where the types are checked.
# mypy: ignore-errors
from __future__ import annotations

import logging
from typing import Any

import optuna

from .._battery import Battery
from . import _shared


class HyperoCallback:
    """Records each trial as an experiment, when the trial has ended.

    Intermediate values are the rows of the battery's objective, and the value of the trial is its maximum. Declare the battery with
    the direction of the study: another one is a ValueError at the first trial. Of several values, the first is that of the
    objective, and the others are called value 1, value 2.
    """

    def __init__(self, battery: Battery, channel: str | None = None) -> None:
        """channel: None for the battery's objective."""
        self._battery = _shared.checked_battery(battery, self)
        self._channel = battery.objective if channel is None else channel
        self._has_checked = channel not in (None, battery.objective)

    def _check(self, study: Any) -> None:
        """Compares the direction of the study with that of the battery. In the other one, the worst trial would be the first."""
        wanted = "min" if study.directions[0] == optuna.study.StudyDirection.MINIMIZE else "max"
        # The name of the default objective has this direction.
        stated = self._battery.direction or ("max" if self._channel == "valid" else None)
        advice = f'hypero.battery(..., objective={self._channel!r}, direction="{wanted}")'
        if stated is None:
            logging.getLogger("hypero").warning(
                "battery %s states no direction, so that its name decides. State that of the study: %s", self._battery.id, advice)
        elif stated != wanted:
            raise ValueError(
                f'the direction of study {study.study_name!r} is "{wanted}", and that of battery {self._battery.id} is "{stated}". '
                f"Declare another battery or a new version: {advice}")
        self._has_checked = True

    def __call__(self, study: Any, trial: Any) -> None:
        if not self._has_checked:
            self._check(study)
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
