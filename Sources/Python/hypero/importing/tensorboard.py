"""Event files of TensorBoard: each folder with such files is a run."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from .protobuf import fields, signed
from .run import Run

_FLOAT, _DOUBLE = 1, 2


def is_event_file(path: Path) -> bool:
    return "tfevents" in path.name


def from_folder(folder: Path, root: Path) -> Run:
    # The folder below the one that was named is the run, as in TensorBoard.
    inner = folder != root and root in folder.parents
    name = str(folder.relative_to(root)) if inner else folder.name
    run = Run("tensorboard", str(folder.resolve()), (root if inner else folder.parent).resolve().name or "tensorboard",
              meta={"name": name, "folder": str(folder.resolve())})
    for file in sorted(folder.iterdir()):
        if is_event_file(file):
            for event in _records(file.read_bytes()):
                _add_event(run, event)
    return run


def _records(data: bytes) -> Iterator[bytes]:
    """Yields the records of a TFRecord file: length, checksum, data, checksum. A cut record is the end: it is being written."""
    position = 0
    while position + 12 <= len(data):
        length = struct.unpack_from("<Q", data, position)[0]
        end = position + 12 + length + 4
        if end > len(data):
            return
        yield data[position + 12:position + 12 + length]
        position = end


def _add_event(run: Run, event: bytes) -> None:
    step, summaries = 0, []
    for number, value in fields(event):
        if number == 2:
            step = signed(value)
        elif number == 5:
            summaries.append(value)
    for summary in summaries:
        for number, value in fields(summary):
            if number == 1:
                _add_value(run, step, value)


def _add_value(run: Run, step: int, data: bytes) -> None:
    tag, number = "", None
    for field, value in fields(data):
        if field == 1:
            tag = value.decode("utf-8", "replace")
        elif field == 2:
            number = struct.unpack("<f", value)[0]
        elif field == 8:
            number = _scalar(value)
    if number is not None:
        run.add(step, tag, number)


def _scalar(tensor: bytes) -> float | None:
    """Returns the value of a tensor of one float or double; None for another tensor."""
    kind, content = 0, b""
    for field, value in fields(tensor):
        if field == 1:
            kind = value
        elif field == 4 or field == 5 and kind == _FLOAT or field == 6 and kind == _DOUBLE:
            content = value
    if kind == _FLOAT and len(content) == 4:
        return float(struct.unpack("<f", content)[0])
    return float(struct.unpack("<d", content)[0]) if kind == _DOUBLE and len(content) == 8 else None
