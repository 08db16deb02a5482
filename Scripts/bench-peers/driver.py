"""Measures one peer and prints its JSON line. Scripts/bench-peers/run creates the environments and calls this.

    driver.py measure NAME PYTHON FOLDER [--quick]   # PYTHON is the peer's interpreter; the caller removes FOLDER;
                                                     # the URL of a Redis server for the peer is in PEERS_REDIS
    driver.py failed NAME REASON                     # prints the line of a peer that could not be measured
    driver.py names | packages NAME | workload [--quick]
    driver.py redis NAME                             # exits with 0 if the peer needs a Redis server, else with 1
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
from workload import KILL_AFTER_SECONDS, TIMEOUT_SECONDS, Workload

HERE = Path(__file__).resolve().parent
QUERIES = 3  # processes that query the top ten; the median counts
HELPERS_TIMEOUT_SECONDS = 20  # for the end of the processes that a peer has started

# No peer accesses the network, the user's settings (USER_PREFIXES) or the user's home folder.
OFFLINE = {
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
USER_PREFIXES = ("WANDB_", "TRACKIO_", "MLFLOW_", "AIM_", "OPTUNA_", "HF_", "GRADIO_", "XDG_", "PYTHON")


class Failed(Exception):
    """The reason why a peer has no figures."""


def log(message: str) -> None:
    print(f"Scripts/bench-peers: {message}", file=sys.stderr, flush=True)


def wait_for_end(process: subprocess.Popen, timeout: float) -> int:
    """Waits for the end of a process and returns the time of the end, on the clock of perf_counter_ns.

    Popen.wait with a timeout polls every 50 ms, which is longer than the exit of some peers.
    """
    descriptor = os.pidfd_open(process.pid)
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        if not poll.poll(timeout * 1000):
            raise subprocess.TimeoutExpired(process.args, timeout)
        end = time.perf_counter_ns()
    finally:
        os.close(descriptor)
    process.wait()
    return end


def become_subreaper() -> None:
    """Makes this process the parent of its orphaned descendants, for example of the service that wandb starts."""
    PR_SET_CHILD_SUBREAPER = 36
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def wait_for_helpers(timeout: float) -> None:
    """Waits for the end of all processes that a peer has left running, and kills them after the timeout."""
    deadline = time.monotonic() + timeout
    with suppress(ChildProcessError):
        while True:
            ended, _ = os.waitpid(-1, os.WNOHANG)
            if ended:
                continue
            if time.monotonic() > deadline:
                for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
                    with suppress(ProcessLookupError):
                        os.kill(int(pid), signal.SIGKILL)
            time.sleep(0.005)


class Measurement:
    """The phases of one peer. Every phase is a new process. Phases that read the same files share a folder."""

    def __init__(self, name: str, python: str, folder: Path, quick: bool):
        self.name, self.python, self.folder, self.quick = name, python, folder, quick
        self.peer = PEERS[name]
        self.workload = Workload().tenth() if quick else Workload()
        self.output = folder / "output"
        self.messages = folder / "messages"
        home = folder / "home"
        home.mkdir()
        kept = {key: value for key, value in os.environ.items() if not key.startswith(USER_PREFIXES)}
        self.environment = kept | OFFLINE | {"HOME": str(home), "TMPDIR": str(home)}

    def figures(self) -> dict:
        """Runs all phases and returns the fields of the peer's JSON line."""
        workload = self.workload
        description = self.phase("describe", "describe")
        notes = [description["note"]]
        if description["import_seconds"] > 1:
            notes.append(f"its import takes {description['import_seconds']:.1f} s")

        milliseconds = None
        if self.peer.has_queries:
            self.phase("fill", "filled")
            milliseconds = self.query_milliseconds()
        call, rate, exit_seconds = self.latency()
        if self.peer.stores_rows:
            stored = len(self.phase("stored_steps", "latency")["steps"])
            if stored != workload.latency_rows:
                notes.append(f"{stored} of {workload.latency_rows} rows are stored after a regular end")
        accepted, lost = self.killed() if self.peer.stores_rows else (0, 0)
        return {
            "call_ns": call,
            "rows_per_second": round(rate, 1),
            "exit_seconds": round(exit_seconds, 4),
            "top_ten_ms": milliseconds,
            "killed": {"accepted": accepted, "lost": lost},
            "note": "; ".join(notes),
        }

    def query_milliseconds(self) -> float:
        """Queries the top ten in several processes, checks the results, and returns the median duration."""
        durations = []
        for _ in range(1 if self.quick else QUERIES):
            result = self.phase("query", "filled")
            expected = self.workload.top_ten()
            # A tool may store 32-bit numbers.
            is_correct = [run for run, _ in result["answer"]] == [run for run, _ in expected] and all(
                abs(value - best) < 1e-6 for (_, value), (_, best) in zip(result["answer"], expected)
            )
            if not is_correct:
                raise Failed(f"wrong top ten: {result['answer']} instead of {expected}")
            durations.append(result["nanoseconds"])
        return round(median(durations) / 1e6, 3)

    def latency(self) -> tuple[dict[str, int], float, float]:
        """Returns the percentiles of a call in nanoseconds, the rows per second, and the seconds of the exit."""
        count = self.workload.latency_rows
        with self.numbers(count + 2) as numbers:
            with self.child("latency", "latency") as process:
                end = self.wait("latency", process)
            *calls, loop_start, loop_end = numbers.tolist()
        calls.sort()
        # Nearest rank: the smallest value that the given number of calls in a thousand do not exceed.
        ranks = {"p50": 500, "p99": 990, "p999": 999}
        call = {key: calls[ceil(count * rank / 1000) - 1] for key, rank in ranks.items()}
        return call, count / ((loop_end - loop_start) / 1e9), (end - loop_end) / 1e9

    def killed(self) -> tuple[int, int]:
        """Kills the process while it logs, several times, and returns the numbers of accepted and of lost rows."""
        all_accepted = all_lost = 0
        for kill in range(self.workload.kills):
            directory = f"killed-{kill}"
            with self.numbers(1) as numbers, self.child("log_until_killed", directory) as process:
                deadline = time.monotonic() + TIMEOUT_SECONDS
                while not numbers[0] and process.poll() is None:
                    if time.monotonic() > deadline:
                        raise Failed(f"killed: no row was accepted within {TIMEOUT_SECONDS} s")
                    time.sleep(0.002)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(random.uniform(*KILL_AFTER_SECONDS))
                if process.returncode is not None:
                    raise Failed(f"killed: ended before the kill: {self.last_message(process.returncode)}")
                process.kill()
                process.wait()
                accepted = numbers[0]
            wait_for_helpers(HELPERS_TIMEOUT_SECONDS)
            found = sum(1 for step in self.phase("stored_steps", directory)["steps"] if step < accepted)
            log(f"{self.peer.title}: kill {kill + 1}: {accepted} rows accepted, {accepted - found} of them lost")
            all_accepted += accepted
            all_lost += accepted - found
        return all_accepted, all_lost

    def phase(self, phase: str, directory: str) -> dict:
        """Runs a phase to its end and returns its result."""
        self.output.write_text("")
        with self.child(phase, directory) as process:
            self.wait(phase, process)
        return json.loads(self.output.read_text() or "{}")

    def wait(self, phase: str, process: subprocess.Popen) -> int:
        """Waits for the successful end of the process and returns the time of the end."""
        try:
            end = wait_for_end(process, TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            raise Failed(f"{phase}: stopped after {TIMEOUT_SECONDS} s") from None
        if process.returncode:
            raise Failed(f"{phase}: {self.last_message(process.returncode)}")
        wait_for_helpers(HELPERS_TIMEOUT_SECONDS)
        return end

    @contextmanager
    def child(self, phase: str, directory_name: str):
        """Starts the process of a phase in a folder of this name. The process is killed at the end of the context."""
        log(f"{self.peer.title}: {phase.replace('_', ' ')}")
        directory = self.folder / directory_name
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
        """Maps an array of 64-bit numbers that a child can write. The numbers survive a kill of the child."""
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
    result = subprocess.run([python, "-c", query, PEERS[name].packages[0]], capture_output=True, text=True)
    return result.stdout.strip() or None


def measure(name: str, python: str, folder: str, quick: bool) -> None:
    # SystemExit runs the finally blocks, which kill the children.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    become_subreaper()
    line = {"peer": PEERS[name].title, "version": version(name, python)}
    try:
        line |= Measurement(name, python, Path(folder), quick).figures()
    except Exception as failure:
        # Any error is a failure of this peer. It must not prevent the measurement of the next one.
        line["failed"] = str(failure) if isinstance(failure, Failed) else repr(failure)
        log(f"{line['peer']}: failed: {line['failed']}")
    finally:
        wait_for_helpers(0)
    print(json.dumps(line), flush=True)


def main(arguments: list[str]) -> None:
    quick = "--quick" in arguments
    match [argument for argument in arguments if argument != "--quick"]:
        case ["measure", name, python, folder]:
            measure(name, python, folder, quick)
        case ["failed", name, reason]:
            log(f"{PEERS[name].title}: failed: {reason}")
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
