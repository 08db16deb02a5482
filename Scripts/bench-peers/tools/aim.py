"""aim in a local repository: https://aimstack.readthedocs.io/en/latest/quick_start/setup.html"""

import os
import subprocess
import sys

import aim
from aim.sdk.types import QueryReportMode

NOTE = (
    "queried with query_metrics, which reads the complete sequence of each run; the index is created before with"
    " `aim storage reindex`, which is not measured"
)

current = None


def start(run, parameters):
    global current
    current = aim.Run(repo=".", experiment="peers")
    current["hparams"] = parameters
    current.name = f"run-{run}"


def log(step, row):
    current.track(row, step=step)


def finish():
    current.close()


def prepare_to_read():
    """Creates the index that queries need. Otherwise a running `aim up` would maintain it."""
    aim_command = os.path.join(os.path.dirname(sys.executable), "aim")
    subprocess.run([aim_command, "storage", "--repo", ".", "reindex", "--yes"], check=True)


def metrics(query):
    found = aim.Repo(".").query_metrics(query, report_mode=QueryReportMode.DISABLED)
    for run in found.iter_runs():
        yield from run


def top_ten():
    best = [
        (int(metric.run.name.removeprefix("run-")), float(metric.values.values_numpy().max()))
        for metric in metrics("metric.name == 'valid'")
    ]
    return sorted(best, key=lambda pair: -pair[1])[:10]


def steps(run):
    channels = "metric.name in ['train', 'valid', 'test']"
    found = [set(metric.data.indices_list()) for metric in metrics(f"run.name == 'run-{run}' and {channels}")]
    return set.intersection(*found) if len(found) == 3 else []
