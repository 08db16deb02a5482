"""Offline runs of wandb: `run-<id>.wandb`, a log of LevelDB's format with protocol buffers."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .protobuf import fields, signed
from .run import Run, flat

HEAD = b":W&B"
_BLOCK = 32768
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
# Fields of Record.
_HISTORY, _SUMMARY, _RUN, _EXIT = 2, 3, 17, 18


def from_file(path: Path) -> Run:
    run = Run("wandb", path.stem, "uncategorized")
    run.status, run.reason = "stopped", "the run has no end"
    step = 0
    for record in _records(path.read_bytes()):
        for number, value in fields(record):
            if number == _RUN:
                _add_description(run, value)
            elif number == _HISTORY:
                row, stated = _items(value, 1), None
                for field, inner in fields(value):
                    if field == 2:
                        stated = next((signed(found) for key, found in fields(inner) if key == 1), 0)
                step = int(row.get("_step", step if stated is None else stated))
                for name, item in flat(row).items():
                    if not name.startswith("_") and not isinstance(item, (str, list)):
                        run.add(step, name, item)
                step += 1
            elif number == _SUMMARY:
                for name, item in flat(_items(value, 1)).items():
                    if not name.startswith("_") and isinstance(item, str):
                        run.meta[name] = item
            elif number == _EXIT:
                code = next((found for key, found in fields(value) if key == 1), 0)
                run.status, run.reason = ("failed", f"exit code {code}") if code else ("done", None)
    return run


def _add_description(run: Run, data: bytes) -> None:
    names = {6: "group", 7: "job_type", 8: "name", 9: "notes", 13: "hostname"}
    tags = []
    for field, value in fields(data):
        if field == 1:
            run.id = value.decode()
        elif field == 3:
            run.project = value.decode() or run.project
        elif field == 4:
            for name, item in _items(value, 1).items():
                if not name.startswith("_"):
                    run.params[name] = item
        elif field == 10:
            tags.append(value.decode())
        elif field in names and value:
            run.meta[names[field]] = value.decode()
    if tags:
        run.meta["tags"] = tags


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


def _records(data: bytes) -> Iterator[bytes]:
    """Yields the records. Each is in one fragment or several, none of which crosses the end of a block."""
    position, parts = 7, b""
    while position + 7 <= len(data):
        left = _BLOCK - position % _BLOCK
        if left < 7:
            position += left
            continue
        length, kind = struct.unpack_from("<HB", data, position + 4)
        fragment = data[position + 7:position + 7 + length]
        if kind not in (_FULL, _FIRST, _MIDDLE, _LAST) or len(fragment) < length:
            # The rest of a file that is being written.
            return
        position += 7 + length
        parts = fragment if kind in (_FULL, _FIRST) else parts + fragment
        if kind in (_FULL, _LAST):
            yield parts
