"""A callback for Keras: `model.fit(callbacks=[HyperoCallback(experiment)])`."""

# The library may not be installed where the types are checked.
# mypy: ignore-errors
from __future__ import annotations

from typing import Any

import keras

from .._experiment import Experiment
from . import _shared


class HyperoCallback(keras.callbacks.Callback):
    """Logs the metrics of each epoch and the learning rate. Keras counts epochs from 0, hypero's rows are from 1.

    Keras tells no callback of an exception: fit in the block of the experiment, which ends it.
    """

    def __init__(self, experiment: Experiment) -> None:
        super().__init__()
        self.experiment = experiment

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if not _shared.is_first_process():
            return
        row = _shared.numbers(logs or {})
        optimizer = getattr(self.model, "optimizer", None)
        if optimizer is not None and "learning_rate" not in row:
            row.update(_shared.numbers({"learning_rate": optimizer.learning_rate}))
        self.experiment.log(epoch + 1, row)
