"""Runs of trackio, in one SQLite file per project."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from .report import UNREADABLE, Report
from .run import Run, flat, seconds


def from_database(database: sqlite3.Connection, path: Path, report: Report) -> Iterator[Run]:
    key = _key(database, "metrics")
    configs: dict[str, str] = {}
    tables = {row[0] for row in database.execute("SELECT name FROM sqlite_master")}
    if "configs" in tables:
        configs = dict(database.execute(f"SELECT {_key(database, 'configs')}, config FROM configs"))
    rows = database.execute(f"SELECT {key}, run_name, step, metrics, timestamp FROM metrics ORDER BY {key}, timestamp, id")
    for id, group in groupby(rows, itemgetter(0)):
        run = None
        try:
            for _, name, step, metrics, timestamp in group:
                if run is None:
                    # Files of older versions have names alone, and get ids at a later version. The time of the first row stays.
                    run = Run("trackio", str(name), path.stem, path, identity=f"{name}\0{timestamp}", meta={"name": name})
                run.passes(seconds(timestamp))
                for channel, value in flat(json.loads(metrics)).items():
                    run.add(step or 0, channel, value)
            assert run is not None
            for name, value in flat(json.loads(configs.pop(id, "{}"))).items():
                (run.meta if name.startswith("_") else run.params)[name.lstrip("_")] = value
        except sqlite3.Error:
            raise
        except UNREADABLE as error:
            report.unreadable(f"{path}, run {id}", error)
            continue
        yield run
    if configs:
        runs = "1 run is not imported, because it has" if len(configs) == 1 else (
            f"{len(configs)} runs are not imported, because they have")
        report.note(f"{path}: {runs} no rows yet. Import it again later")


def _key(database: sqlite3.Connection, table: str) -> str:
    """Returns the column that names a run. Older versions have names alone."""
    columns = {row[1] for row in database.execute(f"PRAGMA table_info({table})")}
    return "COALESCE(NULLIF(run_id, ''), run_name)" if "run_id" in columns else "run_name"
