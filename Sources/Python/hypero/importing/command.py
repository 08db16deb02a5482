"""The command hypero import: finds the runs below some paths, and logs them."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

from .. import _client
from .._experiment import Experiment
from ..integrations._shared import record_params
from . import mlflow, optuna, tensorboard, trackio, wandb
from .run import ImportFailure, Run, files, plain


def runs(path: Path) -> Iterator[Run]:
    """Yields the runs below a path. The content of each file tells its tool."""
    if not path.exists():
        raise ImportFailure(f"{path}: not found. Name a file or a folder of wandb, TensorBoard, mlflow, optuna or trackio")
    folders: set[Path] = set()
    for file in files(path):
        if file.name == "meta.yaml" and mlflow.is_folder(file.parent):
            yield mlflow.from_folder(file.parent)
        elif tensorboard.is_event_file(file):
            if file.parent not in folders:
                folders.add(file.parent)
                yield tensorboard.from_folder(file.parent, path)
        else:
            yield from _from_file(file)


def _from_file(file: Path) -> Iterator[Run]:
    try:
        with file.open("rb") as opened:
            head = opened.read(1024)
        if head.startswith(wandb.HEAD):
            yield wandb.from_file(file)
        elif optuna.is_journal(head):
            yield from optuna.from_journal(file)
        elif head.startswith(b"SQLite format 3\0"):
            yield from _from_database(file)
    except (sqlite3.Error, ValueError, KeyError, IndexError, OSError) as error:
        raise ImportFailure(f"{file}: cannot be read, {type(error).__name__}: {error}") from error


def _from_database(file: Path) -> Iterator[Run]:
    # Read only: a database that is in use is not changed.
    database = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)
    try:
        tables = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if {"studies", "trials", "trial_params"} <= tables:
            yield from optuna.from_database(database)
        elif {"experiments", "runs", "metrics", "params"} <= tables:
            yield from mlflow.from_database(database)
        elif {"metrics"} <= tables and "run_name" in {row[1] for row in database.execute("PRAGMA table_info(metrics)")}:
            yield from trackio.from_database(database, file.stem)
    finally:
        database.close()


def log(run: Run, client: _client.Client, objective: str | None, direction: str | None) -> Experiment:
    """Logs a run. A second time it replaces the first, because its experiment has the same id and all rows are withdrawn."""
    chosen = direction or run.direction
    battery = client.battery(
        run.project, description=f"imported from {run.tool}", objective=objective or run.objective or "valid",
        direction=None if chosen is None else "min" if chosen == "min" else "max")
    experiment = battery.experiment(resume=run.experiment, start=0, attempt=1)
    record_params(experiment, plain(run.params))
    experiment.meta(plain({**run.meta, "source": f"{run.tool} {run.id}"}))
    for step, row in sorted(run.rows.items()):
        experiment.log(step, row)
    if run.maxima:
        experiment.maxima(run.maxima)
    experiment._end(run.status, run.reason)
    return experiment


def main(paths: list[Path], dry: bool, objective: str | None, direction: str | None) -> int:
    found: list[Run] = []
    for path in paths:
        before = len(found)
        found.extend(runs(path))
        if len(found) == before:
            raise ImportFailure(f"{path}: has no run of wandb, TensorBoard, mlflow, optuna or trackio")
    batteries: dict[tuple[str, str], list[Run]] = {}
    for run in found:
        batteries.setdefault((run.tool, run.project), []).append(run)
    for (tool, project), group in sorted(batteries.items()):
        rows = sum(len(run.rows) for run in group)
        print(f"{project}: {len(group)} runs of {tool}, {rows} rows")
    if dry:
        return 0
    with _client.connect() as client:
        for index, run in enumerate(found):
            _show_progress(index, len(found))
            log(run, client, objective, direction)
        _show_progress(len(found), len(found))
        if not client.flush("applied", 60):
            counters = client.counters
            raise ImportFailure(
                f"not all events are applied after 60 s: {counters.applied} of {counters.accepted}, {counters.dropped} dropped. "
                f"See hypero-query status")
        if client.counters.dropped:
            raise ImportFailure(f"{client.counters.dropped} events are outside the limits and were not recorded")
    return 0


def _show_progress(done: int, count: int) -> None:
    if sys.stderr.isatty():
        filled = done * 40 // max(count, 1)
        sys.stderr.write(f"\r[{'#' * filled}{'.' * (40 - filled)}] {done} of {count}" + ("\n" if done == count else ""))
        sys.stderr.flush()
