"""The process of `hypero up`: starts the server, the ingest and the adopter, and starts each of them again when it ends."""

from __future__ import annotations

import math
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable
from types import FrameType

from .. import _programs
from . import redis
from .place import Place, UpError, own_environment, wait_until

_START = 30
_LONGEST_PAUSE = 30.0
#: The seconds between two looks at the socket.
_LOOK = 5.0


class _Program:
    """A program that is kept running."""

    def __init__(self, place: Place, name: str, command: list[str]) -> None:
        self.place, self.name, self.command = place, name, command
        self.process: subprocess.Popen[bytes] | None = None
        self.pause = 1.0
        #: The time to start it again.
        self.due = 0.0
        self.started = 0.0

    def start(self) -> None:
        # A process that an earlier one has left, for example a child of the server. Two servers must not share the files.
        self.place.end(self.name)
        lock = self.place.lock(self.name, seconds=5)
        if lock is None:
            raise UpError(f"{self.name}: not started, because another process holds {self.place.file(self.name + '.lock')}")
        try:
            with open(self.place.file(f"{self.name}.log"), "ab") as log:
                # A session of its own: Ctrl-C ends the supervisor, which ends the programs in order.
                self.process = subprocess.Popen(
                    self.command, cwd=self.place.folder, env=own_environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    start_new_session=True, pass_fds=(lock,))
        finally:
            os.close(lock)
        self.started = time.monotonic()
        self.place.file(f"{self.name}.pid").write_text(f"{self.process.pid}\n")

    def has_ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def attend(self) -> None:
        """Starts the program again after it has ended: at once, or after a pause if it ends again and again."""
        now = time.monotonic()
        if self.process is not None and self.has_ended():
            self.pause = min(self.pause * 2, _LONGEST_PAUSE) if now - self.started < 60 else 1.0
            print(
                f"hypero up: {self.name} ended with {self.process.returncode}: starting it again in {self.pause:.0f} s, "
                f"see {self.place.file(self.name + '.log')}", flush=True)
            self.process, self.due = None, now + self.pause
        if self.process is None and now >= self.due:
            self.start()

    def stop(self) -> None:
        process = self.process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self.place.file(f"{self.name}.pid").unlink(missing_ok=True)


def run(place: Place, started: Callable[[], None]) -> None:
    """Runs until SIGTERM, SIGINT or SIGHUP. The caller holds the lock "up".

    started: called when the server and the ingest work.
    """
    ready_file = place.file("up.ready")
    # Before the file of this process, so that no other command takes the programs of an earlier one for those of this one.
    ready_file.unlink(missing_ok=True)
    place.file("up.pid").write_text(f"{os.getpid()}\n")
    server, ingest = redis.server_program(), _programs.path("hypero-ingest")
    path = str(place.socket)
    place.end_leftovers()
    programs = [
        _Program(place, "redis-server", redis.server_command(server, path)),
        _Program(place, "hypero-ingest", [ingest, "--redis", place.url]),
        # Sends what killed trainings have left, also those that found no server before. Without a URL, as these.
        _Program(place, "adopter", [ingest, "adopt", "--watch"]),
    ]
    with _Signals() as signals:
        try:
            for program, works in zip(programs, (redis.replies, redis.is_owned)):
                program.start()
                ready = wait_until(_START, lambda: works(path) or program.has_ended() or signals.requested)
                if signals.requested:
                    return
                if not ready or program.has_ended():
                    problem = "ended during its start" if program.has_ended() else f"did not start within {_START} s"
                    raise UpError(
                        f"{program.name}: {' '.join(program.command[:1])}, {problem}. Last lines of its log:"
                        + place.last_lines(f"{program.name}.log"))
            programs[-1].start()
            ready_file.touch()
            started()
            while not signals.requested:
                for program in programs:
                    program.attend()
                _recreate_socket(place, programs[0])
                due = [program.due for program in programs if program.process is None]
                signals.wait(max(min(due, default=math.inf) - time.monotonic(), 0), _LOOK)
        finally:
            # The ingest first, so that it gives back its lease.
            for program in reversed(programs):
                program.stop()
            ready_file.unlink(missing_ok=True)
            place.file("up.pid").unlink(missing_ok=True)


def _recreate_socket(place: Place, server: _Program) -> None:
    """Starts a server again whose socket a program has deleted that cleans up old files: a server does not notice that."""
    # At its start, a server creates the socket a moment after the process.
    if server.process is None or time.monotonic() - server.started < _LOOK or place.socket.is_socket() or not place.folder.exists():
        return
    print(f"hypero up: {place.socket} was deleted: starting redis-server again", flush=True)
    server.stop()
    server.start()


class _Signals:
    """The signals that end the supervisor, and SIGCHLD, which wakes it."""

    def __init__(self) -> None:
        self.requested = False

    def __enter__(self) -> _Signals:
        self._reader, self._writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._request)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        return self

    def __exit__(self, *error: object) -> None:
        signal.set_wakeup_fd(-1)
        os.close(self._reader)
        os.close(self._writer)

    def _request(self, number: int, frame: FrameType | None) -> None:
        self.requested = True

    def wait(self, *seconds: float) -> None:
        """Waits for a signal, or until the shortest of the times has passed."""
        if select.select([self._reader], [], [], min(seconds))[0]:
            os.read(self._reader, 4096)
