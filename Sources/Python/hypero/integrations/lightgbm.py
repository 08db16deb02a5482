"""A callback for LightGBM: `lightgbm.train(…, callbacks=[HyperoCallback(experiment)])`."""

from __future__ import annotations

from typing import Any

from .._experiment import Experiment
from . import _shared


class HyperoCallback:
    """Logs each metric of each evaluation set, as `valid_0/l2`. The rows are the rounds, from 1."""

    #: After the callbacks that change the training, as LightGBM's own.
    order = 20
    before_iteration = False

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = _shared.checked_experiment(experiment, self)

    def __call__(self, env: Any) -> None:
        row = {f"{item[0]}/{item[1]}": float(item[2]) for item in env.evaluation_result_list or ()}
        if row and _shared.is_first_process():
            self.experiment.log(env.iteration + 1, row)
