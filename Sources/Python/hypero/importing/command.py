"""The command hypero import: finds the runs below some paths, and logs them."""

from __future__ import annotations

import functools
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .. import _client
from .._battery import Battery
from ..integrations._shared import record_params
from . import mlflow, optuna, stored, tensorboard, trackio, wandb
from .report import UNREADABLE, Report
from .run import ImportFailure, Run, Source, files, plain

#: The number of values after which the import waits until they are applied, so that the journal does not get full.
_AT_ONCE = 200_000
#: The length of the state of a run of very many files, which is not recorded: each import sends the run.
_STATE_LIMIT = 60_000


def sources(paths: list[Path], report: Report) -> list[Source]:
    """Returns the sources below some paths. The content of each file tells its tool."""
    found: list[Source] = []
    parts: dict[tuple[str, str], list[wandb.Part]] = {}
    seen: set[Path] = set()
    for path in paths:
        before = len(found), report.notes, report.problems
        if not path.exists():
            report.problem(f"{path}: not found. Name a file or a folder of wandb, TensorBoard, mlflow, optuna or trackio")
            continue
        is_known = False
        for file in files(path, report):
            key = file.parent.resolve() if tensorboard.is_event_file(file) else file.resolve()
            if key in seen:
                # Named twice, or below two of the paths.
                is_known = True
                continue
            source = _source(file, path, report)
            if isinstance(source, wandb.Part):
                parts.setdefault((source.project, source.id), []).append(source)
                is_known = True
            elif source is not None:
                found.append(source)
            if source is not None:
                seen.add(key)
        if not is_known and before == (len(found), report.notes, report.problems):
            report.problem(f"{path}: has no run of wandb, TensorBoard, mlflow, optuna or trackio")
    found.extend(Source(group[0].path, functools.partial(wandb.from_parts, group)) for group in parts.values())
    return found


def _source(file: Path, path: Path, report: Report) -> Source | wandb.Part | None:
    try:
        if file.name == "meta.yaml" and mlflow.is_folder(file.parent):
            return Source(file.parent, functools.partial(mlflow.from_folder, file.parent))
        if tensorboard.is_event_file(file):
            return Source(file.parent, functools.partial(tensorboard.from_folder, file.parent, path))
        with file.open("rb") as opened:
            head = opened.read(1024)
        if head.startswith(wandb.HEAD):
            return wandb.part(file, report)
        if file.suffix == ".wandb":
            if head:
                report.problem(f"{file}: cannot be read, it does not begin as a file of wandb. Restore it, and import it again")
            else:
                report.note(f"{file}: not imported, because it is empty. Import it again later")
        elif optuna.is_journal(head):
            return Source(file, functools.partial(optuna.from_journal, file))
        elif head.startswith(b"SQLite format 3\0"):
            return _database(file)
    except UNREADABLE as error:
        report.unreadable(file, error)
    return None


def _connect(file: Path) -> sqlite3.Connection:
    # Read only: a database that is in use is not changed.
    return sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)


def _database(file: Path) -> Source | None:
    database = _connect(file)
    try:
        tables = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if {"studies", "trials", "trial_params"} <= tables:
            read, count = optuna.from_database, "SELECT count(*) FROM trials"
        elif {"experiments", "runs", "metrics", "params"} <= tables:
            read, count = mlflow.from_database, "SELECT count(*) FROM runs"
        elif {"metrics"} <= tables and "run_name" in {row[1] for row in database.execute("PRAGMA table_info(metrics)")}:
            read, count = trackio.from_database, "SELECT count(DISTINCT run_name) FROM metrics"
        else:
            return None
        number: int = database.execute(count).fetchone()[0]
    finally:
        database.close()

    def runs(report: Report) -> Iterator[Run]:
        database = _connect(file)
        try:
            # One state of the database for all queries.
            database.execute("BEGIN")
            yield from read(database, file, report)
        finally:
            database.close()

    return Source(file, runs, number)


