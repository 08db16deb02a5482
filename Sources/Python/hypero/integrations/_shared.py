"""The parts that the integrations share."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from .._experiment import Experiment

#: Names that hypero uses itself.
_RESERVED = {"epoch", "source", "stated"}


def is_first_process() -> bool:
    """Returns whether this process is the one that logs, among those of a distributed training."""
    return all(os.environ.get(name, "0") == "0" for name in ("RANK", "LOCAL_RANK", "SLURM_PROCID"))


def numbers(values: Mapping[str, Any]) -> dict[str, float]:
    """Returns the values that are numbers."""
    found = {}
    for name, value in values.items():
        if isinstance(value, (str, bytes)):
            continue
        try:
            found[f"{name}_" if name in _RESERVED else str(name)] = float(value)
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
