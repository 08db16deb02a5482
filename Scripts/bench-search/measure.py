"""Runs the searches of `Scripts/bench search` with optuna, and prints one JSON object per line.

    measure.py [--seeds N] [--divide N]

Each line of a search has "problem", "workers", "seed" and "best": the best values after 25, 50, 100 and 200 trials, as far as there
are so many. Lines of the processor time have "past", the number of past trials, and "ms" per suggestion of ten hyper-parameters. The
first line has the version of optuna.
"""

import os

# Before numpy is imported: its threads would take the processors of the other searches.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import argparse
import heapq
import json
import random
import statistics
import time
from concurrent.futures import ProcessPoolExecutor, as_completed

import optuna
from problems import PROBLEMS

CHECKPOINTS = (25, 50, 100, 200)
# The problems that 8 workers search too, with 100 trials.
PARALLEL = ("branin", "hartmann6", "pipeline")


class Trial:
    def __init__(self, trial):
        self.trial = trial

    def uniform(self, name, low, high):
        return self.trial.suggest_float(name, low, high)

    def log_uniform(self, name, low, high):
        return self.trial.suggest_float(name, low, high, log=True)

    def randint(self, name, low, high):
        return self.trial.suggest_int(name, low, high)

    def categorical(self, name, choices):
        return self.trial.suggest_categorical(name, choices)


def study(seed):
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))


def search(name, workers, seed, trials):
    """Returns the best value after each trial. A worker takes the next trial when it has ended one, with lognormal durations."""
    problem, searched = PROBLEMS[name], study(seed)
    durations = random.Random(seed)
    running, best = [], []

    def start(now):
        trial = searched.ask()
        value = problem(Trial(trial))
        heapq.heappush(running, (now + durations.lognormvariate(0, 0.5), trial.number, trial, value))

    for _ in range(min(workers, trials)):
        start(0.0)
    started = len(running)
    while running:
        now, _, trial, value = heapq.heappop(running)
        searched.tell(trial, value)
        best.append(min(value, best[-1]) if best else value)
        if started < trials:
            start(now)
            started += 1
    return {"problem": name, "workers": workers, "seed": seed, "best": [best[at - 1] for at in CHECKPOINTS if at <= trials]}


def suggestion_time(past):
    """Returns the median processor time of a suggestion of ten numbers, in milliseconds."""
    searched, draw = study(1), random.Random(0)
    space = {f"x{index}": optuna.distributions.FloatDistribution(0, 1) for index in range(10)}
    for _ in range(past):
        values = {name: draw.random() for name in space}
        searched.add_trial(
            optuna.trial.create_trial(params=values, distributions=space, value=sum(v * v for v in values.values())))
    times = []
    for _ in range(6):
        start = time.process_time()
        trial = searched.ask()
        value = sum(trial.suggest_float(name, 0, 1) ** 2 for name in space)
        times.append((time.process_time() - start) * 1e3)
        searched.tell(trial, value)
    return {"past": past, "ms": statistics.median(times[1:])}


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--seeds", type=int, default=20)
    options.add_argument("--divide", type=int, default=1)
    options = options.parse_args()

    print(json.dumps({"optuna": optuna.__version__}), flush=True)
    with ProcessPoolExecutor() as pool:
        jobs = [pool.submit(suggestion_time, max(past // options.divide, 20)) for past in (100, 1_000, 5_000, 10_000)]
        for seed in range(options.seeds):
            for name in PROBLEMS:
                jobs.append(pool.submit(search, name, 1, seed, max(200 // options.divide, 25)))
            for name in PARALLEL:
                jobs.append(pool.submit(search, name, 8, seed, max(100 // options.divide, 25)))
        for job in as_completed(jobs):
            print(json.dumps(job.result()), flush=True)


if __name__ == "__main__":
    main()
