"""Programs of Optuna, with one changed line: `import hypero.optuna as optuna`.

`create_study`, `Study.optimize`, `ask`, `tell` and `enqueue_trial`, the suggestions, `report`, `should_prune` and `TrialPruned` work. Each
trial is an experiment of the battery that has the name of the study, and hypero draws the hyper-parameters and stops bad trainings.
`n_trials` counts the trials of all processes and runs of a study with a name. Storages are not used: Redis has the trials.
"""

from __future__ import annotations

import logging as _logging
import os
import time
from collections.abc import Iterable, Mapping
from typing import Any

from . import _client, _names, _queries, _search, _stored
from ._distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from ._frozen import FixedTrial, FrozenTrial, TrialState
from ._study import CHANNEL, EPOCHS, Study, StudyDirection, direction_of, program_name, search, stored_study
from ._trial import Trial, TrialPruned

__all__ = [
    "FrozenTrial", "Study", "Trial", "TrialPruned", "TrialState", "create_study", "distributions", "exceptions",
    "get_all_study_names", "load_study", "logging", "pruners", "samplers", "search", "storages", "study", "trial",
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


class MaxTrialsCallback:
    """A callback that ends `optimize` once the study has a number of trials with some states."""

    def __init__(self, n_trials: int, states: Iterable[TrialState] | None = (TrialState.COMPLETE,)) -> None:
        self._n_trials, self._states = n_trials, None if states is None else tuple(states)

    def __call__(self, study: Study, trial: FrozenTrial) -> None:
        if len(study.get_trials(deepcopy=False, states=self._states)) >= self._n_trials:
            study.stop()


#: The studies with a name that this process has made, for the time until Redis has them.
_created: dict[str, dict[str, Any]] = {}


def create_study(
    *, storage: Any = None, sampler: Any = None, pruner: Any = None, study_name: str | None = None, direction: Any = None,
    load_if_exists: bool = False, directions: Any = None,
) -> Study:
    """Returns a study.

    study_name: the name of the battery. All processes and later runs of the program with this name and seed share its trials, as
        with load_if_exists in Optuna, which is not used. None: the name of the program's file, and a search of its own for each call.
    sampler: an object of `samplers`, or of those of Optuna: RandomSampler draws at random, and any other becomes the TPE. One of Optuna
        does not tell its seed. Without a seed, a study with a name has that of its search, if it has exactly one.
    pruner: an object of `pruners` or of those of Optuna. None: MedianPruner, as in Optuna. The first rung is at the step 3 at least,
        because the order of trainings says little before.
    direction: "minimize" (default) or "maximize". That of the first declaration of a study with a name counts.
    """
    if directions is not None:
        if direction is not None or len(directions) != 1:
            raise ValueError("a study of hypero has one direction: pass direction=")
        direction = directions[0]
    way: Any = direction_of("minimize" if direction is None else direction)
    if study_name is None:
        return _unnamed(way, sampler, pruner)
    _note_storage(storage)
    battery = _client.battery(study_name, objective=CHANNEL, direction=way)
    seed, found = _seed(sampler), _searches(battery.id)
    options: dict[str, Any] = {
        "seed": 1 if seed is None else seed, "name": "search", "sampler": _sampler(sampler), "stopping": _stopping(pruner)}
    if seed is None and found is not None and len(found) == 1:
        options.update(seed=int(found[0]["seed"]), name=found[0]["search_name"])
    study = stored_study(battery, "minimize" if direction is None else direction, study_name=study_name, **options)
    _created[study_name] = {"direction": study.battery.direction, **options}
    # For load_study in other processes. Not if Redis does not answer: it may have a search of another seed.
    if found is not None and (seed is not None or not found) and not any(_is_of(row, options) for row in found):
        study.declare()
    return study


def _unnamed(direction: Any, sampler: Any, pruner: Any) -> Study:
    name, seed = program_name(), _seed(sampler)
    battery = _client.battery(name, objective=CHANNEL, direction=direction)
    if _stored.declared(battery).direction != direction:
        # Another program of this name has the battery, or an earlier version of this one.
        name = f"{name} {direction}imize"
        battery = _client.battery(name, objective=CHANNEL, direction=direction)
    return Study(
        battery, seed=int.from_bytes(os.urandom(4), "little") if seed is None else seed, name=f"search {os.urandom(4).hex()}",
        sampler=_sampler(sampler), stopping=_stopping(pruner), study_name=name)


def load_study(*, study_name: str, storage: Any = None, sampler: Any = None, pruner: Any = None) -> Study:
    """Returns the study of a name, with its direction.

    sampler, pruner: not used if the study has trials, except the seed of a sampler, which selects one of several searches.
    Raises a KeyError if Redis has no search of this name after three seconds and this process has made no such study, and a ValueError
    if it has several searches and the sampler does not state the seed of one.
    """
    _note_storage(storage)
    client = _client.battery(study_name, objective=CHANNEL, direction="min").client
    seed, options = _seed(sampler), _created.get(study_name)
    if options is not None and seed not in (None, options["seed"]):
        options = None
    # Another process may have made it just now.
    deadline = time.monotonic() + 3
    while True:
        reason = "its battery has no search"
        try:
            found = _stored.searches(client, study_name)
        except _queries.QueryError as error:
            if error.code != 3:
                raise
            found, reason = [], str(error)
        fitting = [row for row in found if seed is None or row["seed"] == str(seed)]
        if fitting or options is not None or time.monotonic() >= deadline:
            break
        time.sleep(0.1)
    if not fitting and options is not None:
        battery = _client.battery(study_name, objective=CHANNEL, direction=options["direction"])
        return Study(battery, study_name=study_name, **{key: value for key, value in options.items() if key != "direction"})
    if not found:
        raise KeyError(
            f"study {study_name!r}: not found, {reason}. create_study(study_name={study_name!r}) makes it, in each process")
    if len(fitting) != 1:
        names = ", ".join(f"{row['search']} ({row['search_name']!r}, seed {row['seed']})" for row in found[:10])
        raise ValueError(
            f"study {study_name!r} has {len(fitting) or 'no'} searches{'' if seed is None else f' of the seed {seed}'}. "
            f"It has {names}{', ...' if len(found) > 10 else ''}. "
            f"State the seed of one: load_study(..., sampler=TPESampler(seed=...))")
    row = fitting[0]
    return Study(
        _stored.named(client, row), seed=int(row["seed"]), name=row["search_name"], sampler=row["sampler"] or _sampler(sampler),
        stopping=_rule(row["stopping"]), study_name=study_name)


def get_all_study_names(storage: Any = None) -> list[str]:
    """Returns the names of all batteries, also of those that are no study."""
    client = _client.battery("study", objective=CHANNEL, direction="min").client
    rows = _queries.batteries(redis=client._url, namespace=client._namespace)
    return sorted({row["name"] for row in rows})


def _is_of(row: dict[str, Any], options: Mapping[str, Any]) -> bool:
    """Returns whether a search of Redis has the seed and the name of a study."""
    return bool(row["seed"] == str(options["seed"]) and row["search_name"] == options["name"])


def _searches(battery: str) -> list[dict[str, Any]] | None:
    """Returns the searches of a battery; None if Redis does not answer, which the client reports."""
    client = _client.battery("study", objective=CHANNEL, direction="min").client
    try:
        return _stored.searches(client, battery)
    except _queries.QueryError as error:
        return [] if error.code == 3 else None
    except OSError:
        return None


def _rule(stored: dict[str, Any] | None) -> _search.Stopping | None:
    """Returns the stopping rule of a search that Redis has."""
    if stored is None:
        return None
    factor = stored["factor"] if stored["rule"] == "halving" else None
    return _search.Stopping(stored["rule"], stored["epochs"], stored["first"], factor)


def _note_storage(storage: Any) -> None:
    if storage is not None:
        _log.info("the storage of the study is not used: Redis has the trials")


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
    if kind != "MedianPruner":
        _log.warning("the pruner %s is not supported: the better half of the trainings goes on, as with MedianPruner", kind)
    first = _attribute(pruner, "n_warmup_steps")
    return _search.median(EPOCHS, first=max(first if isinstance(first, int) else 0, 3))


def _halving(epochs: int, first: Any, factor: Any) -> _search.Stopping:
    rung = max(first if isinstance(first, int) else 0, 3)
    return _search.halving(max(epochs, 2), first=min(rung, max(epochs - 1, 1)), factor=factor if isinstance(factor, int) else None)


# The modules of Optuna that programs name.
samplers = _names.Namespace(
    "hypero.optuna.samplers", {"TPESampler": TPESampler, "RandomSampler": RandomSampler}, [
        "BaseGASampler", "BaseSampler", "BruteForceSampler", "CmaEsSampler", "GPSampler", "GridSampler", "MOTPESampler",
        "NSGAIIISampler", "NSGAIISampler", "PartialFixedSampler", "QMCSampler"])
pruners = _names.Namespace(
    "hypero.optuna.pruners", {
        "NopPruner": NopPruner, "MedianPruner": MedianPruner, "SuccessiveHalvingPruner": SuccessiveHalvingPruner,
        "HyperbandPruner": HyperbandPruner},
    ["BasePruner", "PatientPruner", "PercentilePruner", "ThresholdPruner", "WilcoxonPruner"])
storages = _names.Namespace(
    "hypero.optuna.storages", {
        "journal": _names.Namespace(
            "hypero.optuna.storages.journal", {}, [
                "JournalFileBackend", "JournalFileOpenLock", "JournalFileSymlinkLock", "JournalRedisBackend"])},
    ["GrpcStorageProxy", "InMemoryStorage", "JournalFileStorage", "JournalRedisStorage", "JournalStorage", "RDBStorage",
     "RetryFailedTrialCallback"])
exceptions = _names.Namespace("hypero.optuna.exceptions", {"TrialPruned": TrialPruned}, alternatives={
    "DuplicatedStudyError": "create_study joins a study of the same name"})
distributions = _names.Namespace("hypero.optuna.distributions", {
    "FloatDistribution": FloatDistribution, "IntDistribution": IntDistribution, "CategoricalDistribution": CategoricalDistribution})
trial = _names.Namespace("hypero.optuna.trial", {
    "Trial": Trial, "FixedTrial": FixedTrial, "FrozenTrial": FrozenTrial, "TrialState": TrialState})
logging = _names.Namespace("hypero.optuna.logging", {
    "get_logger": _logging.getLogger, "get_verbosity": lambda: _logging.INFO, "set_verbosity": lambda level: None,
    "enable_default_handler": lambda: None, "disable_default_handler": lambda: None, "enable_propagation": lambda: None,
    "disable_propagation": lambda: None, "DEBUG": _logging.DEBUG, "INFO": _logging.INFO, "WARN": _logging.WARNING,
    "WARNING": _logging.WARNING, "ERROR": _logging.ERROR, "FATAL": _logging.CRITICAL, "CRITICAL": _logging.CRITICAL})

_ALTERNATIVES = {
    "artifacts": "trial.set_user_attr records the path of a file",
    "copy_study": "all studies are in one Redis. `hypero import` imports a study of Optuna",
    "create_trial": "`hypero import` imports a study of Optuna with its trials",
    "delete_study": "`hypero-ingest delete --battery NAME` deletes a study with its trials",
    "get_all_study_summaries": "`hypero-query search NAME` shows the searches of a study, and get_all_study_names() has the names",
    "importance": "`hypero-query importance NAME` shows which hyper-parameters count",
    "integration": "the module hypero.integrations has the callbacks of other libraries",
    "terminator": "callbacks=[...] with study.stop() ends a study",
    "visualization": "hypero.report(NAME) and `hypero-web` show a study",
}
study = _names.Namespace(
    "hypero.optuna.study", {
        "MaxTrialsCallback": MaxTrialsCallback, "Study": Study, "StudyDirection": StudyDirection, "create_study": create_study,
        "get_all_study_names": get_all_study_names, "load_study": load_study},
    alternatives=_ALTERNATIVES)


def __getattr__(name: str) -> Any:
    error = _names.missing("hypero.optuna", name, __all__, _ALTERNATIVES)
    if name not in _ALTERNATIVES and not name.startswith("_"):
        error = AttributeError(f"{error}. The callback hypero.integrations.optuna records the trials of Optuna itself")
    raise error
