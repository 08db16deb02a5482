"""trackio without a server or a Space: https://huggingface.co/docs/trackio/quickstart"""

import os

# Read when the package is imported.
os.environ["TRACKIO_DIR"] = os.path.abspath("trackio")

import trackio
from trackio.sqlite_storage import SQLiteStorage

NOTE = (
    "queried with SQL, as with `trackio query project`; its thread writes the queued rows every half second and is slower"
    " than this loop, so a kill loses the whole queue; with a slower loop, a kill loses the rows of the last half second"
)
TOP_TEN = """
    SELECT run_name, MAX(json_extract(metrics, '$.valid')) AS best FROM metrics
    GROUP BY run_id ORDER BY best DESC LIMIT 10
"""


def start(run, parameters):
    trackio.init(project="peers", name=f"run-{run}", config=parameters)


def log(step, row):
    trackio.log(row, step=step)


def finish():
    trackio.finish()


def top_ten():
    found = SQLiteStorage.query_project("peers", TOP_TEN)["rows"]
    return [(int(row["run_name"].removeprefix("run-")), row["best"]) for row in found]


def steps(run):
    found = SQLiteStorage.get_logs("peers", f"run-{run}")
    return [row["step"] for row in found if {"train", "valid", "test"} <= row.keys()]
