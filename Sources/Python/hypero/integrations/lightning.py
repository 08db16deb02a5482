"""A logger for Lightning: `Trainer(logger=HyperoLogger(battery))`."""

# The library may not be installed where the types are checked.
# mypy: ignore-errors
from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from typing import Any

try:
    from lightning.pytorch.loggers.logger import Logger, rank_zero_experiment
    from lightning.pytorch.utilities import rank_zero_only
except ImportError:
    from pytorch_lightning.loggers.logger import Logger, rank_zero_experiment
    from pytorch_lightning.utilities import rank_zero_only

from .._battery import Battery
from .._experiment import Experiment
from . import _shared


class HyperoLogger(Logger):
    """Logs all that `self.log` logs, from the process of rank zero. The row is the epoch, or with `by="step"` the step.

    A row by epochs has the latest value of each metric in the epoch: those of training and of validation come in separate calls.
    """

    def __init__(self, battery: Battery, by: str = "epoch", experiment: Experiment | None = None) -> None:
        super().__init__()
        if by not in ("epoch", "step"):
            raise ValueError(f'by must be "epoch" or "step", not {by!r}')
        self._battery, self._by, self._experiment = battery, by, experiment

    @property
    @rank_zero_experiment
    def experiment(self) -> Experiment:
        """The experiment, which starts at the first use. Other ranks have none."""
        if self._experiment is None:
            self._experiment = self._battery.experiment()
        return self._experiment

    @property
    def name(self) -> str:
        return self._battery.id

    @property
    def version(self) -> str:
        return str(getattr(self.experiment, "id", ""))

    @rank_zero_only
    def log_hyperparams(self, params: Mapping[str, Any] | Namespace, *arguments: Any, **options: Any) -> None:
        _shared.record_params(self.experiment, vars(params) if isinstance(params, Namespace) else params)

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        values = dict(metrics)
        # Lightning adds the epoch, as a float.
        epoch = values.pop("epoch", None)
        row = epoch if self._by == "epoch" and epoch is not None else step
        numbers = _shared.numbers(values)
        if numbers:
            self.experiment.log(int(row or 0), numbers)

    @rank_zero_only
    def finalize(self, status: str) -> None:
        if self._experiment is None or self._experiment.has_ended:
            return
        if status == "success":
            self._experiment.finish()
        elif status == "failed":
            self._experiment.fail()
        else:
            self._experiment.stop(status)
