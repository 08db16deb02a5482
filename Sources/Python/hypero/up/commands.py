"""The commands up, down and status."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from .. import _programs
from . import redis, supervisor
from .place import Place, UpError, own_environment, wait_until

#: The ends of the programs that were left and two starts, each of which the supervisor limits.
_START = 110
_RESTART = 40


def up(detach: bool) -> int:
    place = Place()
    place.create()
    running = place.process("up")
    if running is not None:
        if not detach:
            raise UpError(f"already running: process {running}, {place.url}. Stop it first: hypero down")
        return _wait_for(place, None)
    return _start_in_background(place) if detach else _run(place)


def _run(place: Place) -> int:
    # Held until this process ends. The wait is for a hypero down.
    if place.lock("up", seconds=5) is None:
        raise UpError(f"another hypero up or hypero down runs in {place.folder} at the same time")

    def started() -> None:
        print(f"hypero up: Redis and the ingest run, with their data in {place.folder}. Stop: Ctrl-C or hypero down", flush=True)

    supervisor.run(place, started)
    return 0


def _start_in_background(place: Place) -> int:
    # Before the start, so that the user reads what is missing.
    redis.server_program()
    _programs.path("hypero-ingest")
    # Appended to: another start at the same time writes to the same file.
    with open(place.file("up.log"), "ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "hypero", "up"], cwd=place.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True)
    return _wait_for(place, process)


def _wait_for(place: Place, process: subprocess.Popen[bytes] | None) -> int:
    """Waits until the server and the ingest work."""
    path = str(place.socket)

    def works() -> bool:
        # In this order: the supervisor removes the file up.ready of an earlier one before it writes its own number.
        return (place.process("up") is not None and place.file("up.ready").exists()
                and redis.replies(path) and redis.is_owned(path))

    def has_failed() -> bool:
        return (process is None or process.poll() is not None) and place.process("up") is None

    # Without a process of this command, the other one may be starting. A server that was ready replies soon, or is restarted.
    seconds = _RESTART if process is None and place.file("up.ready").exists() else _START
    ready = wait_until(seconds, lambda: works() or has_failed())
    if has_failed():
        lines = place.last_lines("up.log", 20) or " none. The disk may be full"
        raise UpError(f"not started. Last lines of {place.file('up.log')}:{lines}")
    if not ready and place.process("up") is not None and place.file("up.ready").exists():
        raise UpError(
            f"process {place.process('up')} runs, but {'its ingest' if redis.replies(path) else 'its Redis server'} does not work. "
            f"See the logs in {place.folder}, or stop both: hypero down")
    if not ready:
        raise UpError(f"not started within {seconds} s, see {place.file('up.log')} and the other logs beside it")
    print(f"hypero up: Redis and the ingest run: {place.url}. Stop: hypero down", flush=True)
    _warn_of_another_server(place)
    return 0


def _warn_of_another_server(place: Place) -> None:
    # Without its value, which may have a password.
    if os.environ.get("HYPERO_REDIS", place.url) not in ("", place.url):
        print("hypero: HYPERO_REDIS is set: trainings and queries use that server, and not this one", file=sys.stderr)


def down() -> int:
    place = Place()
    stopped = False
    running = place.process("up")
    # It gives each of the two programs 20 seconds.
    for sent, seconds in ((signal.SIGTERM, 45), (signal.SIGKILL, 5)):
        if running is None or place.process("up") != running:
            break
        stopped = True
        try:
            os.kill(running, sent)
            os.kill(running, signal.SIGCONT)
        except ProcessLookupError:
            break
        wait_until(seconds, lambda: place.process("up") != running)
    if place.folder.exists():
        lock = place.lock("up", seconds=2)
        if lock is None:
            raise UpError(f"another hypero up or hypero down runs in {place.folder} at the same time")
        stopped = place.end_leftovers() or stopped
        os.close(lock)
    print(f"hypero down: stopped; the data remain in {place.folder}" if stopped else "hypero down: nothing runs")
    return 0


def status() -> int:
    """Shows the processes, then the status of the server as hypero-query does. Returns 1 if nothing runs."""
    place = Place()
    running = place.process("up")
    if running is None:
        print(f"hypero status: hypero up does not run; its data are in {place.folder}")
        return 1
    programs = ", ".join(f"{name} {place.process(name) or 'does not run'}" for name in ("redis-server", "hypero-ingest", "adopter"))
    print(f"hypero up runs: process {running}, {programs}\nserver: {place.url}", flush=True)
    _warn_of_another_server(place)
    return subprocess.run([_programs.path("hypero-query"), "status", "--redis", place.url], env=own_environment()).returncode
