"""A callback for the Trainer of transformers: `Trainer(callbacks=[HyperoCallback(battery)])`."""

# The library may not be installed where the types are checked.
# mypy: ignore-errors
from __future__ import annotations

from typing import Any

from transformers import TrainerCallback

from .. import _ending
from .._battery import Battery
from .._experiment import Experiment
from . import _shared

#: The settings of the trainer that are hyper-parameters. It has two hundred others.
HYPER_PARAMETERS = (
    "learning_rate", "lr_scheduler_type", "warmup_ratio", "warmup_steps", "weight_decay", "adam_beta1", "adam_beta2",
    "adam_epsilon", "max_grad_norm", "num_train_epochs", "max_steps", "per_device_train_batch_size",
    "gradient_accumulation_steps", "optim", "label_smoothing_factor", "seed", "fp16", "bf16",
)


class HyperoCallback(TrainerCallback):
    """Logs what the trainer logs. The row is the global step: the trainer's epoch is a float.

    The experiment goes on after `train`, so that `evaluate` and `predict` log to it. It ends at the end of the program, with the
    callback or at the next training from the start: as failed if the program fails or if `train` did not reach its end.
    `callback.experiment.finish()` ends it before.

    The trainer tells no callback of an exception. A program that catches one may run the trainer in the block of an experiment:
    `with battery.experiment() as e: Trainer(callbacks=[HyperoCallback(battery, e)]).train()`.
    """

    def __init__(self, battery: Battery, experiment: Experiment | None = None) -> None:
        self._battery = _shared.checked_battery(battery, self)
        self.experiment = None if experiment is None else _shared.checked_experiment(experiment, self)
        self._owns = experiment is None
        self._guard: _ending.Guard | None = None
        self._recorded = self._has_trained = False

    def on_train_begin(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        if not self._is_first(args, state):
            return
        # A training that goes on with a checkpoint has steps.
        if self._owns and (self._has_trained and state.global_step == 0 or self._has_ended()):
            self._begin()
        experiment = self._started()
        if self._guard is not None:
            self._guard.unfinished = "the training did not reach its end"
        if self._recorded:
            return
        # Called again by a training that is resumed.
        self._recorded = True
        given = args.to_dict()
        _shared.record_params(experiment, {name: given[name] for name in HYPER_PARAMETERS if name in given})
        model = others.get("model")
        if getattr(model, "config", None) is not None and getattr(model.config, "model_type", ""):
            experiment.meta(model_type=model.config.model_type)

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **others: Any) -> None:
        row = _shared.numbers(logs or {})
        if row and self._is_first(args, state):
            self._started().log(state.global_step, row)

    def on_predict(self, args: Any, state: Any, control: Any, metrics: Any = None, **others: Any) -> None:
        # The trainer logs the metrics of an evaluation, but not these.
        self.on_log(args, state, control, metrics)

    def on_train_end(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        self._has_trained = True
        if self._guard is not None:
            self._guard.unfinished = None

    def _is_first(self, args: Any, state: Any) -> bool:
        if state.is_world_process_zero:
            return True
        _shared.say_that_another_logs(getattr(args, "process_index", None), getattr(args, "world_size", None))
        return False

    def _has_ended(self) -> bool:
        return self.experiment is not None and self.experiment.has_ended

    def _begin(self) -> None:
        """Ends the experiment of an earlier training, and makes the next call start one."""
        if self._guard is not None:
            self._guard.end()
        self.experiment, self._guard, self._recorded, self._has_trained = None, None, False, False

    def _started(self) -> Experiment:
        if self.experiment is None:
            self.experiment = self._battery.experiment()
            self._guard = _ending.Guard(self.experiment, owner=self)
        if self._guard is not None:
            self._guard.logs()
        return self.experiment
