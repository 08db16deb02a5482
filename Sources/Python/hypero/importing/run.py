from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class ImportFailure(Exception):
    """A file that cannot be read, for the user to read."""


@dataclass
class Run:
    """A run of another tool."""

    #: The tool, and the id of the run there.
    tool: str
    id: str
    #: The project, experiment or study: the battery.
    project: str
    params: dict[str, Any] = field(default_factory=dict)
    meta: dict[str, Any] = field(default_factory=dict)
    #: Values by channel, by step.
    rows: dict[int, dict[str, float]] = field(default_factory=dict)
    #: Values of the best step, if the tool has them.
    maxima: dict[str, float] = field(default_factory=dict)
    #: done, failed or stopped.
    status: str = "done"
    reason: str | None = None
    objective: str | None = None
    direction: str | None = None

    @property
    def experiment(self) -> str:
        """The id of the experiment: the same at each import, so that a second import replaces the first."""
        digest = hashlib.sha256(f"{self.tool}\0{self.project}\0{self.id}".encode()).hexdigest()
        return f"{self.tool}-{digest[:20]}"

    def add(self, step: int, channel: str, value: Any) -> None:
        """Adds a value to a row. Steps below 0 are the first row."""
        try:
            number = float(value)
        except (TypeError, ValueError):
            self.meta[channel] = value
            return
        self.rows.setdefault(max(int(step), 0), {})[_channel(channel)] = number


def _channel(name: str) -> str:
    """Returns a name that hypero allows as a channel."""
    cleaned = "".join(character if character.isprintable() else " " for character in name) or "value"
    # These are names of hypero.
    return cleaned + "_" if cleaned in ("epoch", "source", "stated") else cleaned


def files(path: Path) -> Iterator[Path]:
    """Yields a file, or all files of a folder, in order."""
    if path.is_dir():
        for child in sorted(path.rglob("*")):
            if child.is_file():
                yield child
    else:
        yield path


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
        for name, value in values.items() if name and value is not None}
