"""A random search over networks for scikit-learn's digits, in four processes.

    pip install scikit-learn
    hypero up --detach
    python digits.py && hypero-query rank "digits sklearn"
"""

import argparse
import multiprocessing
import warnings
from concurrent.futures import ProcessPoolExecutor

from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

import hypero


def train(epochs: int) -> str:
    """Trains a network with drawn hyper-parameters, and returns the id of its experiment."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    images, labels = load_digits(return_X_y=True)
    images, test_images, labels, test_labels = train_test_split(images / 16, labels, test_size=300, random_state=1)
    images, valid_images, labels, valid_labels = train_test_split(images, labels, test_size=300, random_state=1)

    battery = hypero.battery("digits sklearn", version=1, description="random search", objective="valid", direction="max")
    with battery.experiment() as experiment:
        model = MLPClassifier(
            learning_rate_init=experiment.log_uniform("lr", 1e-4, 1e-1),
            hidden_layer_sizes=experiment.categorical("hidden", [[32], [64], [128], [64, 32]]),
            activation=experiment.categorical("activation", {"relu": 0.7, "tanh": 0.3}),
            alpha=experiment.log_uniform("alpha", 1e-6, 1e-2),
            batch_size=experiment.categorical("bs", [16, 32, 64]),
        )
        experiment.meta(dataset="digits")
        for epoch in range(1, epochs + 1):
            model.partial_fit(images, labels, classes=range(10))
            experiment.log(
                epoch, train=model.score(images, labels), valid=model.score(valid_images, valid_labels),
                test=model.score(test_images, test_labels), loss=model.loss_)
    # So that the ranking below has this experiment. Without it, the events are sent all the same.
    hypero.flush(timeout=30)
    return experiment.id


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--experiments", type=int, default=20)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--epochs", type=int, default=15)
    options = parser.parse_args()
    with ProcessPoolExecutor(options.workers, mp_context=multiprocessing.get_context("fork")) as workers:
        list(workers.map(train, [options.epochs] * options.experiments))
    print("rank  experiment       valid     test  epoch  hyper-parameters")
    for row in hypero.rank("digits sklearn", limit=5):
        maxima = row["maxima"]
        print(f"{row['rank']:4}  {row['experiment']:15}{maxima['valid']:7.4f}  {maxima['test']:7.4f}  {row['epoch']:5}  {row['params']}")


if __name__ == "__main__":
    main()
