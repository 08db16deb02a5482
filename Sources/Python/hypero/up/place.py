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

    @property
    def url(self) -> str:
        return "unix://" + quote(os.fsencode(self.socket), safe="/")

    def file(self, name: str) -> Path:
        return self.folder / name

    def create(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = os.stat(self.folder)
        if status.st_uid != os.geteuid() or status.st_mode & 0o022:
            raise UpError(
                f"folder for the data: {self.folder}, belongs to another user or can be written by others. "
                f"Make it yours: chmod 700")

    def lock(self, seconds: float = 0) -> int | None:
        """Takes the lock that the supervisor holds while it runs.

        Returns its descriptor, which programs that this process starts do not inherit. None if another process holds the lock.
        """
        descriptor = os.open(self.file("lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

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

    def supervisor(self) -> int | None:
        """Returns the process that runs `hypero up` or Scripts/up; None if none does."""
        found: int | None = None

        def is_known() -> bool:
            nonlocal found
            descriptor = self.lock()
            if descriptor is not None:
                os.close(descriptor)
                return True
            try:
                found = int(self.file("up.pid").read_text())
            except (OSError, ValueError):
                # A supervisor that starts or ends has the lock and no file.
                return False
            return True

        if not self.folder.exists() or wait_until(5, is_known):
            return found
        raise UpError(f"{self.file('up.pid')}: not found, although {self.file('lock')} is locked. End the process that holds it")

    def process(self, program: str) -> int | None:
        """Returns the process of a program by its file, if it runs: its working directory is this folder, so that another process
        which got the same number is not taken for it."""
        try:
            number = int(self.file(f"{program}.pid").read_text())
            same = os.path.samefile(f"/proc/{number}/cwd", self.folder)
            command = Path(f"/proc/{number}/cmdline").read_bytes()
        except (OSError, ValueError):
            return None
        # A process that has ended and was not awaited has no command.
        return number if same and program.encode() in command else None

    def end(self, program: str) -> bool:
        """Ends a program with SIGTERM, after 20 seconds with SIGKILL. Returns False if it does not run."""
        number = self.process(program)
        if number is None:
            return False
        for sent in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.kill(number, sent)
                # A suspended process receives SIGTERM only after SIGCONT.
                os.kill(number, signal.SIGCONT)
            except ProcessLookupError:
                break
            if wait_until(20, lambda: self.process(program) is None):
                break
        self.file(f"{program}.pid").unlink(missing_ok=True)
        return True

    def end_leftovers(self) -> bool:
        """Ends the programs of a supervisor that was killed. Returns False if none runs."""
        # The ingest first, so that it gives back its lease.
        return any([self.end("hypero-ingest"), self.end("redis-server")])

    def last_lines(self, name: str, count: int = 10) -> str:
        """Returns the end of a log, indented."""
        try:
            lines = self.file(name).read_text(errors="replace").splitlines()[-count:]
        except OSError:
            return ""
        return "".join(f"\n    {line}" for line in lines)


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
