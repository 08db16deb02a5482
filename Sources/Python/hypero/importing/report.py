from __future__ import annotations

import json
import sqlite3
import struct
import sys
from pathlib import Path

#: Exceptions of a file that is damaged, or that another program than the expected one has written.
UNREADABLE = (
    sqlite3.Error, struct.error, json.JSONDecodeError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError,
    RecursionError, OSError)


class Report:
    """The messages of an import to standard error. A problem lets the import go on, and end with 1."""

    def __init__(self, is_silent: bool = False) -> None:
        self._is_silent = is_silent
        self.problems = self.notes = 0
        self._done = self._count = 0

    def problem(self, text: str) -> None:
        self.problems += 1
        self._print(text)

    def unreadable(self, path: Path | str, error: BaseException) -> None:
        reason = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
        self.problem(f"{path}: cannot be read, {reason}. Correct or restore it, and import it again")

    def note(self, text: str) -> None:
        self.notes += 1
        self._print(text)

    def progress(self, done: int, count: int) -> None:
        self._done, self._count = done, max(done, count, 1)
        if sys.stderr.isatty():
            filled = self._done * 40 // self._count
            sys.stderr.write(f"\r[{'#' * filled}{'.' * (40 - filled)}] {self._done} of {self._count}")
            sys.stderr.flush()

    def end_progress(self) -> None:
        if self._count and sys.stderr.isatty():
            sys.stderr.write("\n")
        self._count = 0

    def _print(self, text: str) -> None:
        if self._is_silent:
            return
        self.end_progress()
        # A name of a file may have any character.
        shown = "".join(character if character.isprintable() else "\ufffd" for character in text)
        print(f"hypero import: {shown}".encode("utf-8", "replace").decode(), file=sys.stderr)
