"""The wire format of protocol buffers, as far as the importers need it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """Yields the number and the value of each field: an int, or bytes for a text, an inner message and a number of fixed size."""
    position = 0
    while position < len(data):
        key, position = _varint(data, position)
        kind = key & 7
        if kind == 0:
            value, position = _varint(data, position)
            yield key >> 3, value
            continue
        if kind == 2:
            length, position = _varint(data, position)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise ValueError(f"unknown type of a field: {kind}")
        if position + length > len(data):
            raise ValueError("a field is cut")
        yield key >> 3, data[position:position + length]
        position += length


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if position >= len(data) or shift > 63:
            raise ValueError("a number is cut")
        byte = data[position]
        position += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, position


def signed(value: int) -> int:
    """Returns the int64 of a number."""
    return value - 2**64 if value >= 2**63 else value
