"""A callback for the Trainer of transformers: `Trainer(callbacks=[HyperoCallback(battery)])`."""

# The library may not be installed where the types are checked.
# mypy: ignore-errors
from __future__ import annotations

from typing import Any

from transformers import TrainerCallback

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

    The trainer tells no callback of an exception. Run it in the block of the experiment: `with battery.experiment() as e:
    Trainer(callbacks=[HyperoCallback(battery, e)]).train()`.
    """

    def __init__(self, battery: Battery, experiment: Experiment | None = None) -> None:
        self._battery, self.experiment = battery, experiment
        self._owns = experiment is None
        self._recorded = False

    def on_train_begin(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        if not state.is_world_process_zero:
            return
        if self.experiment is None or self._owns and self.experiment.has_ended:
            self.experiment, self._recorded = self._battery.experiment(), False
        if self._recorded:
            return
        # Called again by a training that is resumed.
        self._recorded = True
        given = args.to_dict()
        _shared.record_params(self.experiment, {name: given[name] for name in HYPER_PARAMETERS if name in given})
        model = others.get("model")
        if getattr(model, "config", None) is not None and getattr(model.config, "model_type", ""):
            self.experiment.meta(model_type=model.config.model_type)

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **others: Any) -> None:
        if self.experiment is None or not state.is_world_process_zero or not logs:
            return
        row = _shared.numbers(logs)
        if row and not self.experiment.has_ended:
            self.experiment.log(state.global_step, row)

    def on_train_end(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        if self._owns and self.experiment is not None and state.is_world_process_zero:
            self.experiment.finish()
