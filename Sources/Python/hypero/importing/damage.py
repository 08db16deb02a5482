"""Records of a file that are damaged, and the checksum of TensorFlow's records."""

from __future__ import annotations

import functools
import struct
from pathlib import Path

from .report import Report


class Damage:
    """Counts the damaged records of a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.count = 0
        self._first = 0
        self._lost: int | None = None

    def record(self, position: int) -> None:
        """Counts a record at a position in the file."""
        if self.count == 0:
            self._first = position
        self.count += 1

    def rest(self, position: int) -> None:
        """Counts a record after which no other one can be found."""
        self.record(position)
        self._lost = position

    def tell(self, report: Report) -> None:
        if self.count:
            records = "1 record is damaged" if self.count == 1 else f"{self.count} records are damaged"
            rest = "" if self._lost is None else f", and nothing after byte {self._lost} can be read"
            report.problem(
                f"{self._path}: {records}, the first at byte {self._first}{rest}. The other records were read. "
                f"Restore the file, and import it again")


@functools.cache
def _table() -> list[int]:
    """Returns the CRC-32C of each pair of bytes: twice as fast as one byte at a time."""
    single = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        single.append(byte)
    once = [single[word & 255] ^ word >> 8 for word in range(65536)]
    return [single[word & 255] ^ word >> 8 for word in once]


def masked_crc32c(data: bytes) -> int:
    """Returns the checksum of a TFRecord."""
    table = _table()
    crc = 0xFFFFFFFF
    for word in struct.unpack_from(f"<{len(data) // 2}H", data):
        crc = table[(crc ^ word) & 0xFFFF] ^ crc >> 16
    if len(data) % 2:
        crc ^= data[-1]
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
