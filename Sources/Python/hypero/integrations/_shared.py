"""The parts that the integrations share."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

from .. import _values
from .._battery import Battery
from .._experiment import Experiment

#: True if this process has said that it does not log.
_has_said = False


def distributed_rank() -> tuple[int, int]:
    """Returns the rank of this process and the number of processes of its distributed training: 0 and 1 without one.

    A rank alone is none: the tasks of `srun` have SLURM_PROCID also if each is a training of its own.
    """
    distributed: Any = sys.modules.get("torch.distributed")
    if distributed is not None and distributed.is_available() and distributed.is_initialized():
        if distributed.get_world_size() > 1:
            return distributed.get_rank(), distributed.get_world_size()
    size = _number("WORLD_SIZE", 1)
    if size <= 1:
        return 0, 1
    # Lightning gives its children no RANK. The processes of one rank in their nodes differ in the rank of their node.
    other = _number("LOCAL_RANK", 0) or _number("NODE_RANK", 0) or _number("SLURM_PROCID", 0)
    return _number("RANK", other), size


def _number(variable: str, default: int) -> int:
    try:
        return int(os.environ.get(variable, default))
    except ValueError:
        return default


def is_first_process(rank: int | None = None, size: int | None = None) -> bool:
    """Returns whether this process is the one that logs, among those of a distributed training. Another says so once.

    rank, size: those of the library, if it is the one that trains in several processes.
    """
    if size is None or size <= 1:
        rank, size = distributed_rank()
    if not rank:
        return True
    say_that_another_logs(rank, size)
    return False


def say_that_another_logs(rank: int | None = None, size: int | None = None) -> None:
    """Logs once that this process does not log rows."""
    global _has_said
    if _has_said:
        return
    _has_said = True
    import logging

    where = "" if rank is None else f" has rank {rank}" + ("" if size is None else f" of {size} processes") + " and"
    logging.getLogger("hypero").warning("this process%s logs no rows: that of rank 0 logs those of the training", where)


def checked_battery(battery: Battery, receiver: object) -> Battery:
    """Returns the battery that a callback or logger was given. Raises TypeError for anything else."""
    if not isinstance(battery, Battery):
        advice = ". Pass its battery" if isinstance(battery, Experiment) else ""
        raise TypeError(f"{type(receiver).__name__} takes a battery, not {battery!r}{advice}")
    return battery


def checked_experiment(experiment: Experiment, receiver: object) -> Experiment:
    """Returns the experiment that a callback or logger was given. Raises TypeError for anything else."""
    if not isinstance(experiment, Experiment):
        advice = ". Pass battery.experiment(), which the program ends" if isinstance(experiment, Battery) else ""
        raise TypeError(f"{type(receiver).__name__} takes an experiment, not {experiment!r}{advice}")
    return experiment


def numbers(values: Mapping[str, Any]) -> dict[str, float]:
    """Returns the values that are numbers."""
    found = {}
    for name, value in values.items():
        if isinstance(value, (str, bytes)):
            continue
        try:
            found[_values.channel(str(name))] = float(value)
        except (TypeError, ValueError, RuntimeError):
            continue
    return found


def record_params(experiment: Experiment, values: Mapping[str, Any]) -> None:
    """Records hyper-parameters: inner dicts as a/b, and what is no value of hypero as its text."""
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            record_params(experiment, {f"{name}/{key}": item for key, item in value.items()})
            continue
        try:
            experiment.params({str(name): value})
        except (TypeError, ValueError):
            experiment.params({str(name): str(value)})
