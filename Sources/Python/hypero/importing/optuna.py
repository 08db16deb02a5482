"""Studies of Optuna, in SQLite or in a journal file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .run import Run

_STATUS = {"COMPLETE": "done", "PRUNED": "stopped", "FAIL": "failed"}
#: The numbers of the states in a journal, and of its operations.
_STATES = ["RUNNING", "COMPLETE", "PRUNED", "FAIL", "WAITING"]
_DIRECTIONS = {1: "min", 2: "max", "MINIMIZE": "min", "MAXIMIZE": "max"}
_CREATE_STUDY, _CREATE_TRIAL, _SET_PARAM, _SET_STATE, _SET_INTERMEDIATE = 0, 4, 5, 6, 7


def is_journal(head: bytes) -> bool:
    return head.startswith(b'{"op_code"') or head.startswith(b'{"worker_id"') and b'"op_code"' in head[:400]


def _value(number: float, distribution: str) -> Any:
    """Returns a parameter: categories are stored by their index."""
    described = json.loads(distribution)
    attributes = described["attributes"]
    if described["name"] == "CategoricalDistribution":
        return attributes["choices"][int(number)]
    return int(number) if "Int" in described["name"] else number


def _new(study: str, number: int, state: str, directions: list[str]) -> Run:
    run = Run("optuna", str(number), study, meta={"trial": number}, status=_STATUS.get(state, "stopped"))
    run.objective, run.direction = "valid", directions[0] if directions else "max"
    if state not in _STATUS:
        run.reason = f"the state was {state}"
    return run


def _add_values(run: Run, values: list[float]) -> None:
    names = ["valid"] if len(values) == 1 else ["valid", *(f"value {index}" for index in range(1, len(values)))]
    run.maxima.update(zip(names, values))


def from_database(database: sqlite3.Connection) -> Iterator[Run]:
    studies = dict(database.execute("SELECT study_id, study_name FROM studies"))
    directions: dict[int, list[str]] = {}
    for study, direction in database.execute("SELECT study_id, direction FROM study_directions ORDER BY study_id, objective"):
        directions.setdefault(study, []).append(_DIRECTIONS.get(direction, "max"))
    for trial, study, number, state in database.execute("SELECT trial_id, study_id, number, state FROM trials ORDER BY trial_id"):
        run = _new(studies[study], number, state, directions.get(study, []))
        for name, value, distribution in database.execute(
                "SELECT param_name, param_value, distribution_json FROM trial_params WHERE trial_id = ?", (trial,)):
            run.params[name] = _value(value, distribution)
        for step, value, kind in database.execute(
                "SELECT step, intermediate_value, intermediate_value_type FROM trial_intermediate_values WHERE trial_id = ?",
                (trial,)):
            run.add(step, "valid", _number(value, kind))
        _add_values(run, [
            _number(value, kind) for value, kind in database.execute(
                "SELECT value, value_type FROM trial_values WHERE trial_id = ? ORDER BY objective", (trial,))])
        yield run


def _number(value: float | None, kind: str) -> float:
    """Returns a number: a database has no infinities."""
    if kind.startswith("INF"):
        return float("-inf") if kind == "INF_NEG" else float("inf")
    return float("nan") if value is None else value


def from_journal(path: Path) -> Iterator[Run]:
    studies: list[tuple[str, list[str]]] = []
    runs: list[Run] = []
    numbers: dict[int, int] = {}
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if not line.endswith("\n"):
                # A line that is being written.
                break
            entry = json.loads(line)
            operation = entry["op_code"]
            if operation == _CREATE_STUDY:
                studies.append((entry["study_name"], [_DIRECTIONS.get(way, "max") for way in entry.get("directions", [])]))
            elif operation == _CREATE_TRIAL:
                study = entry["study_id"]
                numbers[study] = numbers.get(study, -1) + 1
                run = _new(studies[study][0], numbers[study], "RUNNING", studies[study][1])
                for name, distribution in (entry.get("distributions") or {}).items():
                    run.params[name] = _value(entry["params"][name], distribution)
                runs.append(run)
                if "state" in entry:
                    _end(run, entry)
            elif operation == _SET_PARAM:
                runs[entry["trial_id"]].params[entry["param_name"]] = _value(
                    entry["param_value_internal"], entry["distribution"])
            elif operation == _SET_STATE:
                _end(runs[entry["trial_id"]], entry)
            elif operation == _SET_INTERMEDIATE:
                runs[entry["trial_id"]].add(entry["step"], "valid", entry["intermediate_value"])
    yield from runs


def _end(run: Run, entry: dict[str, Any]) -> None:
    state = _STATES[entry["state"]]
    if state in _STATUS:
        run.status, run.reason = _STATUS[state], None
    values = entry.get("values") or ([] if entry.get("value") is None else [entry["value"]])
    _add_values(run, values)