class Import:
    """An import, run by run: only one is in memory at a time."""

    def __init__(self, client: _client.Client | None, report: Report, objective: str | None, direction: str | None,
                 replaces: bool) -> None:
        """client: None for a dry run."""
        self._client, self._report, self._replaces = client, report, replaces
        self._objective, self._direction = objective, direction
        self._batteries: dict[tuple[Any, ...], Battery] = {}
        self._stored = stored.Stored()
        #: The state and the path of each run so far, by the id of its experiment.
        self._seen: dict[str, tuple[dict[str, Any], Path]] = {}
        #: The numbers of runs, rows and unchanged runs, by tool and project.
        self._sums: dict[tuple[str, str], list[int]] = {}
        self._waiting = 0

    def add(self, run: Run) -> None:
        """Logs a run, unless an earlier import has it as it is."""
        run.objective, run.direction = self._objective or run.objective or "valid", self._direction or run.direction
        state, id = run.state, run.experiment
        if id in self._seen:
            before, path = self._seen[id]
            # The metadata of a copy may name another folder.
            if before["parts"] != state["parts"] or before["run"] != state["run"] and run.tool != "tensorboard":
                self._report.problem(
                    f"{run.path}: {run.tool} {run.id} is not imported, because {path} has a run of the same identity with other "
                    f"values. Name one of both only")
            return
        self._seen[id] = state, run.path
        what: stored.Action | str = "replace"
        if self._client is not None:
            what = stored.action(run, state, self._stored.of(run), self._replaces)
            if what not in ("nothing", "replace", "append"):
                self._report.problem(f"{run.path}: {run.tool} {run.id} is not imported: {what}")
                return
        sums = self._sums.setdefault((run.project, run.tool), [0, 0, 0])
        sums[0] += 1
        sums[2] += what == "nothing"
        if self._client is None or what == "nothing":
            sums[1] += sum(1 for _ in run.rows())
        else:
            sums[1] += self._log(run, state, what == "append")

    def _log(self, run: Run, state: dict[str, Any], appends: bool) -> int:
        """Logs a run and returns the number of its rows.

        A second time it replaces the first, because its experiment has the same id and all rows are withdrawn, unless it appends.
        """
        client, known = self._client, self._stored.of(run)
        assert client is not None
        dropped, rows = client.counters.dropped, 0
        # An experiment that is known gets the next attempt: what a killed import left in its journal is then earlier.
        experiment = self._battery(run, client).experiment(
            resume=run.experiment, start=None if appends else 0, attempt=1 if known is None else None)
        try:
            if known is not None and known[1] is not None:
                if appends:
                    state["parts"] = {**known[1]["parts"], **state["parts"]}
                else:
                    # If this import is killed, the next one must not take the rows for those of the earlier state.
                    experiment.meta({stored.NAME: None})
            record_params(experiment, plain(run.params))
            about = {name: value for name, value in run.meta.items() if value is not None}
            experiment.meta(plain({**about, "source": f"{run.tool} {run.id}"}))
            for step, row in run.rows():
                experiment.log(step, row)
                rows += 1
                self._wait(len(row) + 1)
            if run.maxima:
                experiment.maxima(run.maxima)
            dropped = client.counters.dropped - dropped
            if dropped:
                self._report.problem(
                    f"{run.path}: {dropped} events of {run.tool} {run.id} were not recorded, because they are outside the limits "
                    f"of hypero. The other events were")
            elif len(json.dumps(state)) < _STATE_LIMIT:
                experiment.meta({stored.NAME: state})
            experiment._end(run.status, run.reason)
        except (ValueError, TypeError, OverflowError) as error:
            experiment._end("stopped", f"not imported as a whole: {error}")
            raise
        self._wait(100)
        return rows

    def _battery(self, run: Run, client: _client.Client) -> Battery:
        key = (run.project, run.tool, run.objective, run.direction, *sorted(run.directions.items()))
        if key not in self._batteries:
            self._batteries[key] = client.battery(
                run.project, description=f"imported from {run.tool}", objective=run.objective or "valid",
                direction=_direction(run.direction),
                directions={name: "min" if way == "min" else "max" for name, way in run.directions.items()})
        return self._batteries[key]

    def _wait(self, values: int) -> None:
        self._waiting += values
        if self._waiting >= _AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Waits until all events are applied."""
        self._waiting = 0
        if self._client is not None and not self._client.flush("applied", 60):
            counters = self._client.counters
            raise ImportFailure(
                f"not all events are applied after 60 s: {counters.applied} of {counters.accepted}, {counters.dropped} dropped. "
                f"See hypero-query status")

    def show(self) -> None:
        for (project, tool), (runs, rows, unchanged) in sorted(self._sums.items()):
            print(f"{project}: {runs} runs of {tool}, {rows} rows" + (f", {unchanged} of them unchanged" if unchanged else ""))


def _direction(text: str | None) -> _client.Direction | None:
    return None if text is None else "min" if text == "min" else "max"


def main(paths: list[Path], dry: bool, objective: str | None, direction: str | None, replaces: bool = False) -> int:
    report = Report()
    found = sources(paths, report)
    if not found:
        return 1
    if dry:
        _run(found, Import(None, report, objective, direction, replaces), report)
    else:
        with _client.connect() as client:
            _run(found, Import(client, report, objective, direction, replaces), report)
    return 1 if report.problems else 0


def _run(found: list[Source], work: Import, report: Report) -> None:
    done, count = 0, sum(source.count for source in found)
    for source in found:
        before = done
        for run in _read(source, report):
            report.progress(done, count)
            try:
                work.add(run)
            except UNREADABLE as error:
                report.unreadable(f"{run.path}, {run.tool} {run.id}", error)
            done += 1
        count += max(done - before, 0) - source.count
    report.progress(done, count)
    report.end_progress()
    work.flush()
    work.show()


def _read(source: Source, report: Report) -> Iterator[Run]:
    # Only the reading is the fault of the source.
    runs = source.read(report)
    while True:
        try:
            run = next(runs)
        except StopIteration:
            return
        except UNREADABLE as error:
            report.unreadable(source.path, error)
            return
        yield run
