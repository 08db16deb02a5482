"""One phase of measuring one peer, in a process of its own and in the Python that has the peer.

    child.py PHASE NAME OUTPUT [--quick]

The working directory is where the peer keeps its things. OUTPUT is a file that the driver made: what a phase says is
written to it as JSON, and what has to outlive the process in any case lies in it as 64-bit numbers, mapped and shared.
"""

import importlib
import json
import mmap
import sys
import time

from workload import Workload, parameters


def shared_numbers(path: str) -> memoryview:
    with open(path, "r+b") as file:
        return memoryview(mmap.mmap(file.fileno(), 0)).cast("q")


def prepare_to_read(tool) -> None:
    """What some tools need between writing and reading; it is not measured."""
    getattr(tool, "prepare_to_read", lambda: None)()


def fill(tool, workload: Workload, output: str) -> None:
    """All runs with all their rows, one after another."""
    for run in range(workload.runs):
        tool.start(run, parameters(run))
        for epoch, row in enumerate(workload.rows(run)):
            tool.log(epoch, row)
        tool.finish()


def ask(tool, workload: Workload, output: str) -> None:
    """The ten best, asked once."""
    prepare_to_read(tool)
    begin = time.perf_counter_ns()
    answer = tool.top_ten()
    nanoseconds = time.perf_counter_ns() - begin
    with open(output, "w") as file:
        json.dump({"nanoseconds": nanoseconds, "answer": answer}, file)


def latency(tool, workload: Workload, output: str) -> None:
    """Many rows in one run: the length of every call, then when the loop began and ended.

    The driver sees when the process has ended, on the same clock.
    """
    numbers = shared_numbers(output)
    count = workload.latency_rows
    rows = workload.rows(0)
    rows = [rows[step % len(rows)] for step in range(count)]
    clock, log = time.perf_counter_ns, tool.log
    tool.start(0, parameters(0))
    begin = clock()
    for step in range(count):
        row = rows[step]
        before = clock()
        log(step, row)
        numbers[step] = clock() - before
    numbers[count + 1] = clock()
    numbers[count] = begin
    tool.finish()


def log_until_killed(tool, workload: Workload, output: str) -> None:
    """Rows as fast as they are taken, counting those whose call has returned."""
    accepted = shared_numbers(output)
    rows = workload.rows(0)
    tool.start(0, parameters(0))
    step = 0
    while True:
        tool.log(step, rows[step % len(rows)])
        step += 1
        accepted[0] = step


def count(tool, workload: Workload, output: str) -> None:
    """Which steps of the one run in this folder the tool can still show, with all their channels."""
    prepare_to_read(tool)
    with open(output, "w") as file:
        json.dump({"steps": sorted(tool.steps(0))}, file)


def describe(tool, workload: Workload, output: str) -> None:
    """How long the import takes, and what there is to say about the figures."""
    with open(output, "w") as file:
        json.dump({"import_seconds": import_seconds, "note": tool.NOTE}, file)


if __name__ == "__main__":
    phase, name, output = sys.argv[1:4]
    workload = Workload().tenth() if "--quick" in sys.argv[4:] else Workload()
    begin = time.perf_counter()
    tool = importlib.import_module(f"tools.{name}")
    import_seconds = time.perf_counter() - begin
    globals()[phase](tool, workload, output)
