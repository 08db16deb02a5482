"""Offline runs of wandb: `run-<id>.wandb`, a log of LevelDB's format with protocol buffers."""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from .damage import Damage
from .protobuf import fields, signed
from .report import UNREADABLE, Report
from .run import NONFINITE, Run, clean_channel, flat

HEAD = b":W&B"
_BLOCK = 32768
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
# Fields of Record.
_HISTORY, _SUMMARY, _CONFIG, _RUN, _EXIT = 2, 3, 5, 17, 18


@dataclass
class Part:
    """A file of a run. A run that was resumed has several, in folders of their own."""

    path: Path
    id: str
    project: str
    #: Sorts by the time of the start, and is the same wherever the file is.
    key: str
    #: In Unix seconds, 0 if the file does not say it.
    start: float


def part(path: Path, report: Report) -> Part | None:
    """Returns which run a file is of. Reads its first records only. None, with a message, if the file does not say."""
    damage = Damage(path)
    with path.open("rb") as opened:
        for position, record in _records(opened, damage):
            try:
                for number, value in fields(record):
                    if number == _RUN:
                        return _described(path, value)
            except UNREADABLE:
                damage.record(position)
    if damage.count:
        report.problem(
            f"{path}: not imported, because the record of its run is damaged. Restore the file, and import it again")
    else:
        report.note(f"{path}: not imported, because it has no record of its run yet. Import it again later")
    return None


def _described(path: Path, data: bytes) -> Part:
    id, project, seconds, nanoseconds = "", "", 0, 0
    for field, value in fields(data):
        if field == 1:
            id = value.decode()
        elif field == 3:
            project = value.decode()
        elif field == 17:
            for inner, number in fields(value):
                seconds, nanoseconds = (number, nanoseconds) if inner == 1 else (seconds, number)
    key = f"{seconds:011d}.{nanoseconds:09d} {hashlib.sha256(data).hexdigest()[:8]}"
    return Part(path, id or path.stem, project or "uncategorized", key, seconds + nanoseconds / 1e9)


def from_parts(parts: list[Part], report: Report) -> Iterator[Run]:
    # Of copies of a part, the longest is the last one.
    parts = sorted(parts, key=lambda part: (part.key, part.path.stat().st_size))
    run = Run("wandb", parts[0].id, parts[0].project, parts[-1].path)
    summary: dict[str, Any] = {}
    for part in parts:
        before = run.parts.pop(part.key, None)
        run.begin(part.key)
        damage = Damage(part.path)
        run.passes(part.start)
        run.status, run.reason, run.has_ended = "stopped", "the run has no end", False
        try:
            with part.path.open("rb") as opened:
                _add_part(run, part, summary, opened, damage)
        except OSError as error:
            report.unreadable(part.path, error)
        damage.tell(report)
        if before is not None and before.count > run.parts[part.key].count:
            run.parts[part.key] = before
    # The summary also has the latest value of each channel.
    channels = run.channels
    run.maxima = {name: value for name, value in summary.items() if name not in channels}
    yield run


def _add_part(run: Run, part: Part, summary: dict[str, float], opened: BinaryIO, damage: Damage) -> None:
    step = 0
    for position, record in _records(opened, damage):
        try:
            for number, value in fields(record):
                if number == _RUN:
                    step = max(step, _add_description(run, value))
                elif number == _CONFIG:
                    _add_config(run, value)
                elif number == _HISTORY:
                    step = _add_row(run, value, step) + 1
                elif number == _SUMMARY:
                    _add_summary(run, summary, value)
                elif number == _EXIT:
                    numbers = dict(fields(value))
                    code = numbers.get(1, 0)
                    # In whole seconds.
                    run.passes(part.start + numbers.get(2, 0))
                    run.status, run.reason = ("failed", f"exit code {code}") if code else ("done", None)
                    run.has_ended = True
        except UNREADABLE:
            damage.record(position)


