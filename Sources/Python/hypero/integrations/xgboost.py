"""A callback for XGBoost: `xgboost.train(…, callbacks=[HyperoCallback(experiment)])`."""

# The library may not be installed where the types are checked.
# mypy: ignore-errors
from __future__ import annotations

from typing import Any

import xgboost

from .._experiment import Experiment
from . import _shared


class HyperoCallback(xgboost.callback.TrainingCallback):
    """Logs each metric of each evaluation set, as `valid/logloss`. The rows are the rounds, from 1."""

    def __init__(self, experiment: Experiment) -> None:
        super().__init__()
        self.experiment = _shared.checked_experiment(experiment, self)

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        row = {}
        for data, metrics in evals_log.items():
            for metric, values in metrics.items():
                latest = values[-1]
                # With cross validation, a mean and a deviation.
                row[f"{data}/{metric}"] = float(latest[0] if isinstance(latest, tuple) else latest)
        if row and _shared.is_first_process(xgboost.collective.get_rank(), xgboost.collective.get_world_size()):
            self.experiment.log(epoch + 1, row)
        # True would end the training.
        return False
