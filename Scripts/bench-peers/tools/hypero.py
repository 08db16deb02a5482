"""hypero from Python, from the wheel of this checkout. The ingest runs before the results are read, as it would run all the time."""

import os
import subprocess
import sys

os.environ["HYPERO_REDIS"] = os.environ["PEERS_REDIS"]
# The name of the folder separates the data of the phases, as the folder itself does for tools that store files.
os.environ["HYPERO_NAMESPACE"] = os.path.basename(os.getcwd())
os.environ["HYPERO_JOURNAL"] = os.path.abspath("journal")

import hypero

NOTE = (
    "called from Python; queried by hypero.rank, which runs hypero-query; the loop until the kill waits for Redis after each 10,000"
    " rows, because a full journal of 256 MiB drops further rows and counts them"
)


def start(run, parameters):
    global experiment
    experiment = hypero.battery("peers").experiment()
    experiment.params(parameters, run=run)


def log(step, row):
    experiment.log(step, row)
    if step % 10_000 == 9_999 and step > 9_999:
        hypero.flush("sent", timeout=60)


def finish():
    experiment.finish()


def prepare_to_read():
    program = os.path.join(os.path.dirname(sys.executable), "hypero-ingest")
    # A killed process leaves its journal to the next client, or to this command, which waits until the events are applied.
    if os.path.isdir("journal"):
        with subprocess.Popen([program]) as ingest:
            try:
                subprocess.run([program, "adopt"], check=True)
            finally:
                ingest.terminate()
    subprocess.run([program, "--drain"], check=True)


def top_ten():
    return [(row["params"]["run"], row["value"]) for row in hypero.rank("peers")]


def steps(run):
    [found] = [row for row in hypero.experiments("peers") if row["params"]["run"] == run]
    curves = hypero.show(found["experiment"])["curves"]
    channels = [curves["channels"][name] for name in ("train", "valid", "test")]
    return [step for step, *values in zip(curves["epoch"], *channels) if None not in values]
