"""Measures one peer and prints its line. Scripts/peers/run makes the environments and calls this.

    driver.py measure NAME PYTHON FOLDER [--quick]   # PYTHON has the peer; FOLDER is emptied by the caller
    driver.py failed NAME REASON                     # the line of a peer that could not be tried
    driver.py names | packages NAME | workload [--quick]
    driver.py redis NAME                             # succeeds when the peer needs one, whose URL is in PEERS_REDIS
"""

import ctypes
import json
import mmap
import os
import platform
import random
import select
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import asdict
from math import ceil
from pathlib import Path
from statistics import median

from catalogue import PEERS
from workload import KILL_AFTER_SECONDS, PATIENCE_SECONDS, Workload

HERE = Path(__file__).resolve().parent
ASKS = 3  # processes that ask for the top ten; the one in the middle counts
HELPERS_SECONDS = 20  # for what a peer's process has started and left behind

# No peer talks to anybody, and none sees how its user has set it up (FOREIGN) or what its user has of it at home.
QUIET = {
    "WANDB_MODE": "offline",
    "WANDB_SILENT": "true",
    "WANDB_ERROR_REPORTING": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "DO_NOT_TRACK": "1",
    "GIT_PYTHON_REFRESH": "quiet",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUNBUFFERED": "1",
}
FOREIGN = ("WANDB_", "TRACKIO_", "MLFLOW_", "AIM_", "OPTUNA_", "HF_", "GRADIO_", "XDG_", "PYTHON")


class Failed(Exception):
    """Why there are no figures of a peer."""


def say(message: str) -> None:
    print(f"Scripts/peers: {message}", file=sys.stderr, flush=True)


def time_of_end(process: subprocess.Popen, timeout: float) -> int:
    """Waits for a process to end and returns when it did, on the clock of perf_counter_ns.

    Popen.wait with a timeout looks every 50 ms only, which is more than some peers take to exit.
    """
    descriptor = os.pidfd_open(process.pid)
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        if not poll.poll(timeout * 1000):
            raise subprocess.TimeoutExpired(process.args, timeout)
        gone = time.perf_counter_ns()
    finally:
        os.close(descriptor)
    process.wait()
    return gone


def adopt_orphans() -> None:
    """Makes this process the parent of what its children leave behind: wandb keeps a service beside the training."""
    PR_SET_CHILD_SUBREAPER = 36
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def wait_for_helpers(patience: float) -> None:
    """Until all processes that a peer has left behind are gone; those that stay are killed."""
    deadline = time.monotonic() + patience
    with suppress(ChildProcessError):
        while True:
            gone, _ = os.waitpid(-1, os.WNOHANG)
            if gone:
                continue
            if time.monotonic() > deadline:
                for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
                    with suppress(ProcessLookupError):
                        os.kill(int(pid), signal.SIGKILL)
            time.sleep(0.005)


