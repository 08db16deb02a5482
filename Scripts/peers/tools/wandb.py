"""wandb in its offline mode: https://docs.wandb.ai/models/track"""

import glob
import json
import os
import subprocess
import sys

import wandb

NOTE = (
    "offline runs cannot be asked for a ranking: they would have to be uploaded first; rows read with"
    " `wandb leet inspect`; its service stops at once when the training is gone, and drops what it still has"
)


def start(run, parameters):
    wandb.init(project="peers", name=f"run-{run}", config=parameters, mode="offline")


def log(step, row):
    wandb.log(row, step=step)


def finish():
    wandb.finish()


def steps(run):
    # The folder holds the one run that was logged in it.
    [log] = glob.glob("wandb/offline-run-*/*.wandb")
    wandb_command = os.path.join(os.path.dirname(sys.executable), "wandb")
    inspect = subprocess.run(
        [wandb_command, "leet", "inspect", "--json", log], stdout=subprocess.PIPE, check=True, text=True
    )
    records = map(json.loads, inspect.stdout.splitlines())
    items = [record["history"]["item"] for record in records if record["type"] == "history"]
    return [item["_step"] for item in items if {"train", "valid", "test"} <= item.keys()]
