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

    The rows of a later `fit` with the same callback follow those of the earlier one. `evaluate` with the callback logs its
    metrics with the prefix `test_`, in the last row.

    Keras tells no callback of an exception: fit in the block of the experiment, which ends it.
    """

    def __init__(self, experiment: Experiment) -> None:
        super().__init__()
        self.experiment = _shared.checked_experiment(experiment, self)
        #: The latest row, and the rows of earlier trainings.
        self._row, self._earlier = 0, 0
        self._trains = self._begins = False

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._trains = self._begins = True

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        self._trains = False

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if not _shared.is_first_process():
            return
        row = _shared.numbers(logs or {})
        optimizer = getattr(self.model, "optimizer", None)
        if optimizer is not None and "learning_rate" not in row:
            row.update(_shared.numbers({"learning_rate": optimizer.learning_rate}))
        if self._begins:
            # With initial_epoch, Keras goes on with the number.
            self._earlier = 0 if epoch >= self._row else self._row - epoch
            self._begins = False
        self._row = epoch + 1 + self._earlier
        self.experiment.log(self._row, row)

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        # The validation of a training is in its epochs.
        row = {f"test_{name}": value for name, value in _shared.numbers(logs or {}).items()}
        if row and not self._trains and _shared.is_first_process():
            self.experiment.log(self._row, row)
