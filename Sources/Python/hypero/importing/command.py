"""The command hypero import: finds the runs below some paths, and logs them."""

from __future__ import annotations

import functools
import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
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
#: The most channels that a message lists.
_NAMES = 20


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
            is_event_file = tensorboard.is_event_file(file)
            key = file.parent.resolve() if is_event_file else file.resolve()
            if is_event_file and key not in seen:
                # The hyper-parameters of the run in the folder above are a part of it.
                seen.update(session.resolve() for session in tensorboard.sessions_of(file.parent))
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


@dataclass
class Choice:
    """The battery and its objective, as the user names them. None for those of the sources."""

    objective: str | None = None
    direction: str | None = None
    name: str | None = None
    version: int = 1

    @property
    def variant(self) -> str:
        """The text that tells the experiments of a named battery from those of the projects."""
        return "" if self.name is None and self.version == 1 else f"\0{self.name or ''}\0{self.version}"


@dataclass
class _Sum:
    """The numbers of an import's runs in one battery, and what they have."""

    objective: str
    direction: str | None
    runs: int = 0
    rows: int = 0
    new: int = 0
    unchanged: int = 0
    channels: set[str] = field(default_factory=set)


class Import:
    """An import, run by run: only one is in memory at a time."""

    def __init__(self, client: _client.Client | None, report: Report, choice: Choice, replaces: bool) -> None:
        """client: None for a dry run."""
        self._client, self._report, self._replaces, self._choice = client, report, replaces, choice
        self._batteries: dict[tuple[Any, ...], Battery] = {}
        self._stored = stored.Stored()
        #: The state and the path of each run so far, by the id of its experiment.
        self._seen: dict[str, tuple[dict[str, Any], Path]] = {}
        #: By battery and tool.
        self._sums: dict[tuple[str, str], _Sum] = {}
        #: The batteries and tools whose runs are not imported.
        self._refused: set[tuple[str, str]] = set()
        self._waiting = 0

    def check(self, runs: Iterable[Run]) -> None:
        """Refuses the runs of batteries none of whose runs has the chosen objective: a battery keeps its first one."""
        found: dict[tuple[str, str], set[str]] = {}
        for run in runs:
            found.setdefault(self._key(run), set()).update(run.channels)
        for key, channels in found.items():
            if self._choice.objective not in channels:
                self._refuse(key, f"no run has the channel {self._choice.objective!r} of --objective. They have {_listed(channels)}")

    def _key(self, run: Run) -> tuple[str, str]:
        return self._choice.name or run.project, run.tool

    def _refuse(self, key: tuple[str, str], reason: str) -> None:
        self._refused.add(key)
        self._report.problem(f"{key[0]}, {key[1]}: not imported, because {reason}")

    def add(self, run: Run) -> None:
        """Logs a run, unless an earlier import has it as it is."""
        run.battery, run.variant = self._choice.name or run.project, self._choice.variant
        if self._key(run) in self._refused:
            return
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
        known = None if self._client is None else self._stored.of(run)
        if known is not None and run.battery != known.battery:
            # Found below another folder than by the earlier import.
            run.battery, run.meta["name"] = known.battery, known.name
        if not self._settle(run):
            return
        what: stored.Action | str = "replace"
        if self._client is not None:
            what = stored.action(run, state, known, self._replaces)
            if what not in ("nothing", "replace", "append"):
                self._report.problem(f"{run.path}: {run.tool} {run.id} is not imported: {what}")
                return
        key = run.battery, run.tool
        sums = self._sums.setdefault(key, _Sum(run.objective or "valid", run.direction))
        sums.runs += 1
        sums.new += known is None
        sums.unchanged += what == "nothing"
        sums.channels |= run.channels
        if self._client is None or what == "nothing":
            sums.rows += sum(1 for _ in run.rows())
        else:
            sums.rows += self._log(run, state, known, what == "append")

    def _settle(self, run: Run) -> bool:
        """Decides the objective of a run. Returns False if its battery has another one than the user or the tool states."""
        choice, key = self._choice, (run.battery, run.tool)
        if key in self._refused:
            return False
        existing = None if self._client is None else self._stored.battery(run.battery, choice.version, run.tool)
        direction = choice.direction or (run.direction if choice.objective in (None, run.objective) else None)
        if existing is None:
            run.objective, run.direction = choice.objective or run.objective or "valid", direction
            return True
        advice = "A battery keeps its first one. Import the runs into another battery by --name or --version"
        if choice.objective not in (None, existing["objective"]):
            self._refuse(key, f"the objective of battery {existing['id']} is {existing['objective']!r}. {advice}")
            return False
        # The direction of the tool is that of its own objective.
        states = choice.direction is not None or run.objective == existing["objective"]
        if states and direction not in (None, existing["direction"]):
            self._refuse(
                key, f"the direction of battery {existing['id']} is {existing['direction']}, and not {direction}. {advice}")
            return False
        run.objective, run.direction = existing["objective"], existing["direction"]
        return True

    def _log(self, run: Run, state: dict[str, Any], known: stored.Entry | None, appends: bool) -> int:
        """Logs a run and returns the number of its rows.

        A second time it replaces the first, because its experiment has the same id and all rows are withdrawn, unless it appends.
        """
        client = self._client
        assert client is not None
        dropped, rows = client.counters.dropped, 0
        # An experiment that is known gets the next attempt: what a killed import left in its journal is then earlier.
        experiment = self._battery(run, client).experiment(
            resume=run.experiment, start=None if appends else 0, attempt=1 if known is None else None)
        try:
            if known is not None and known.state is not None:
                if appends:
                    state["parts"] = {**known.state["parts"], **state["parts"]}
                else:
                    # If this import is killed, the next one must not take the rows for those of the earlier state.
                    experiment.meta({stored.NAME: None})
            record_params(experiment, plain(run.params))
            about = {**run.times, **{name: value for name, value in run.meta.items() if value is not None}}
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
        key = (run.battery, run.tool, run.objective, run.direction, *sorted(run.directions.items()))
        if key not in self._batteries:
            self._batteries[key] = client.battery(
                run.battery, version=self._choice.version, description=stored.description(run.tool), objective=run.objective or "valid",
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
        for (name, tool), sums in sorted(self._sums.items()):
            text = f"{name}: {sums.runs} runs of {tool}, {sums.rows} rows"
            if self._client is None:
                direction = sums.direction or "with the direction of its name"
                print(f"{text}. Objective: {sums.objective}, {direction}. Channels: {_listed(sums.channels)}")
            else:
                changed = sums.runs - sums.new - sums.unchanged
                print(
                    f"{text}, {sums.new} new" + (f", {changed} changed" if changed else "")
                    + (f", {sums.unchanged} unchanged" if sums.unchanged else ""))
            if sums.objective not in sums.channels:
                self._tell_missing(name, sums)

    def _tell_missing(self, name: str, sums: _Sum) -> None:
        text = f"{name}: no run has the channel {sums.objective!r}, the objective, so that none is ranked. They have " + (
            _listed(sums.channels))
        if self._client is not None:
            self._report.note(f"{text}. Choose one of them for another battery by --objective and --name")
        elif self._choice.objective is not None:
            self._report.problem(text)
        else:
            self._report.note(f"{text}. Choose one of them by --objective")


def _direction(text: str | None) -> _client.Direction | None:
    return None if text is None else "min" if text == "min" else "max"


def _listed(channels: set[str]) -> str:
    names = sorted(channels)
    more = len(names) - _NAMES
    return (", ".join(names[:_NAMES]) or "none") + (f" and {more} more" if more > 0 else "")


def main(paths: list[Path], dry: bool, choice: Choice, replaces: bool = False) -> int:
    report = Report()
    found = sources(paths, report)
    if not found:
        return 1
    if dry:
        _run(found, Import(None, report, choice, replaces), report)
    else:
        with _client.connect() as client:
            work = Import(client, report, choice, replaces)
            if choice.objective is not None:
                # What cannot be read is said by the second reading.
                silent = Report(is_silent=True)
                work.check(run for source in found for run in _read(source, silent))
            _run(found, work, report)
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
