"""The folder of `hypero up`, with its files."""

from __future__ import annotations

import fcntl
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

#: The longest path of a unix socket: sockaddr_un has 108 bytes with the zero at the end.
_SOCKET_LIMIT = 107


class UpError(Exception):
    """A failure that the user reads."""


class Place:
    """The folder, `hypero/up` under XDG_STATE_HOME, else under ~/.local/state. The C library looks for the socket there."""

    def __init__(self) -> None:
        home = os.environ.get("HOME")
        state = os.environ.get("XDG_STATE_HOME") or (f"{home}/.local/state" if home else "")
        if not state.startswith("/"):
            raise UpError("folder for the data: not found, because HOME is not set. Set XDG_STATE_HOME to an absolute path")
        self.folder = Path(state, "hypero", "up")
        self.socket = self.folder / "redis.sock"
        length = len(os.fsencode(self.socket))
        if length > _SOCKET_LIMIT:
            raise UpError(
                f"path of the socket: {self.socket}, has {length} bytes and must have at most {_SOCKET_LIMIT}. "
                f"Set XDG_STATE_HOME to a shorter path")
        self.check()

    @property
    def url(self) -> str:
        return "unix://" + quote(os.fsencode(self.socket), safe="/")

    def file(self, name: str) -> Path:
        return self.folder / name

    def create(self) -> None:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise UpError(
                f"folder for the data: {self.folder}, cannot be made: {error.strerror}. "
                f"Set XDG_STATE_HOME to another folder") from None
        self.check()
        probe = self.file(f"up.probe.{os.getpid()}")
        try:
            # On a full disk, the log of the start would stay empty.
            try:
                probe.write_bytes(bytes(4096))
            finally:
                probe.unlink(missing_ok=True)
        except OSError as error:
            raise UpError(
                f"folder for the data: {self.folder}, cannot be written: {error.strerror}. "
                f"Free some space there, or set XDG_STATE_HOME to another folder") from None

    def check(self) -> None:
        """Refuses a folder in which another user can write: its files name the processes that are ended."""
        try:
            status = os.stat(self.folder)
        except FileNotFoundError:
            return
        if status.st_uid != os.geteuid() or status.st_mode & 0o022:
            raise UpError(
                f"folder for the data: {self.folder}, belongs to another user or can be written by others. "
                f"Make it yours: chmod 700. Or set XDG_STATE_HOME to another folder")

    def lock(self, name: str, seconds: float = 0) -> int | None:
        """Takes a lock, which the kernel releases when the last process that has its descriptor ends.

        name: "up" for the lock of the supervisor, else the program whose process inherits the descriptor.
        Returns the descriptor. None if another process holds the lock.
        """
        descriptor = os.open(self._lock_file(name), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

        def taken() -> bool:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        if wait_until(seconds, taken):
            return descriptor
        os.close(descriptor)
        return None

    def _lock_file(self, name: str) -> Path:
        return self.file(f"{name}.lock")

    def process(self, name: str) -> int | None:
        """Returns the process of a program, or with "up" that of `hypero up` or Scripts/up; None if it does not run.

        A process counts only if it has the descriptor of the lock: another process may have got the number in the file.
        """
        try:
            number = int(self.file(f"{name}.pid").read_text())
        except (OSError, ValueError):
            return None
        return number if _has_open(number, self._lock_file(name)) else None

    def end(self, program: str) -> bool:
        """Ends the processes of a program with SIGTERM, after 20 seconds with SIGKILL. Returns False if there are none.

        Finds them by the lock and not by the file: a supervisor may have been killed before it wrote the file.
        """
        lock = self._lock_file(program)
        if not _processes(lock):
            return False
        for sent in (signal.SIGTERM, signal.SIGKILL):
            for number in _processes(lock):
                try:
                    os.kill(number, sent)
                    # A suspended process receives SIGTERM only after SIGCONT.
                    os.kill(number, signal.SIGCONT)
                except ProcessLookupError:
                    pass
            if wait_until(20, lambda: not _processes(lock)):
                break
        self.file(f"{program}.pid").unlink(missing_ok=True)
        return True

    def end_leftovers(self) -> bool:
        """Ends the programs of a supervisor that was killed. The caller holds the lock "up". Returns False if none runs."""
        # The ingest before the server, so that it gives back its lease.
        return any([self.end("adopter"), self.end("hypero-ingest"), self.end("redis-server")])

    def last_lines(self, name: str, count: int = 10) -> str:
        """Returns the end of a log, indented."""
        try:
            lines = self.file(name).read_text(errors="replace").splitlines()[-count:]
        except OSError:
            return ""
        return "".join(f"\n    {line}" for line in lines)


def _has_open(number: int, file: Path) -> bool:
    """Returns whether a process has a descriptor of a file. One that has ended and was not awaited has none."""
    try:
        descriptors = list(os.scandir(f"/proc/{number}/fd"))
    except OSError:
        return False
    for descriptor in descriptors:
        try:
            # The name first: a look at a file of another file system may wait.
            if os.readlink(descriptor.path).endswith(f"/{file.name}") and os.path.samefile(descriptor.path, file):
                return True
        except OSError:
            continue
    return False


def _processes(file: Path) -> list[int]:
    """Returns the other processes that have a descriptor of a file."""
    numbers = [int(name) for name in os.listdir("/proc") if name.isdecimal()]
    return [number for number in numbers if number != os.getpid() and _has_open(number, file)]


def own_environment() -> dict[str, str]:
    """Returns the environment without the URL and the passwords, which belong to another server."""
    other = ("HYPERO_REDIS", "HYPERO_REDIS_PASSWORD", "REDISCLI_AUTH")
    return {name: value for name, value in os.environ.items() if name not in other}


def wait_until(seconds: float, condition: Callable[[], bool]) -> bool:
    """Waits until a condition holds. Returns False if it does not within some seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