class Measurement:
    """The phases of one peer. Every phase is a fresh process; those that belong together share a folder."""

    def __init__(self, name: str, python: str, folder: Path, quick: bool):
        self.name, self.python, self.folder, self.quick = name, python, folder, quick
        self.peer = PEERS[name]
        self.workload = Workload().tenth() if quick else Workload()
        self.output = folder / "output"
        self.messages = folder / "messages"
        home = folder / "home"
        home.mkdir()
        kept = {key: value for key, value in os.environ.items() if not key.startswith(FOREIGN)}
        self.environment = kept | QUIET | {"HOME": str(home), "TMPDIR": str(home)}

    def line(self) -> dict:
        workload = self.workload
        about = self.phase("describe", "describe")
        notes = [about["note"]]
        if about["import_seconds"] > 1:
            notes.append(f"its import takes {about['import_seconds']:.1f} s")

        milliseconds = None
        if self.peer.answers:
            self.phase("fill", "filled")
            milliseconds = self.asked()
        call, rate, exit_seconds = self.latency()
        if self.peer.keeps:
            there = len(self.phase("count", "latency")["steps"])
            if there != workload.latency_rows:
                notes.append(f"after a regular end {there} of {workload.latency_rows} rows were there")
        accepted, lost = self.killed() if self.peer.keeps else (0, 0)
        return {
            "call_ns": call,
            "rows_per_second": round(rate, 1),
            "exit_seconds": round(exit_seconds, 4),
            "top_ten_ms": milliseconds,
            "killed": {"accepted": accepted, "lost": lost},
            "note": "; ".join(notes),
        }

    def asked(self) -> float:
        taken = []
        for _ in range(1 if self.quick else ASKS):
            found = self.phase("ask", "filled")
            expected = self.workload.top_ten()
            # A tool may keep 32-bit numbers.
            right = [run for run, _ in found["answer"]] == [run for run, _ in expected] and all(
                abs(value - best) < 1e-6 for (_, value), (_, best) in zip(found["answer"], expected)
            )
            if not right:
                raise Failed(f"top ten: {found['answer']} instead of {expected}")
            taken.append(found["nanoseconds"])
        return round(median(taken) / 1e6, 3)

    def latency(self) -> tuple[dict[str, int], float, float]:
        count = self.workload.latency_rows
        with self.numbers(count + 2) as numbers:
            with self.child("latency", "latency") as process:
                gone = self.wait("latency", process)
            *calls, begin, last = numbers.tolist()
        calls.sort()
        # The nearest rank: the smallest of the values that so many in a thousand do not exceed.
        ranks = {"p50": 500, "p99": 990, "p999": 999}
        call = {key: calls[ceil(count * rank / 1000) - 1] for key, rank in ranks.items()}
        return call, count / ((last - begin) / 1e9), (gone - last) / 1e9

    def killed(self) -> tuple[int, int]:
        all_accepted = all_lost = 0
        for kill in range(self.workload.kills):
            where = f"killed-{kill}"
            with self.numbers(1) as numbers, self.child("log_until_killed", where) as process:
                deadline = time.monotonic() + PATIENCE_SECONDS
                while not numbers[0] and process.poll() is None:
                    if time.monotonic() > deadline:
                        raise Failed(f"killed: no row was taken within {PATIENCE_SECONDS} s")
                    time.sleep(0.002)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(random.uniform(*KILL_AFTER_SECONDS))
                if process.returncode is not None:
                    raise Failed(f"killed: ended by itself: {self.last_message(process.returncode)}")
                process.kill()
                process.wait()
                accepted = numbers[0]
            wait_for_helpers(HELPERS_SECONDS)
            found = sum(1 for step in self.phase("count", where)["steps"] if step < accepted)
            say(f"{self.peer.title}: kill {kill + 1}: {accepted} rows accepted, {accepted - found} of them lost")
            all_accepted += accepted
            all_lost += accepted - found
        return all_accepted, all_lost

    def phase(self, phase: str, where: str) -> dict:
        """Runs a phase to its end and returns what it says."""
        self.output.write_text("")
        with self.child(phase, where) as process:
            self.wait(phase, process)
        return json.loads(self.output.read_text() or "{}")

    def wait(self, phase: str, process: subprocess.Popen) -> int:
        """Until the process has ended well, and returns when that was."""
        try:
            gone = time_of_end(process, PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            raise Failed(f"{phase}: stopped after {PATIENCE_SECONDS} s") from None
        if process.returncode:
            raise Failed(f"{phase}: {self.last_message(process.returncode)}")
        wait_for_helpers(HELPERS_SECONDS)
        return gone

    @contextmanager
    def child(self, phase: str, where: str):
        say(f"{self.peer.title}: {phase.replace('_', ' ')}")
        directory = self.folder / where
        directory.mkdir(exist_ok=True)
        command = [self.python, str(HERE / "child.py"), phase, self.name, str(self.output)]
        with open(self.messages, "wb") as messages:
            process = subprocess.Popen(
                command + ["--quick"] * self.quick,
                cwd=directory,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=messages,
                stderr=subprocess.STDOUT,
            )
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    @contextmanager
    def numbers(self, count: int):
        """So many numbers that a child can write, and that are still there when it was killed."""
        self.output.write_bytes(bytes(8 * count))
        with open(self.output, "r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
            with memoryview(mapped) as raw, raw.cast("q") as numbers:
                yield numbers

    def last_message(self, code: int) -> str:
        lines = self.messages.read_text(errors="replace").split("\n")
        ended = f"ended by signal {-code}" if code < 0 else f"ended with status {code}"
        return next((line.strip() for line in reversed(lines) if line.strip()), ended)[:500]


def version(name: str, python: str) -> str | None:
    if not PEERS[name].packages:
        return platform.python_version()
    query = "import importlib.metadata, sys; print(importlib.metadata.version(sys.argv[1]))"
    asked = subprocess.run([python, "-c", query, PEERS[name].packages[0]], capture_output=True, text=True)
    return asked.stdout.strip() or None


def measure(name: str, python: str, folder: str, quick: bool) -> None:
    # As an exception, so that no child outlives this process.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    adopt_orphans()
    line = {"peer": PEERS[name].title, "version": version(name, python)}
    try:
        line |= Measurement(name, python, Path(folder), quick).line()
    except Exception as failure:
        # Whatever it is, it is this peer's, and the next one is measured all the same.
        line["failed"] = str(failure) if isinstance(failure, Failed) else repr(failure)
        say(f"{line['peer']}: failed: {line['failed']}")
    finally:
        wait_for_helpers(0)
    print(json.dumps(line), flush=True)


def main(arguments: list[str]) -> None:
    quick = "--quick" in arguments
    match [argument for argument in arguments if argument != "--quick"]:
        case ["measure", name, python, folder]:
            measure(name, python, folder, quick)
        case ["failed", name, reason]:
            say(f"{PEERS[name].title}: failed: {reason}")
            print(json.dumps({"peer": PEERS[name].title, "version": None, "failed": reason}), flush=True)
        case ["names"]:
            print(*PEERS, sep="\n")
        case ["packages", name]:
            print("".join(f"{package}\n" for package in PEERS[name].packages), end="")
        case ["redis", name]:
            sys.exit(not PEERS[name].redis)
        case ["workload"]:
            print(json.dumps(asdict(Workload().tenth() if quick else Workload())))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
