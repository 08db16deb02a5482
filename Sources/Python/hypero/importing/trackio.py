"""Runs of trackio, in one SQLite file per project."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator

from .run import Run, flat


def from_database(database: sqlite3.Connection, project: str) -> Iterator[Run]:
    columns = {row[1] for row in database.execute("PRAGMA table_info(metrics)")}
    # Older versions have names alone.
    key = "run_id" if "run_id" in columns else "run_name"
    runs: dict[str, Run] = {}
    for id, name, step, metrics in database.execute(
            f"SELECT {key}, run_name, step, metrics FROM metrics ORDER BY timestamp"):
        run = runs.setdefault(str(id or name), Run("trackio", str(id or name), project, meta={"name": name}))
        for channel, value in flat(json.loads(metrics)).items():
            run.add(step or 0, channel, value)
    tables = {row[0] for row in database.execute("SELECT name FROM sqlite_master")}
    if "configs" in tables:
        key = "run_id" if "run_id" in {row[1] for row in database.execute("PRAGMA table_info(configs)")} else "run_name"
        for id, name, config in database.execute(f"SELECT {key}, run_name, config FROM configs"):
            run = runs.setdefault(str(id or name), Run("trackio", str(id or name), project, meta={"name": name}))
            for name, value in flat(json.loads(config)).items():
                (run.meta if name.startswith("_") else run.params)[name.lstrip("_")] = value
    yield from runs.values()
