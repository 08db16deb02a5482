"""Prints the learning curves of `Scripts/bench stopping`, and what the pruners of optuna do with them, one JSON object per line.

    stopping.py [--seeds N] [--optuna-seeds N] [--trials N] [--table FILE]

Lower is better. A line of curves has "curves" (the name), "seed", "epochs", "seen" (a list of observed values per trial), "last" (the
true value of each trial after all epochs) and "pace" (seconds per epoch of each trial). A line of optuna has "curves", "seed",
"pruner", "spent" (epochs), "regret" and "lost" (1 if the best trial was stopped).

The curves are power laws that cross, with noise, and those of 100 networks that scikit-learn trains on its digits. FILE keeps the
latter for the next run.
"""

import os

# Before numpy is imported: its threads would take the processors of the other programs.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import argparse
import heapq
import json
import warnings

import numpy as np

WORKERS = 8


def power_laws(seed, trials, epochs):
    """Curves a + (b - a) t^-c, with the floor, the start and the speed drawn independently. A tenth diverges."""
    random = np.random.default_rng([seed, epochs])
    floor = 0.05 + 0.7 * random.beta(1.3, 3, trials)[:, None]
    start = np.maximum(floor, 0.9 - 0.1 * random.random((trials, 1)))
    speed = random.uniform(0.25, 1.4, trials)[:, None]
    true = floor + (start - floor) * np.arange(1, epochs + 1)[None] ** (-speed)
    true[random.random(trials) < 0.1] = 0.9
    return true, true + 0.01 * random.standard_normal((trials, epochs))


def digits_curves(path):
    """Validation errors of 100 networks after each of 27 epochs."""
    if path and os.path.exists(path):
        return np.load(path)["errors"]
    from sklearn.datasets import load_digits
    from sklearn.neural_network import MLPClassifier

    warnings.filterwarnings("ignore")
    inputs, labels = load_digits(return_X_y=True)
    inputs = inputs / 16.0
    order = np.random.default_rng(1).permutation(len(labels))
    train, valid = order[:400], order[400:1000]
    random = np.random.default_rng(20261125)
    errors = []
    for number in range(100):
        solver = ["sgd", "adam"][random.integers(2)]
        rate = np.exp(random.uniform(np.log(1e-5), np.log(1e-1)))
        width = int(np.round(np.exp(random.uniform(np.log(8), np.log(256)))))
        depth = int(random.integers(1, 4))
        alpha = np.exp(random.uniform(np.log(1e-6), np.log(1)))
        batch = int(2 ** random.integers(3, 8))
        momentum = random.uniform(0, 0.99)
        network = MLPClassifier(
            (width,) * depth, activation=["relu", "tanh", "logistic"][random.integers(3)], solver=solver, alpha=alpha,
            batch_size=batch, learning_rate_init=rate, momentum=momentum, random_state=number)
        row = []
        for _ in range(27):
            try:
                network.partial_fit(inputs[train], labels[train], classes=np.arange(10))
                row.append(1 - network.score(inputs[valid], labels[valid]))
            except ValueError:
                row.append(0.9)
        errors.append(row)
    errors = np.array(errors)
    if path:
        np.savez(path, errors=errors)
    return errors


def shuffled(errors, seed):
    errors = errors[np.random.default_rng(seed).permutation(len(errors))]
    return errors, errors


def pruned(seen, true, pace, pruner, seed):
    """Runs the trials with 8 workers and a pruner, event by event."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(pruner=pruner, sampler=optuna.samplers.RandomSampler(seed=seed))
    count, epochs = seen.shape
    started, spent, ended = {}, 0, {}
    running = [(pace[number], number, 1) for number in range(min(WORKERS, count))]
    heapq.heapify(running)
    following = len(running)
    while running:
        now, number, epoch = heapq.heappop(running)
        spent += 1
        if number not in started:
            started[number] = study.ask()
        trial = started[number]
        value = float(seen[number, epoch - 1])
        trial.report(value, epoch)
        if epoch == epochs:
            study.tell(trial, value)
            ended[number] = value
        elif trial.should_prune():
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        else:
            heapq.heappush(running, (now + pace[number], number, epoch + 1))
            continue
        if following < count:
            heapq.heappush(running, (now + pace[following], following, 1))
            following += 1
    best = int(np.argmin(true[:, -1]))
    regret = true[min(ended, key=lambda i: (ended[i], i)), -1] - true[best, -1] if ended else 1
    return spent, float(regret), int(best not in ended)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--optuna-seeds", type=int, default=5)
    parser.add_argument("--trials", type=int, default=150)
    parser.add_argument("--table")
    arguments = parser.parse_args()
    errors = digits_curves(arguments.table)
    for name, epochs, make in (
        ("power laws, 81 epochs", 81, lambda seed: power_laws(seed, arguments.trials, 81)),
        ("power laws, 27 epochs", 27, lambda seed: power_laws(seed, arguments.trials, 27)),
        ("digits networks, 27 epochs", 27, lambda seed: shuffled(errors, seed)),
    ):
        for seed in range(arguments.seeds):
            true, seen = make(seed)
            pace = np.random.default_rng([seed, 5]).lognormal(0, 0.4, len(seen))
            print(json.dumps({
                "curves": name, "seed": seed, "epochs": epochs, "seen": seen.tolist(), "last": true[:, -1].tolist(),
                "pace": pace.tolist()}), flush=True)
            if seed >= arguments.optuna_seeds or epochs > 27:
                continue
            import optuna

            for label, pruner in (
                ("SuccessiveHalving(1, 3)", optuna.pruners.SuccessiveHalvingPruner(1, 3)),
                ("Hyperband(1, 27, 3)", optuna.pruners.HyperbandPruner(1, epochs, 3)),
                ("Median()", optuna.pruners.MedianPruner()),
                ("Percentile(33)", optuna.pruners.PercentilePruner(33.4)),
            ):
                spent, regret, lost = pruned(seen, true, pace, pruner, seed)
                print(json.dumps({
                    "curves": name, "seed": seed, "pruner": label, "spent": spent / seen.size, "regret": regret,
                    "lost": lost}), flush=True)


if __name__ == "__main__":
    main()
