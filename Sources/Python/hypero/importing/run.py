from __future__ import annotations

import datetime
import hashlib
import heapq
import itertools
import json
import math
import operator
import os
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import _values
from .report import Report

#: Texts of the numbers that JSON does not have, as the tools write them.
NONFINITE = frozenset(("NaN", "Infinity", "-Infinity"))


class ImportFailure(Exception):
    """An import that cannot go on, for the user to read."""


class Rows:
    """Values by channel and step: 16 bytes per value, because a file may have millions."""

    def __init__(self) -> None:
        self._channels: dict[str, tuple[array[int], array[float]]] = {}

    def add(self, step: int, channel: str, value: float) -> None:
        columns = self._channels.get(channel)
        if columns is None:
            columns = self._channels[channel] = (array("q"), array("d"))
        columns[0].append(step)
        columns[1].append(value)

    @property
    def channels(self) -> Iterable[str]:
        return self._channels

    def values(self, channel: str) -> Sequence[float]:
        return self._channels[channel][1]

    @property
    def count(self) -> int:
        """The number of values."""
        return sum(len(values) for _, values in self._channels.values())

    @property
    def digest(self) -> str:
        found = hashlib.sha256()
        for name, (steps, values) in sorted(self._channels.items()):
            found.update(f"{name}\0{len(steps)}\0".encode("utf-8", "replace"))
            found.update(steps.tobytes())
            found.update(values.tobytes())
        return found.hexdigest()[:16]

    def columns(self) -> Iterator[Iterator[tuple[int, str, float]]]:
        """Yields the step, the channel and the value of each value of a channel, by step, for each channel."""
        for name, (steps, values) in self._channels.items():
            if all(map(operator.le, steps, itertools.islice(steps, 1, None))):
                yield zip(steps, itertools.repeat(name), values)
            else:
                order = sorted(range(len(steps)), key=steps.__getitem__)
                yield zip(map(steps.__getitem__, order), itertools.repeat(name), map(values.__getitem__, order))


