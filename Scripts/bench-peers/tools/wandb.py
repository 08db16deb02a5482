"""wandb in its offline mode: https://docs.wandb.ai/models/track"""

import glob
import json
import os
import subprocess
import sys

import wandb

NOTE = (
    "offline runs cannot be ranked before an upload; rows read with `wandb leet inspect`; its service stops immediately"
    " when the training has ended, and drops the rows it has not written"
)


def start(run, parameters):
    wandb.init(project="peers", name=f"run-{run}", config=parameters, mode="offline")


def log(step, row):
    wandb.log(row, step=step)


def finish():
    wandb.finish()


def steps(run):
    # The folder contains exactly one run.
    [log] = glob.glob("wandb/offline-run-*/*.wandb")
    wandb_command = os.path.join(os.path.dirname(sys.executable), "wandb")
    inspect = subprocess.run(
        [wandb_command, "leet", "inspect", "--json", log], stdout=subprocess.PIPE, check=True, text=True
    )
    records = map(json.loads, inspect.stdout.splitlines())
    items = [record["history"]["item"] for record in records if record["type"] == "history"]
    return [item["_step"] for item in items if {"train", "valid", "test"} <= item.keys()]
