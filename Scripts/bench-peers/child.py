"""Runs one phase of the measurement of one peer, with the Python of the peer's environment.

    child.py PHASE NAME OUTPUT [--quick]

The peer stores its files in the working directory. OUTPUT is a file that the driver has created. A phase writes its result
to this file as JSON. Results that must survive a kill are 64-bit numbers in the same file, which is then mapped.
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
    """Runs the step that some tools need between writing and reading. Its time is not measured."""
    getattr(tool, "prepare_to_read", lambda: None)()


def fill(tool, workload: Workload, output: str) -> None:
    """Logs all runs with all their rows, one after another."""
    for run in range(workload.runs):
        tool.start(run, parameters(run))
        for epoch, row in enumerate(workload.rows(run)):
            tool.log(epoch, row)
        tool.finish()


def query(tool, workload: Workload, output: str) -> None:
    """Queries the ten best runs once."""
    prepare_to_read(tool)
    begin = time.perf_counter_ns()
    answer = tool.top_ten()
    nanoseconds = time.perf_counter_ns() - begin
    with open(output, "w") as file:
        json.dump({"nanoseconds": nanoseconds, "answer": answer}, file)


def latency(tool, workload: Workload, output: str) -> None:
    """Logs many rows of one run. The result is the duration of every call, then the start and the end of the loop.

    The driver measures the end of the process with the same clock.
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
    """Logs rows at full speed, and counts those whose call has returned."""
    accepted = shared_numbers(output)
    rows = workload.rows(0)
    tool.start(0, parameters(0))
    step = 0
    while True:
        tool.log(step, rows[step % len(rows)])
        step += 1
        accepted[0] = step


def stored_steps(tool, workload: Workload, output: str) -> None:
    """Lists the steps that the tool has stored with all their channels, for the only run in this folder."""
    prepare_to_read(tool)
    with open(output, "w") as file:
        json.dump({"steps": sorted(tool.steps(0))}, file)


def describe(tool, workload: Workload, output: str) -> None:
    """Writes the duration of the import and the note about the figures."""
    with open(output, "w") as file:
        json.dump({"import_seconds": import_seconds, "note": tool.NOTE}, file)


if __name__ == "__main__":
    phase, name, output = sys.argv[1:4]
    workload = Workload().tenth() if "--quick" in sys.argv[4:] else Workload()
    begin = time.perf_counter()
    tool = importlib.import_module(f"tools.{name}")
    import_seconds = time.perf_counter() - begin
    globals()[phase](tool, workload, output)