@dataclass
class Run:
    """A run of another tool."""

    #: The tool, and the id of the run there.
    tool: str
    id: str
    #: The project, experiment or study: the battery.
    project: str
    #: The file or the folder, for messages.
    path: Path
    #: The text that tells this run from all others of the project, in whichever folder its files are. None: the id.
    identity: str | None = None
    #: True if no other project has a run of this identity, so that the experiment keeps its battery wherever it is found.
    is_unique: bool = False
    params: dict[str, Any] = field(default_factory=dict)
    meta: dict[str, Any] = field(default_factory=dict)
    #: The rows of each part: a file of several that make one run. The keys of the parts sort by time, and later parts win.
    parts: dict[str, Rows] = field(default_factory=dict)
    #: Values of the best step, if the tool has them.
    maxima: dict[str, float] = field(default_factory=dict)
    #: done, failed or stopped.
    status: str = "done"
    reason: str | None = None
    #: False if the source has no end of the run, which may go on.
    has_ended: bool = True
    objective: str | None = None
    direction: str | None = None
    #: The directions of other channels.
    directions: dict[str, str] = field(default_factory=dict)
    #: The times of the start and the end in Unix seconds, if the tool has them.
    start: float | None = None
    end: float | None = None
    #: The battery if it is not the project, and the text that tells its experiments from those of the project.
    battery: str = ""
    variant: str = ""

    def __post_init__(self) -> None:
        self._rows: Rows | None = None
        self.battery = self.battery or self.project

    @property
    def experiment(self) -> str:
        """The id of the experiment: the same at each import, so that a second import replaces the first."""
        identity = self.id if self.identity is None else self.identity
        text = f"{self.tool}\0{'' if self.is_unique else self.project}\0{identity}{self.variant}"
        digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
        return f"{self.tool}-{digest[:20]}"

    def begin(self, part: str) -> None:
        """Begins a part: the next values are of it."""
        self._rows = self.parts[part] = Rows()

    def add(self, step: int, channel: str, value: Any) -> None:
        """Adds a value to a row. Steps below 0 are the first row. A text is metadata, unless it is a number that JSON lacks."""
        try:
            if isinstance(value, str) and value not in NONFINITE:
                raise ValueError
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            self.meta[channel] = value
            return
        if self._rows is None:
            self.begin("")
            assert self._rows is not None
        self._rows.add(max(int(step), 0), clean_channel(channel), number)

    def passes(self, time: float | None) -> None:
        """Notes that the run went on at a time in Unix seconds."""
        if time is not None and time > 0:
            self.start = time if self.start is None else min(self.start, time)
            self.end = time if self.end is None else max(self.end, time)

    @property
    def channels(self) -> set[str]:
        """The names of all values."""
        return {name for rows in self.parts.values() for name in rows.channels} | set(self.maxima)

    @property
    def times(self) -> dict[str, Any]:
        """The start as a text and the duration in seconds, as metadata: those of the experiment are the times of the import."""
        if self.start is None or self.end is None:
            return {}
        try:
            started = datetime.datetime.fromtimestamp(self.start, datetime.timezone.utc).isoformat(timespec="seconds")
        except (ValueError, OverflowError, OSError):
            return {}
        return {"started": started, "duration": round(self.end - self.start, 3)}

    def rows(self) -> Iterator[tuple[int, dict[str, float]]]:
        """Yields each step and its row."""
        columns = [column for _, rows in sorted(self.parts.items()) for column in rows.columns()]
        # Of equal steps, the merge yields those of earlier parts first.
        for step, items in itertools.groupby(heapq.merge(*columns, key=operator.itemgetter(0)), operator.itemgetter(0)):
            yield step, {name: value for _, name, value in items}

    @property
    def state(self) -> dict[str, Any]:
        """The state of the source, which the metadata keep.

        A digest, whether the run has an end, and the number of values and a digest of each part.
        """
        # The name depends on the folder that was named, and the battery keeps its objective.
        meta = {name: value for name, value in self.meta.items() if name != "name" or not self.is_unique}
        about = [self.params, meta, self.maxima, self.status, self.reason, self.times]
        text = json.dumps(about, sort_keys=True, default=str)
        parts = {name: [rows.count, rows.digest] for name, rows in sorted(self.parts.items()) if rows.count}
        digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
        return {"run": digest, "ended": self.has_ended, "parts": parts}


@dataclass
class Source:
    """A file, a folder, or some files that belong together."""

    path: Path
    #: Reads the runs one by one. A run that cannot be read goes to the report.
    read: Callable[[Report], Iterator[Run]]
    #: The number of runs, for the display of progress.
    count: int = 1


def seconds(text: str | None) -> float | None:
    """Returns the Unix time of a date in ISO 8601, without a zone in local time."""
    try:
        return None if text is None else datetime.datetime.fromisoformat(text).timestamp()
    except (ValueError, TypeError, OverflowError, OSError):
        return None


def clean_channel(name: str) -> str:
    """Returns a name that hypero allows as a channel."""
    cleaned = "".join(character if character.isprintable() else " " for character in name) or "value"
    return _values.channel(cleaned)


def files(path: Path, report: Report) -> Iterator[Path]:
    """Yields a file, or all files of a folder, in order."""
    if not path.is_dir():
        yield path
        return
    for folder, folders, names in os.walk(path, onerror=lambda error: report.unreadable(error.filename, error)):
        folders.sort()
        if "meta.yaml" in names:
            # The files in these folders of a run of MLflow have one value each.
            folders[:] = [name for name in folders if name not in ("metrics", "params", "tags")]
        for name in sorted(names):
            file = Path(folder, name)
            if file.is_file():
                yield file


def flat(values: Any, prefix: str = "") -> dict[str, Any]:
    """Returns a value with the keys of inner dicts as a/b."""
    if not isinstance(values, dict):
        return {prefix.rstrip("/"): values}
    found: dict[str, Any] = {}
    for key, value in values.items():
        found.update(flat(value, f"{prefix}{key}/"))
    return found


def plain(values: dict[str, Any]) -> dict[str, Any]:
    """Returns values with the numbers that JSON does not have as text."""
    return {
        name: str(value) if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in values.items() if name}
