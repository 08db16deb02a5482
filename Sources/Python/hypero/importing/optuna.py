"""Studies of Optuna, in SQLite or in a journal file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .report import UNREADABLE, Report
from .run import Run, seconds

_STATUS = {"COMPLETE": "done", "PRUNED": "stopped", "FAIL": "failed"}
#: The numbers of the states in a journal, and of its operations.
_STATES = ["RUNNING", "COMPLETE", "PRUNED", "FAIL", "WAITING"]
_DIRECTIONS = {1: "min", 2: "max", "MINIMIZE": "min", "MAXIMIZE": "max"}
_CREATE_STUDY, _DELETE_STUDY, _CREATE_TRIAL, _SET_PARAM, _SET_STATE, _SET_INTERMEDIATE = 0, 1, 4, 5, 6, 7


def is_journal(head: bytes) -> bool:
    return head.startswith(b'{"op_code"') or head.startswith(b'{"worker_id"') and b'"op_code"' in head[:400]


def _value(number: float, distribution: str) -> Any:
    """Returns a parameter: categories are stored by their index."""
    described = json.loads(distribution)
    attributes = described["attributes"]
    if described["name"] == "CategoricalDistribution":
        return attributes["choices"][int(number)]
    return int(number) if "Int" in described["name"] else number


def _channels(count: int) -> list[str]:
    """Returns the names of the values of a trial: those of the callback in hypero.integrations."""
    return ["valid"] if count < 2 else [f"valid {index}" for index in range(count)]


def _new(study: str, number: int, directions: list[str], path: Path) -> Run:
    run = Run("optuna", str(number), study, path, meta={"trial": number})
    names = _channels(len(directions))
    run.objective, run.direction = names[0], directions[0] if directions else "max"
    run.directions = dict(zip(names[1:], directions[1:]))
    return run


def _set_state(run: Run, state: str) -> None:
    run.status, run.has_ended = _STATUS.get(state, "stopped"), state in _STATUS
    run.reason = {"COMPLETE": None, "FAIL": None, "PRUNED": "pruned"}.get(state, f"the state was {state}")


def _set_start(run: Run, time: str | None) -> None:
    # The name of a study and the number of a trial are not unique: other files have the same. A copy has the same times.
    run.identity = f"{run.id}\0{time or ''}"


def _tell_waiting(path: Path, waiting: dict[str, int], report: Report) -> None:
    for study, count in waiting.items():
        trials = "1 trial is not imported, because it has" if count == 1 else f"{count} trials are not imported, because they have"
        report.note(f"{path}: study {study}, {trials} not begun")


def from_database(database: sqlite3.Connection, path: Path, report: Report) -> Iterator[Run]:
    studies = dict(database.execute("SELECT study_id, study_name FROM studies"))
    directions: dict[int, list[str]] = {}
    for study, direction in database.execute("SELECT study_id, direction FROM study_directions ORDER BY study_id, objective"):
        directions.setdefault(study, []).append(_DIRECTIONS.get(direction, "max"))
    waiting: dict[str, int] = {}
    for trial, study, number, state, start, end in database.execute(
            "SELECT trial_id, study_id, number, state, datetime_start, datetime_complete FROM trials ORDER BY trial_id"):
        try:
            if state == "WAITING":
                waiting[studies[study]] = waiting.get(studies[study], 0) + 1
                continue
            run = _new(studies[study], number, directions.get(study, []), path)
            _set_state(run, state)
            _set_start(run, start or end)
            run.passes(seconds(start))
            run.passes(seconds(end))
            for name, value, distribution in database.execute(
                    "SELECT param_name, param_value, distribution_json FROM trial_params WHERE trial_id = ? ORDER BY param_id",
                    (trial,)):
                run.params[name] = _value(value, distribution)
            for step, value, kind in database.execute(
                    "SELECT step, intermediate_value, intermediate_value_type FROM trial_intermediate_values "
                    "WHERE trial_id = ? ORDER BY step", (trial,)):
                run.add(step, "valid", _number(value, kind))
            values = [
                _number(value, kind) for value, kind in database.execute(
                    "SELECT value, value_type FROM trial_values WHERE trial_id = ? ORDER BY objective", (trial,))]
            run.maxima = dict(zip(_channels(len(values)), values))
        except sqlite3.Error:
            raise
        except UNREADABLE as error:
            report.unreadable(f"{path}, trial {number}", error)
            continue
        yield run
    _tell_waiting(path, waiting, report)


def _number(value: float | None, kind: str) -> float:
    """Returns a number: a database has no infinities."""
    if kind.startswith("INF"):
        return float("-inf") if kind == "INF_NEG" else float("inf")
    return float("nan") if value is None else value


class _Journal:
    """The studies of a journal, after its entries so far. An entry names a study or a trial by its place among all of them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._studies: list[tuple[str, list[str]]] = []
        self._deleted: set[int] = set()
        self._trials: list[tuple[int, Run]] = []
        self._numbers: dict[int, int] = {}
        self._waiting: set[int] = set()

    def apply(self, entry: dict[str, Any]) -> None:
        operation = entry["op_code"]
        if operation == _CREATE_STUDY:
            self._studies.append((entry["study_name"], [_DIRECTIONS.get(way, "max") for way in entry.get("directions", [])]))
        elif operation == _DELETE_STUDY:
            self._deleted.add(entry["study_id"])
        elif operation == _CREATE_TRIAL:
            self._create(entry)
        elif operation == _SET_PARAM:
            self._run(entry).params[entry["param_name"]] = _value(entry["param_value_internal"], entry["distribution"])
        elif operation == _SET_STATE:
            self._set_state(entry["trial_id"], entry)
        elif operation == _SET_INTERMEDIATE:
            self._run(entry).add(entry["step"], "valid", entry["intermediate_value"])

    def _run(self, entry: dict[str, Any]) -> Run:
        trial: int = entry["trial_id"]
        return self._trials[trial][1]

    def _create(self, entry: dict[str, Any]) -> None:
        study = entry["study_id"]
        number = self._numbers[study] = self._numbers.get(study, -1) + 1
        name, directions = self._studies[study]
        run = _new(name, number, directions, self._path)
        for param, distribution in (entry.get("distributions") or {}).items():
            run.params[param] = _value(entry["params"][param], distribution)
        for step, value in (entry.get("intermediate_values") or {}).items():
            run.add(int(step), "valid", value)
        self._trials.append((study, run))
        self._set_state(len(self._trials) - 1, {"state": 0, **entry})

    def _set_state(self, trial: int, entry: dict[str, Any]) -> None:
        run, state = self._trials[trial][1], _STATES[entry["state"]]
        _set_state(run, state)
        (self._waiting.add if state == "WAITING" else self._waiting.discard)(trial)
        if run.identity is None and state != "WAITING" or state == "RUNNING":
            _set_start(run, entry.get("datetime_start") or entry.get("datetime_complete"))
        run.passes(seconds(entry.get("datetime_start")))
        run.passes(seconds(entry.get("datetime_complete")))
        values = entry.get("values") or ([] if entry.get("value") is None else [entry["value"]])
        run.maxima.update(zip(_channels(len(values)), values))

    def runs(self, report: Report) -> Iterator[Run]:
        waiting: dict[str, int] = {}
        for index, (study, run) in enumerate(self._trials):
            if study in self._deleted:
                continue
            if index in self._waiting:
                waiting[run.project] = waiting.get(run.project, 0) + 1
            else:
                yield run
        _tell_waiting(self._path, waiting, report)


def from_journal(path: Path, report: Report) -> Iterator[Run]:
    journal = _Journal(path)
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.endswith(b"\n"):
                # A line that is being written.
                break
            try:
                journal.apply(json.loads(line))
            except UNREADABLE as error:
                # Not passed over: if it made a study or a trial, all later entries would be of other ones.
                raise ValueError(f"line {number} is damaged, {type(error).__name__}: {error}") from error
    yield from journal.runs(report)