def _add_summary(run: Run, summary: dict[str, float], data: bytes) -> None:
    for key, item in _items(data, 1).items():
        # Of an image, a table and the like.
        if key.startswith("_") or isinstance(item, dict) and "_type" in item:
            continue
        for name, value in flat({key: item}).items():
            if isinstance(value, bool) or isinstance(value, str) and value not in NONFINITE:
                run.meta[name] = value
            elif isinstance(value, (int, float, str)):
                summary[clean_channel(name)] = float(value)


def _add_row(run: Run, data: bytes, step: int) -> int:
    """Adds a row, and returns its step: that of the row, or the next one."""
    row, stated = _items(data, 1), None
    for field, inner in fields(data):
        if field == 2:
            stated = next((signed(found) for key, found in fields(inner) if key == 1), 0)
    step = int(row.get("_step", step if stated is None else stated))
    time = row.get("_timestamp")
    run.passes(time if isinstance(time, (int, float)) else None)
    for name, item in flat(row).items():
        if not name.startswith("_") and (item in NONFINITE if isinstance(item, str) else not isinstance(item, list)):
            run.add(step, name, item)
    return step


def _add_description(run: Run, data: bytes) -> int:
    """Adds the description of a run, and returns its first step."""
    names = {6: "group", 7: "job_type", 8: "name", 9: "notes", 13: "hostname"}
    tags, step = [], 0
    for field, value in fields(data):
        if field == 4:
            _add_config(run, value)
        elif field == 10:
            tags.append(value.decode())
        elif field == 14:
            step = signed(value)
        elif field in names and value:
            run.meta[names[field]] = value.decode()
    if tags:
        run.meta["tags"] = tags
    return step


def _add_config(run: Run, data: bytes) -> None:
    for name, item in _items(data, 1).items():
        if not name.startswith("_"):
            run.params[name] = item
    for name in _items(data, 2):
        run.params.pop(name, None)


def _items(data: bytes, number: int) -> dict[str, Any]:
    """Returns the items of a record: a key or a nested key, and a JSON text."""
    found = {}
    for field, item in fields(data):
        if field != number:
            continue
        key, nested, text = "", [], "null"
        for inner, value in fields(item):
            if inner == 1:
                key = value.decode()
            elif inner == 2:
                nested.append(value.decode())
            elif inner == 16:
                text = value.decode()
        found["/".join(nested) or key] = json.loads(text)
    return found


def _records(file: BinaryIO, damage: Damage) -> Iterator[tuple[int, bytes]]:
    """Yields the position and the content of the records. Each is in one fragment or several, none of which crosses the end of a
    block.

    A cut record is the end: it is being written. After a damaged one, the next good fragment is looked for.
    """
    start, first, is_damaged = 0, 0, False
    # None outside a record: the first fragment is empty if only its head fits in a block.
    parts: bytearray | None = None
    while block := file.read(_BLOCK):
        position = 7 if start == 0 else 0
        while position + 7 <= len(block):
            checksum, length, kind = struct.unpack_from("<IHB", block, position)
            here, end = start + position, position + 7 + length
            if end > len(block):
                if len(block) < _BLOCK:
                    return
                is_good = False
                end = len(block)
            else:
                is_good = kind in (_FULL, _FIRST, _MIDDLE, _LAST) and zlib.crc32(block[position + 6:end]) == checksum
            if not is_good:
                # Once for a row of them: a damaged length also makes the next ones unreadable.
                if not is_damaged:
                    damage.record(here)
                is_damaged, parts = True, None
                if kind == 0:
                    # Zeros of a full disk, up to the end of the block.
                    end = len(block)
            elif kind in (_FULL, _FIRST):
                parts, first, is_damaged = bytearray(block[position + 7:end]), here, False
            elif parts is not None:
                parts += block[position + 7:end]
            elif not is_damaged:
                damage.record(here)
                is_damaged = True
            position = end
            if parts is not None and kind in (_FULL, _LAST):
                yield first, bytes(parts)
                parts = None
        start += len(block)
