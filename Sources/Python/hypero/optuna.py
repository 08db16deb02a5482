"""Programs of Optuna, with one changed line: `import hypero.optuna as optuna`.

`create_study`, `Study.optimize`, `ask`, `tell` and `enqueue_trial`, the suggestions, `report`, `should_prune` and `TrialPruned` work. Each
trial is an experiment of the battery that has the name of the study, and hypero draws the hyper-parameters and stops bad trainings.
`n_trials` counts the trials of all processes of a study with a name. Storages are not used: Redis has the trials.
"""

from __future__ import annotations

import logging as _logging
import os
from types import SimpleNamespace
from typing import Any

from . import _client, _search
from ._study import CHANNEL, EPOCHS, Study, direction_of, program_name, search
from ._trial import FrozenTrial, Trial, TrialPruned, TrialState

__all__ = [
    "FrozenTrial", "Study", "Trial", "TrialPruned", "TrialState", "create_study", "exceptions", "load_study", "logging", "pruners",
    "samplers", "search", "study", "trial",
]

_log = _logging.getLogger("hypero")


class TPESampler:
    """The default: learns from the trials that have ended. seed: of all draws; None for a random one."""

    def __init__(self, *arguments: Any, seed: int | None = None, **ignored: Any) -> None:
        self.seed = seed


class RandomSampler:
    """Draws each hyper-parameter from its distribution."""

    def __init__(self, seed: int | None = None) -> None:
        self.seed = seed


class NopPruner:
    """Stops no training."""


class MedianPruner:
    """Goes on with the better half, as `hypero.median`. n_warmup_steps: the step of the first rung, 3 at least."""

    def __init__(self, n_startup_trials: int = 5, n_warmup_steps: int = 0, *ignored: Any, **others: Any) -> None:
        self.n_warmup_steps = n_warmup_steps


class SuccessiveHalvingPruner:
    """Goes on with the best, as `hypero.halving`. min_resource: the first rung, "auto" for 3. reduction_factor: 2 to 100."""

    def __init__(self, min_resource: str | int = "auto", reduction_factor: int = 4, *ignored: Any, **others: Any) -> None:
        self.min_resource, self.reduction_factor = min_resource, reduction_factor


class HyperbandPruner:
    """Goes on with the best, as `hypero.halving`: with one bracket. max_resource: the epochs of a whole training."""

    def __init__(
        self, min_resource: int = 1, max_resource: str | int = "auto", reduction_factor: int = 3, *ignored: Any, **others: Any
    ) -> None:
        self.min_resource, self.max_resource, self.reduction_factor = min_resource, max_resource, reduction_factor


def create_study(
    *, storage: Any = None, sampler: Any = None, pruner: Any = None, study_name: str | None = None, direction: Any = None,
    load_if_exists: bool = False, directions: Any = None,
) -> Study:
    """Returns a study.

    study_name: the name of the battery. All processes and later runs of the program with this name and seed share its trials, as
        with load_if_exists in Optuna. None: the name of the program's file, and a search of its own for each call.
    sampler: an object of `samplers`, or of those of Optuna: RandomSampler draws at random, and any other becomes the TPE. One of Optuna
        does not tell its seed.
    pruner: an object of `pruners` or of those of Optuna. None: MedianPruner, as in Optuna. The first rung is at the step 3 at least,
        because the order of trainings says little before.
    direction: "minimize" (default) or "maximize".
    """
    if directions is not None:
        if direction is not None or len(directions) != 1:
            raise ValueError("a study of hypero has one direction: pass direction=")
        direction = directions[0]
    if storage is not None:
        _log.info("the storage of the study is not used: Redis has the trials")
    way: Any = direction_of("minimize" if direction is None else direction)
    battery = _client.battery(study_name or program_name(), objective=CHANNEL, direction=way)
    seed = _seed(sampler)
    if seed is None:
        seed = 1 if study_name else int.from_bytes(os.urandom(4), "little")
    name = "search" if study_name else f"search {os.urandom(4).hex()}"
    return Study(battery, seed=seed, name=name, sampler=_sampler(sampler), stopping=_stopping(pruner))


def load_study(*, study_name: str, storage: Any = None, sampler: Any = None, pruner: Any = None, direction: Any = None) -> Study:
    """Returns the study of a name. The direction must be that of its creation."""
    return create_study(storage=storage, sampler=sampler, pruner=pruner, study_name=study_name, direction=direction)


def _attribute(given: Any, name: str) -> Any:
    """Returns an option of a sampler or a pruner, also of one of Optuna."""
    return getattr(given, name, getattr(given, f"_{name}", None))


def _seed(sampler: Any) -> int | None:
    seed = getattr(sampler, "seed", None)
    return seed if isinstance(seed, int) else None


def _sampler(sampler: Any) -> str:
    kind = type(sampler).__name__
    if sampler is not None and kind not in ("TPESampler", "RandomSampler"):
        _log.warning("the sampler %s is not supported: the TPE draws the hyper-parameters", kind)
    return "random" if kind == "RandomSampler" else "tpe"


def _stopping(pruner: Any) -> _search.Stopping | None:
    if isinstance(pruner, _search.Stopping):
        return pruner
    kind = "MedianPruner" if pruner is None else type(pruner).__name__
    if kind == "NopPruner":
        return None
    if kind == "SuccessiveHalvingPruner":
        return _halving(EPOCHS, _attribute(pruner, "min_resource"), _attribute(pruner, "reduction_factor"))
    if kind == "HyperbandPruner":
        epochs = _attribute(pruner, "max_resource")
        return _halving(
            epochs if isinstance(epochs, int) else EPOCHS, _attribute(pruner, "min_resource"),
            _attribute(pruner, "reduction_factor"))
    if kind not in ("MedianPruner", "PercentilePruner"):
        _log.warning("the pruner %s is not supported: the better half of the trainings goes on, as with MedianPruner", kind)
    first = _attribute(pruner, "n_warmup_steps")
    return _search.median(EPOCHS, first=max(first if isinstance(first, int) else 0, 3))


def _halving(epochs: int, first: Any, factor: Any) -> _search.Stopping:
    rung = max(first if isinstance(first, int) else 0, 3)
    return _search.halving(max(epochs, 2), first=min(rung, max(epochs - 1, 1)), factor=factor if isinstance(factor, int) else None)


# The modules of Optuna that programs name.
samplers = SimpleNamespace(TPESampler=TPESampler, RandomSampler=RandomSampler)
pruners = SimpleNamespace(
    NopPruner=NopPruner, MedianPruner=MedianPruner, SuccessiveHalvingPruner=SuccessiveHalvingPruner, HyperbandPruner=HyperbandPruner)
exceptions = SimpleNamespace(TrialPruned=TrialPruned)
trial = SimpleNamespace(Trial=Trial, FrozenTrial=FrozenTrial, TrialState=TrialState)
study = SimpleNamespace(Study=Study, create_study=create_study, load_study=load_study)
logging = SimpleNamespace(
    get_logger=_logging.getLogger, set_verbosity=lambda level: None, enable_default_handler=lambda: None,
    disable_default_handler=lambda: None, enable_propagation=lambda: None, disable_propagation=lambda: None,
    DEBUG=_logging.DEBUG, INFO=_logging.INFO, WARN=_logging.WARNING, WARNING=_logging.WARNING, ERROR=_logging.ERROR)


def __getattr__(name: str) -> Any:
    raise AttributeError(
        f"hypero.optuna has no {name}. It has {', '.join(__all__)}. The callback hypero.integrations.optuna records the trials of "
        f"Optuna itself")
