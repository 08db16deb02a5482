"""Searches the hyper-parameters of scikit-learn's network on its digits with hypero, and prints the courses as JSON.

    real.py --redis URL [--seeds 1-10] [--sampler tpe|random] [--stop] [--epochs N] [--budget N] [--workers N]

Needs an empty Redis server with an ingest, and scikit-learn beside hypero. Without --sampler, each seed is searched four times: with both
samplers, each with and without halving. All workers of a search together train for BUDGET epochs, those of 200 whole trainings of 27
epochs by default. Each search is one line. Its "best" has the best validation error after each epoch that all workers have trained,
"valid" and "test" are those of the best training at its best epoch, and "trials", "epochs" and "seconds" are those of the search.
medians.py reads the lines.
"""

import os

# Before numpy is imported: its threads would take the processors of the other workers.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import argparse
import json
import multiprocessing
import time
import warnings
from itertools import product

import numpy as np
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier

import hypero


def split():
    inputs, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(1).permutation(len(labels))
    inputs, labels = inputs[order] / 16.0, labels[order]
    return (inputs[:400], labels[:400]), (inputs[400:1000], labels[400:1000]), (inputs[1000:], labels[1000:])


def network(exp):
    depth = exp.randint("depth", 1, 3)
    solver = exp.categorical("solver", ["sgd", "adam"])
    momentum = exp.uniform("momentum", 0, 0.99) if solver == "sgd" else 0.9
    return MLPClassifier(
        (exp.randint("width", 8, 256),) * depth, activation=exp.categorical("activation", ["relu", "tanh", "logistic"]),
        solver=solver, alpha=exp.log_uniform("alpha", 1e-6, 1), batch_size=exp.categorical("batch", [8, 16, 32, 64, 128]),
        learning_rate_init=exp.log_uniform("lr", 1e-5, 0.1), momentum=momentum, random_state=exp.trial)


def work(arguments, variant, spent, rows):
    """Trains trials until all workers together have spent the budget."""
    warnings.filterwarnings("ignore")
    train, valid, test = split()
    client = hypero.connect(arguments.redis)
    seed, sampler, stops = variant
    stopping = hypero.halving(epochs=arguments.epochs) if stops else None
    name = f"digits, {sampler}{' with halving' if stops else ''}, seed {seed}"
    # More trials than the budget has room for.
    search = client.battery(name, objective="error", direction="min").search(
        trials=1_000_000, seed=seed, sampler=sampler, stopping=stopping)
    for exp in search:
        model = network(exp)
        for epoch in range(1, arguments.epochs + 1):
            with spent.get_lock():
                if spent.value >= arguments.budget:
                    exp.stop("the budget is spent")
                    client.close()
                    return
                spent.value += 1
                number = spent.value
            model.partial_fit(*train, classes=np.arange(10))
            error, outside = 1 - model.score(*valid), 1 - model.score(*test)
            rows.put((number, exp.trial, error, outside))
            exp.log(epoch, error=error, test=outside)
            if exp.should_stop:
                break


def search(arguments, variant):
    """Returns the course of one search."""
    start = time.monotonic()
    context = multiprocessing.get_context("spawn")
    spent, rows = context.Value("l", 0), context.Queue()
    workers = [context.Process(target=work, args=(arguments, variant, spent, rows)) for _ in range(arguments.workers)]
    for worker in workers:
        worker.start()
    found = sorted(rows.get() for _ in range(arguments.budget))
    for worker in workers:
        worker.join()
    best, course = (2, 2), []
    for _, _, error, outside in found:
        best = min(best, (error, outside))
        course.append(round(best[0], 6))
    seed, sampler, stops = variant
    return {
        "seed": seed, "sampler": sampler, "stop": stops, "valid": best[0], "test": best[1], "trials": len({row[1] for row in found}),
        "epochs": len(found), "whole": arguments.epochs, "seconds": round(time.monotonic() - start, 1), "best": course}


def seeds(text):
    """Reads 7 or 1-10."""
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--redis", required=True)
    parser.add_argument("--seeds", type=seeds, default="1-10")
    parser.add_argument("--sampler", choices=("random", "tpe"))
    parser.add_argument("--stop", action="store_true")
    parser.add_argument("--epochs", type=int, default=27)
    parser.add_argument("--budget", type=int, default=200 * 27)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    if arguments.stop and not arguments.sampler:
        parser.error("--stop needs --sampler")
    kinds = [(arguments.sampler, arguments.stop)] if arguments.sampler else list(product(("random", "tpe"), (False, True)))
    for seed in arguments.seeds:
        for sampler, stops in kinds:
            print(json.dumps(search(arguments, (seed, sampler, stops))), flush=True)


if __name__ == "__main__":
    main()
