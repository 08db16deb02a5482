"""Runs of MLflow, in SQLite or in the folder mlruns."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .run import Run

_STATUS = {"FINISHED": "done", "FAILED": "failed", "KILLED": "stopped", "3": "done", "4": "failed", "5": "stopped"}


def _value(text: str) -> Any:
    """Returns a parameter, which MLflow stores as text."""
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return {"True": True, "False": False, "None": None}.get(text, text)


def _new(id: str, experiment: str, name: str | None, status: str) -> Run:
    run = Run("mlflow", id, experiment, status=_STATUS.get(status, "stopped"))
    run.meta = {"run": id, **({"name": name} if name else {})}
    if status not in _STATUS:
        run.reason = f"the status was {status}"
    return run


def _tags(run: Run, tags: dict[str, str]) -> None:
    run.meta.update({name: value for name, value in tags.items() if not name.startswith("mlflow.")})


def from_database(database: sqlite3.Connection) -> Iterator[Run]:
    experiments = dict(database.execute("SELECT experiment_id, name FROM experiments"))
    for id, experiment, name, status in database.execute(
            "SELECT run_uuid, experiment_id, name, status FROM runs ORDER BY start_time"):
        run = _new(id, experiments[experiment], name, status)
        run.params = {
            key: _value(value) for key, value in database.execute("SELECT key, value FROM params WHERE run_uuid = ?", (id,))}
        _tags(run, dict(database.execute("SELECT key, value FROM tags WHERE run_uuid = ?", (id,))))
        for key, value, step, is_nan in database.execute(
                "SELECT key, value, step, is_nan FROM metrics WHERE run_uuid = ? ORDER BY timestamp", (id,)):
            run.add(step, key, float("nan") if is_nan else value)
        yield run


def is_folder(path: Path) -> bool:
    """Returns whether a folder is a run of the file store."""
    return (path / "meta.yaml").is_file() and (path / "metrics").is_dir() and (path / "params").is_dir()


def from_folder(path: Path) -> Run:
    about = _yaml(path / "meta.yaml")
    above = _yaml(path.parent / "meta.yaml") if (path.parent / "meta.yaml").is_file() else {}
    run = _new(about.get("run_id", path.name), above.get("name", path.parent.name), about.get("run_name"),
               about.get("status", ""))
    run.params = {name: _value(file.read_text()) for name, file in _entries(path / "params")}
    _tags(run, {name: file.read_text() for name, file in _entries(path / "tags")})
    for name, file in _entries(path / "metrics"):
        for line in file.read_text().splitlines():
            parts = line.split(" ")
            run.add(int(parts[2]) if len(parts) > 2 else 0, name, parts[1])
    return run


def _entries(folder: Path) -> Iterator[tuple[str, Path]]:
    if folder.is_dir():
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                yield str(file.relative_to(folder)), file


def _yaml(path: Path) -> dict[str, str]:
    """Returns the texts of a file of `key: value` lines, which is all of YAML that MLflow writes here."""
    pairs = (line.partition(": ") for line in path.read_text().splitlines())
    return {key.strip(): value.strip().strip("'\"") for key, separator, value in pairs if separator}
