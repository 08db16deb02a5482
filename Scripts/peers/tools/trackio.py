"""trackio without a server or a Space: https://huggingface.co/docs/trackio/quickstart"""

import os

# Read when the package is imported.
os.environ["TRACKIO_DIR"] = os.path.abspath("trackio")

import trackio
from trackio.sqlite_storage import SQLiteStorage

NOTE = (
    "asked with the SQL that `trackio query project` takes; its thread writes what has come in every half second"
    " and falls behind a loop as fast as this one, so that a kill takes all that is queued then; of a slower loop it"
    " takes the last half second"
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
