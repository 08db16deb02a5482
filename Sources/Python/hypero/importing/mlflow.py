"""Runs of MLflow, in SQLite or in the folder mlruns."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .damage import Damage
from .report import UNREADABLE, Report
from .run import Run

#: Of the numbers, which the folder has.
_NAMES = {"1": "RUNNING", "2": "SCHEDULED", "3": "FINISHED", "4": "FAILED", "5": "KILLED"}
_STATUS = {"FINISHED": "done", "FAILED": "failed", "KILLED": "stopped"}


def _value(text: str) -> Any:
    """Returns a parameter. MLflow stores texts: a number is one that Python would write so, and 007 or 12e5 stays a text."""
    for number in (int, float):
        try:
            if str(number(text)) == text:
                return number(text)
        except ValueError:
            continue
    return {"True": True, "False": False, "None": None}.get(text, text)


def _number(value: float, is_nan: int) -> float:
    """Returns a value of the database, which has the largest number for an infinity."""
    if is_nan:
        return float("nan")
    return value if abs(value) < sys.float_info.max else float("inf") if value > 0 else float("-inf")


def _new(id: str, experiment: str, name: str | None, status: str, path: Path, report: Report) -> Run | None:
    """Returns a run. None, with a message, if it has not begun."""
    state = _NAMES.get(status, status)
    if state == "SCHEDULED":
        report.note(f"{path}: run {id} is not imported, because it has not begun")
        return None
    run = Run("mlflow", id, experiment, path, status=_STATUS.get(state, "stopped"))
    run.meta = {"run": id, **({"name": name} if name else {})}
    if state not in _STATUS:
        run.reason, run.has_ended = f"the status was {state}", False
    return run


def _set_times(run: Run, *times: Any) -> None:
    # In milliseconds. Of a run that goes on, the folder has the text null as its end.
    for time in times:
        if str(time).isdecimal():
            run.passes(int(time) / 1000)


def _add_tags(run: Run, tags: dict[str, str]) -> None:
    run.meta.update({name: value for name, value in tags.items() if not name.startswith("mlflow.")})


def from_database(database: sqlite3.Connection, path: Path, report: Report) -> Iterator[Run]:
    experiments = dict(database.execute("SELECT experiment_id, name FROM experiments"))
    # Side by side in one order: older databases have no index of these tables by run.
    order = "ORDER BY runs.start_time, runs.run_uuid"
    params, tags, metrics = (
        _Follower(database.execute(
            f"SELECT runs.run_uuid, {columns} FROM runs JOIN {table} AS other ON other.run_uuid = runs.run_uuid {order}{then}"))
        for columns, table, then in (
            ("other.key, other.value", "params", ""), ("other.key, other.value", "tags", ""),
            ("other.key, other.value, other.step, other.is_nan", "metrics", ", other.timestamp, other.step, other.value")))
    for id, experiment, name, status, *times in database.execute(
            f"SELECT run_uuid, experiment_id, name, status, start_time, end_time FROM runs {order}"):
        # The rows of a run that cannot be read are passed over too.
        its_params, its_tags, its_metrics = params.rows(id), tags.rows(id), metrics.rows(id)
        try:
            run = _new(id, experiments[experiment], name, status, path, report)
            if run is not None:
                run.params = {key: _value(value) for _, key, value in its_params}
                _set_times(run, *times)
                _add_tags(run, {key: value for _, key, value in its_tags})
                for _, key, value, step, is_nan in its_metrics:
                    run.add(step, key, _number(value, is_nan))
                yield run
        except sqlite3.Error:
            raise
        except UNREADABLE as error:
            report.unreadable(f"{path}, run {id}", error)
        for rest in (its_params, its_tags, its_metrics):
            for _ in rest:
                pass


class _Follower:
    """Rows that begin with a run, in the order of the runs."""

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self._cursor = cursor
        self._next = cursor.fetchone()

    def rows(self, run: str) -> Iterator[tuple[Any, ...]]:
        while self._next is not None and self._next[0] == run:
            row, self._next = self._next, self._cursor.fetchone()
            yield row


def is_folder(path: Path) -> bool:
    """Returns whether a folder is a run of the file store."""
    return (path / "meta.yaml").is_file() and (path / "metrics").is_dir() and (path / "params").is_dir()


def from_folder(path: Path, report: Report) -> Iterator[Run]:
    about = _yaml(path / "meta.yaml")
    above = _yaml(path.parent / "meta.yaml") if (path.parent / "meta.yaml").is_file() else {}
    run = _new(about.get("run_id", path.name), above.get("name", path.parent.name), about.get("run_name"),
               about.get("status", ""), path, report)
    if run is None:
        return
    _set_times(run, about.get("start_time"), about.get("end_time"))
    run.params = {name: _value(file.read_text(encoding="utf-8")) for name, file in _entries(path / "params")}
    _add_tags(run, {name: file.read_text(encoding="utf-8") for name, file in _entries(path / "tags")})
    for name, file in _entries(path / "metrics"):
        damage, position = Damage(file), 0
        with file.open("rb") as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    # A line that is being written.
                    break
                try:
                    _, value, *step = line.split()
                    run.add(int(step[0]) if step else 0, name, float(value))
                except UNREADABLE:
                    damage.record(position)
                position += len(line)
        damage.tell(report)
    yield run


def _entries(folder: Path) -> Iterator[tuple[str, Path]]:
    if folder.is_dir():
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                yield str(file.relative_to(folder)), file


def _yaml(path: Path) -> dict[str, str]:
    """Returns the texts of a file of `key: value` lines, which is all of YAML that MLflow writes here."""
    pairs = (line.partition(": ") for line in path.read_text(encoding="utf-8").splitlines())
    return {key.strip(): value.strip().strip("'\"") for key, separator, value in pairs if separator}
