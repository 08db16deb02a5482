"""A tracker for accelerate: `Accelerator(log_with=HyperoTracker(battery))`."""

# The library may not be installed where the types are checked.
# mypy: ignore-errors
from __future__ import annotations

from typing import Any

from accelerate.tracking import GeneralTracker, on_main_process

from .. import _ending
from .._battery import Battery
from .._experiment import Experiment
from . import _shared


class HyperoTracker(GeneralTracker):
    """Logs what `accelerator.log` logs, from the main process. Without a step, each call is the next row.

    `accelerator.end_training()` ends the experiment as done. Without this call, it ends as the program does. The next
    `init_trackers` starts another experiment.
    """

    name = "hypero"
    requires_logging_directory = False
    main_process_only = True

    def __init__(self, battery: Battery) -> None:
        super().__init__()
        self._battery = _shared.checked_battery(battery, self)
        self._experiment: Experiment | None = None
        self._guard: _ending.Guard | None = None
        self._next = 0
        # In the other processes, accelerate calls no method.
        _shared.is_first_process()

    @property
    def tracker(self) -> Experiment:
        if self._experiment is None:
            self._experiment = self._battery.experiment()
            self._guard = _ending.Guard(self._experiment, owner=self)
        return self._experiment

    @on_main_process
    def start(self) -> None:
        if self._experiment is not None and self._experiment.has_ended:
            # The trackers of a next training.
            self._experiment, self._next = None, 0
        self.tracker

    @on_main_process
    def store_init_configuration(self, values: dict[str, Any]) -> None:
        _shared.record_params(self.tracker, values)

    @on_main_process
    def log(self, values: dict[str, Any], step: int | None = None, **options: Any) -> None:
        row = self._next if step is None else int(step)
        self._next = row + 1
        numbers = _shared.numbers(values)
        if numbers:
            self.tracker.log(row, numbers)
            self._guard.logs()

    @on_main_process
    def finish(self) -> None:
        self.tracker.finish()
