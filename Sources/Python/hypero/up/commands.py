"""The commands up, down and status."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from .. import _programs
from . import redis, supervisor
from .place import Place, UpError, own_environment, wait_until


def up(detach: bool) -> int:
    place = Place()
    place.create()
    running = place.supervisor()
    if running is not None:
        if not detach:
            raise UpError(f"already running: process {running}, {place.url}. Stop it first: hypero down")
        return _wait_for(place, None)
    return _start_in_background(place) if detach else _run(place)


def _run(place: Place) -> int:
    # Held until this process ends. hypero status takes the lock for a moment, to see whether another process holds it.
    if place.lock(seconds=2) is None:
        raise UpError(f"another hypero up starts in {place.folder} at the same time")

    def started() -> None:
        print(f"hypero up: Redis and the ingest run, with their data in {place.folder}. Stop: Ctrl-C or hypero down", flush=True)

    supervisor.run(place, started)
    return 0


def _start_in_background(place: Place) -> int:
    # Before the start, so that the user reads what is missing.
    redis.server_program()
    _programs.path("hypero-ingest")
    # Else their replies would be taken for those of the new ones.
    place.end_leftovers()
    with open(place.file("up.log"), "wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "hypero", "up"], cwd=place.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True)
    return _wait_for(place, process)


def _wait_for(place: Place, process: subprocess.Popen[bytes] | None) -> int:
    """Waits until the server and the ingest work."""
    path = str(place.socket)

    def works() -> bool:
        return process is None or process.poll() is not None or place.process("hypero-ingest") is not None

    # Two starts, each of which the supervisor limits.
    ready = wait_until(60, lambda: works() and redis.replies(path) and redis.is_owned(path)
                       or process is not None and process.poll() is not None)
    if process is not None and process.poll() is not None and place.supervisor() is None:
        raise UpError(f"not started. Last lines of {place.file('up.log')}:" + place.last_lines("up.log", 20))
    if not ready:
        raise UpError(f"not started within 60 s, see {place.file('up.log')} and the other logs beside it")
    print(f"hypero up: Redis and the ingest run: {place.url}. Stop: hypero down")
    return 0


def down() -> int:
    place = Place()
    stopped = False
    running = place.supervisor()
    if running is not None:
        stopped = True
        os.kill(running, signal.SIGTERM)
        os.kill(running, signal.SIGCONT)
        # It gives each of the two programs 20 seconds.
        if not wait_until(45, lambda: place.supervisor() is None):
            os.kill(running, signal.SIGKILL)
            wait_until(5, lambda: place.supervisor() is None)
    stopped = place.end_leftovers() or stopped
    print(f"hypero down: stopped; the data remain in {place.folder}" if stopped else "hypero down: nothing runs")
    return 0


def status() -> int:
    """Shows the processes, then the status of the server as hypero-query does. Returns 1 if nothing runs."""
    place = Place()
    running = place.supervisor()
    if running is None:
        print(f"hypero status: hypero up does not run; its data are in {place.folder}")
        return 1
    programs = ", ".join(f"{name} {place.process(name) or 'does not run'}" for name in ("redis-server", "hypero-ingest"))
    print(f"hypero up runs: process {running}, {programs}\nserver: {place.url}", flush=True)
    return subprocess.run([_programs.path("hypero-query"), "status", "--redis", place.url], env=own_environment()).returncode
