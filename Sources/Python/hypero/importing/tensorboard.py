"""Event files of TensorBoard: each folder with such files is a run."""

from __future__ import annotations

import hashlib
import itertools
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from .damage import Damage, masked_crc32c
from .protobuf import fields, signed
from .report import UNREADABLE, Report
from .run import Run

_FLOAT, _DOUBLE = 1, 2
_STATUS_FAILURE = 2
#: The length up to which the checksum of each record is verified. Longer ones are images and the like, unless they have a scalar.
_SMALL = 65536


def is_event_file(path: Path) -> bool:
    return "tfevents" in path.name


def from_folder(folder: Path, root: Path, report: Report) -> Iterator[Run]:
    # The folder below the one that was named is the run, as in TensorBoard.
    inner = folder != root and root in folder.parents
    name = str(folder.relative_to(root)) if inner else folder.resolve().name
    project = (root if inner else folder.parent).resolve().name or "tensorboard"
    run = Run("tensorboard", name, project, folder, meta={"name": name, "folder": str(folder.resolve())}, is_unique=True)
    sessions = sessions_of(folder)
    for file in sorted(filter(is_event_file, folder.iterdir())):
        damage = Damage(file)
        # The name begins with the time.
        run.begin(f"{file.name[:40]} {hashlib.sha256(file.name.encode('utf-8', 'replace')).hexdigest()[:8]}")
        try:
            with file.open("rb") as opened:
                for position, event in _records(opened, damage):
                    if run.identity is None:
                        if damage.count:
                            break
                        # The first event has the time of the start. A moved folder keeps it, and its own name.
                        started = hashlib.sha256(event).hexdigest()[:20]
                        run.identity = f"{folder.resolve().name}\0{file.name}\0{started}"
                    try:
                        _add_event(run, event)
                    except UNREADABLE:
                        damage.record(position)
        except OSError as error:
            report.unreadable(file, error)
            if run.identity is None:
                return
        if run.identity is None and damage.count:
            report.problem(
                f"{folder}: not imported, because the first event in {file.name} is damaged, which identifies the run. Restore the "
                f"file, and import it again")
            return
        damage.tell(report)
    if run.identity is None:
        report.note(f"{folder}: not imported, because it has no event yet. Import it again later")
    else:
        for session in sessions:
            _add_session(run, session, report)
        yield run


def sessions_of(folder: Path) -> list[Path]:
    """Returns the folders in which `add_hparams` of a writer of this folder has written hyper-parameters and final metrics.

    A folder whose own events have no scalar is no training: it has the description of a search, and the sessions are its trainings.
    """
    found = [child for child in sorted(folder.iterdir()) if child.is_dir() and _is_session(child)]
    return found if found and any(run.channels for run in _beginning(folder, None)) else []


def _is_session(folder: Path) -> bool:
    return any(run.params for run in _beginning(folder, 10))


def _beginning(folder: Path, count: int | None) -> Iterator[Run]:
    """Yields what the first events of a folder's files have, after each event."""
    for file in sorted(filter(is_event_file, folder.iterdir())):
        run = Run("tensorboard", "", "", folder)
        try:
            with file.open("rb") as opened:
                for _, event in itertools.islice(_records(opened, Damage(file)), count):
                    _add_event(run, event)
                    yield run
        except UNREADABLE:
            continue


def _add_session(run: Run, folder: Path, report: Report) -> None:
    session = Run("tensorboard", "", "", folder)
    for file in sorted(filter(is_event_file, folder.iterdir())):
        damage = Damage(file)
        with file.open("rb") as opened:
            for position, event in _records(opened, damage):
                try:
                    _add_event(session, event)
                except UNREADABLE:
                    damage.record(position)
        damage.tell(report)
    run.params.update(session.params)
    if session.status == "failed":
        run.status = "failed"
    known = run.channels
    for rows in session.parts.values():
        run.maxima.update({name: rows.values(name)[-1] for name in rows.channels if name not in known})


def _records(file: BinaryIO, damage: Damage) -> Iterator[tuple[int, bytes]]:
    """Yields the position and the content of the records of a TFRecord file: length, checksum, data, checksum.

    A cut record is the end: it is being written.
    """
    size, position = os.fstat(file.fileno()).st_size, 0
    while len(head := file.read(12)) == 12:
        length, checksum = struct.unpack("<QI", head)
        if masked_crc32c(head[:8]) != checksum:
            damage.rest(position)
            return
        end = position + 12 + length + 4
        if end > size:
            return
        data = file.read(length)
        checksum = struct.unpack("<I", file.read(4))[0]
        if (length <= _SMALL or _has_scalar(data)) and masked_crc32c(data) != checksum:
            damage.record(position)
        else:
            yield position, data
        position = end


def _has_scalar(data: bytes) -> bool:
    found = Run("", "", "", Path())
    try:
        _add_event(found, data)
    except UNREADABLE:
        return True
    return bool(found.parts)


def _add_event(run: Run, event: bytes) -> None:
    step, summaries = 0, []
    for number, value in fields(event):
        if number == 1:
            run.passes(struct.unpack("<d", value)[0])
        elif number == 2:
            step = signed(value)
        elif number == 5:
            summaries.append(value)
    for summary in summaries:
        for number, value in fields(summary):
            if number == 1:
                _add_value(run, step, value)


def _add_value(run: Run, step: int, data: bytes) -> None:
    tag, number, is_session = "", None, False
    for field, value in fields(data):
        if field == 1:
            tag = value.decode("utf-8", "replace")
        elif field == 2:
            number = struct.unpack("<f", value)[0]
        elif field == 8:
            number = _scalar(value)
        elif field == 9:
            is_session = _add_plugin(run, value)
    if is_session:
        return
    if number is not None:
        run.add(step, tag, number)


def _add_plugin(run: Run, metadata: bytes) -> bool:
    """Adds what the plugin hparams has written: the hyper-parameters, or the status of the end. Returns False for other plugins."""
    name, content = "", b""
    for field, value in fields(metadata):
        if field == 1:
            for inner, part in fields(value):
                name, content = (part.decode(), content) if inner == 1 else (name, part)
    if name != "hparams":
        return False
    for field, value in fields(content):
        if field == 3:
            run.params.update(dict(_hyper_parameter(entry) for inner, entry in fields(value) if inner == 1))
        elif field == 4 and dict(fields(value)).get(1) == _STATUS_FAILURE:
            run.status = "failed"
    return True


def _hyper_parameter(entry: bytes) -> tuple[str, Any]:
    """Returns a name and its value: a number, a text or a bool."""
    name, found = "", None
    for field, value in fields(entry):
        if field == 1:
            name = value.decode()
            continue
        for kind, content in fields(value):
            if kind == 2:
                number = struct.unpack("<d", content)[0]
                # All numbers are doubles there.
                found = int(number) if number.is_integer() and abs(number) < 2**53 else number
            elif kind in (3, 4):
                found = content.decode() if kind == 3 else bool(content)
    return name, found


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
