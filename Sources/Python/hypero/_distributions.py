"""The distributions of hyper-parameters in the form of Optuna: `hypero.optuna.distributions`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Union


@dataclass(frozen=True)
class FloatDistribution:
    """Numbers from low...high, uniformly, in the logarithm if `log`, or of a grid with a step."""

    low: float
    high: float
    log: bool = False
    step: float | None = None


@dataclass(frozen=True)
class IntDistribution:
    """Integers from low...high, uniformly, in the logarithm if `log`, or of a grid with a step."""

    low: int
    high: int
    log: bool = False
    step: int = 1


@dataclass(frozen=True)
class CategoricalDistribution:
    """One of some values."""

    choices: Sequence[Any]

    def __post_init__(self) -> None:
        object.__setattr__(self, "choices", tuple(self.choices))


Distribution = Union[FloatDistribution, IntDistribution, CategoricalDistribution]


def parsed(text: str) -> Distribution | None:
    """Returns the distribution of a text that hypero records, such as "logUniform 1e-05 0.1"; None for one that Optuna has not."""
    kind, _, rest = text.partition(" ")
    try:
        if kind == "categorical":
            # Weights may follow, which Optuna has not.
            choices, _ = json.JSONDecoder().raw_decode(rest)
            return CategoricalDistribution(choices)
        low, high = rest.split(" ")
        if kind == "randint":
            return IntDistribution(int(low), int(high))
        if kind in ("uniform", "logUniform"):
            return FloatDistribution(float(low), float(high), log=kind == "logUniform")
    except ValueError:
        # Of a later version.
        pass
    return None


def suggested(trial: Any, name: str, distribution: Any) -> Any:
    """Draws the value of a hyper-parameter in a trial. The distribution may be one of Optuna itself."""
    kind = type(distribution).__name__
    if kind == "CategoricalDistribution":
        return trial.suggest_categorical(name, distribution.choices)
    if kind not in ("FloatDistribution", "IntDistribution"):
        raise TypeError(f"the distribution of {name!r} must be one of hypero.optuna.distributions, not {distribution!r}")
    draw = trial.suggest_float if kind == "FloatDistribution" else trial.suggest_int
    return draw(name, distribution.low, distribution.high, step=distribution.step, log=distribution.log)
