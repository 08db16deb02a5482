"""tensorboardX, read with the reader of TensorBoard: https://tensorboardx.readthedocs.io/en/latest/tutorial.html"""

import os

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboardX import SummaryWriter

NOTE = "queried by reading the folder of every run with EventAccumulator"

writer = None


def start(run, parameters):
    global writer
    writer = SummaryWriter(os.path.join("runs", f"run-{run}"))
    writer.add_hparams(parameters, {}, name="parameters")


def log(step, row):
    for channel, value in row.items():
        writer.add_scalar(channel, value, step)


def finish():
    writer.close()


def read(run):
    # 0 reads all values of a run. The default reads only a sample.
    return EventAccumulator(os.path.join("runs", run), size_guidance={"scalars": 0}).Reload()


def top_ten():
    best = {run: max(event.value for event in read(run).Scalars("valid")) for run in os.listdir("runs")}
    ranked = sorted(best.items(), key=lambda pair: -pair[1])[:10]
    return [(int(run.removeprefix("run-")), value) for run, value in ranked]


def steps(run):
    events = read(f"run-{run}")
    if not {"train", "valid", "test"} <= set(events.Tags()["scalars"]):
        return []
    return set.intersection(*({event.step for event in events.Scalars(tag)} for tag in ("train", "valid", "test")))
