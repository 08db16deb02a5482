"""A logger for Lightning: `Trainer(logger=HyperoLogger(battery))`."""

# The library may not be installed where the types are checked.
# mypy: ignore-errors
from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Mapping
from typing import Any

try:
    from lightning.pytorch.loggers import Logger
    from lightning.pytorch.utilities import rank_zero_only
except ImportError:
    from pytorch_lightning.loggers import Logger
    from pytorch_lightning.utilities import rank_zero_only

from .. import _ending
from .._battery import Battery
from .._experiment import Experiment
from . import _shared


class _NoExperiment:
    """The experiment of the other ranks: every call does nothing."""

    id = ""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *arguments, **options: None


class HyperoLogger(Logger):
    """Logs all that `self.log` logs, from the process of rank zero. The row is the epoch, or with `by="step"` the step.

    A row by epochs has the latest value of each metric in the epoch: those of training and of validation come in separate calls.

    All calls of a trainer with this logger, for example `fit` and then `test`, log to one experiment. The rows of a later call
    follow those of an earlier one. The experiment ends at the end of the program or with the logger: as failed if the program
    fails or if the latest call of a trainer failed. `logger.experiment.finish()` ends it before.
    """

    def __init__(self, battery: Battery, by: str = "epoch", experiment: Experiment | None = None) -> None:
        super().__init__()
        if by not in ("epoch", "step"):
            raise ValueError(f'by must be "epoch" or "step", not {by!r}')
        self._battery, self._by = _shared.checked_battery(battery, self), by
        self._experiment = None if experiment is None else _shared.checked_experiment(experiment, self)
        self._guard: _ending.Guard | None = None
        #: The latest row, and the rows of earlier calls of a trainer.
        self._row, self._earlier = -1, 0
        self._begins = False

    @property
    def experiment(self) -> Experiment:
        """The experiment, which starts at the first use. Other ranks have none."""
        if not self._is_first():
            return _NoExperiment()
        if self._guard is None:
            # That of the user does not end with the logger.
            owner = self if self._experiment is None else None
            self._experiment = self._experiment or self._battery.experiment()
            self._guard = _ending.Guard(self._experiment, owner=owner)
        return self._experiment

    @property
    def name(self) -> str:
        return self._battery.id

    @property
    def version(self) -> str:
        return self.experiment.id

    def log_hyperparams(self, params: Mapping[str, Any] | Namespace, *arguments: Any, **options: Any) -> None:
        if self._is_first():
            _shared.record_params(self.experiment, vars(params) if isinstance(params, Namespace) else params)

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        if not self._is_first():
            return
        values = dict(metrics)
        # Lightning adds the epoch, as a float.
        epoch = values.pop("epoch", None)
        row = int((epoch if self._by == "epoch" and epoch is not None else step) or 0)
        numbers = _shared.numbers(values)
        if not numbers:
            return
        if self._begins:
            # Another trainer counts from 0 again.
            self._earlier, self._begins = max(0, self._row + 1 - row), False
        self._row = max(self._row, row + self._earlier)
        self.experiment.log(row + self._earlier, numbers)
        self._guard.logs()

    def finalize(self, status: str) -> None:
        # At the end of each call of a trainer. Another may follow.
        self._begins = True
        if self._guard is not None and status != "success":
            # Lightning handles the exception that ended the call.
            self._guard.error = sys.exc_info()[1] or f"a call of the trainer ended with the status {status}"

    def _is_first(self) -> bool:
        rank = getattr(rank_zero_only, "rank", 0)
        # Lightning also takes its rank from variables such as SLURM_PROCID of a task that trains alone.
        is_of_environment = str(rank) in (os.environ.get(name) for name in ("RANK", "LOCAL_RANK", "SLURM_PROCID"))
        if _shared.distributed_rank()[1] > 1 or rank == 0 or is_of_environment:
            return _shared.is_first_process()
        _shared.say_that_another_logs(rank)
        return False
