"""The problems of `Scripts/bench search`. The Swift form is in Tests/TestSupport/Search; sources are named there.

A problem is a function of a trial that draws its parameters when it needs them. All are minimised.
"""

import math
from pathlib import Path


def branin_of(x, y):
    curve = y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6
    return curve**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


def branin(trial):
    return branin_of(trial.uniform("x", -5, 10), trial.uniform("y", 0, 15))


def branin12(trial):
    x, y = trial.uniform("x", -5, 10), trial.uniform("y", 0, 15)
    for index in range(10):
        trial.uniform(f"idle{index}", 0, 1)
    return branin_of(x, y)


HARTMANN_WEIGHTS = (1, 1.2, 3, 3.2)
HARTMANN_SCALES = (
    (10, 3, 17, 3.5, 1.7, 8), (0.05, 10, 17, 0.1, 8, 14), (3, 3.5, 1.7, 10, 17, 8), (17, 8, 0.05, 10, 0.1, 14),
)
HARTMANN_CENTERS = (
    (0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886), (0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991),
    (0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650), (0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381),
)


def hartmann6(trial):
    x = [trial.uniform(f"x{index}", 0, 1) for index in range(6)]
    total = 0.0
    for weight, scales, centers in zip(HARTMANN_WEIGHTS, HARTMANN_SCALES, HARTMANN_CENTERS):
        total += weight * math.exp(-sum(a * (v - p) ** 2 for a, v, p in zip(scales, x, centers)))
    return -total


ACKLEY_OPTIMUM = (9.1, -14.3, 4.7, -7.9, 17.2)


def ackley5(trial):
    x = [trial.uniform(f"x{index}", -32.768, 32.768) - center for index, center in enumerate(ACKLEY_OPTIMUM)]
    square = sum(v * v for v in x) / 5
    wave = sum(math.cos(2 * math.pi * v) for v in x) / 5
    return 20 - 20 * math.exp(-0.2 * math.sqrt(square)) + math.e - math.exp(wave)


def rosenbrock4(trial):
    x = [trial.uniform(f"x{index}", -5, 10) for index in range(4)]
    return math.log10(1 + sum(100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2 for i in range(3)))


def pipeline(trial):
    rate = math.log10(trial.log_uniform("lr", 1e-6, 1.0))
    optimizer = trial.categorical("optimizer", ("sgd", "adam", "rmsprop"))
    if optimizer == "sgd":
        momentum = trial.uniform("momentum", 0, 0.99)
        best, error = -1.2 - 2 * momentum / 3, 0.15 + 0.8 * (momentum - 0.9) ** 2
    elif optimizer == "adam":
        beta = trial.log_uniform("one minus beta2", 1e-4, 1e-1)
        best, error = -3.0, 0.05 * (math.log10(beta) + 2.7) ** 2
    else:
        best, error = -3.3, 0.08 + 0.05 * abs(math.log10(trial.log_uniform("decay", 1e-6, 1e-1)) + 4)
    error += 0.12 * (rate - best) ** 2
    layers = trial.randint("layers", 1, 4)
    error += 0.03 * (layers - 3) ** 2
    for layer in range(layers):
        error += 0.02 * (math.log2(trial.randint(f"width{layer}", 8, 512)) - (8 - layer)) ** 2 / layers
    if trial.categorical("dropout", (False, True)):
        error += 0.3 * (trial.uniform("rate", 0, 0.8) - 0.25) ** 2
    else:
        error += 0.04
    activations = {"relu": 0.0, "tanh": 0.03, "gelu": 0.005, "elu": 0.02}
    return error + activations[trial.categorical("activation", tuple(activations))]


def branches(trial):
    branch, target = trial.categorical("x", ("A", "B")), trial.uniform("t", -2, 2)
    if branch == "A":
        return (trial.uniform("y", 1, 2) - target) ** 2
    return (trial.uniform("z", -2, 1) - target) ** 2 + 0.05


SVM_ERRORS: dict[str, list[list[float]]] = {}


def svm(trial):
    if not SVM_ERRORS:
        for line in (Path(__file__).parent / "digits-svm.csv").read_text().splitlines():
            if not line.startswith("#"):
                name, *errors = line.split(",")
                SVM_ERRORS.setdefault(name, []).append([int(error) / 700 for error in errors])
    kernel = trial.categorical("kernel", ("rbf", "poly", "linear"))
    c = (math.log10(trial.log_uniform("C", 1e-3, 1e3)) + 3) / 6
    if kernel == "linear":
        return interpolated(SVM_ERRORS["linear"] * 2, 0, c)
    gamma = (math.log10(trial.log_uniform("gamma", 1e-6, 10)) + 6) / 7
    name = "rbf" if kernel == "rbf" else f"poly{trial.randint('degree', 2, 4)}"
    return interpolated(SVM_ERRORS[name], c, gamma)


def interpolated(rows, row, column):
    """Interpolates a table at positions from 0 to 1."""
    row, column = row * (len(rows) - 1), column * (len(rows[0]) - 1)
    i, j = min(max(int(row), 0), len(rows) - 2), min(max(int(column), 0), len(rows[0]) - 2)
    u, v = row - i, column - j
    upper = rows[i][j] * (1 - v) + rows[i][j + 1] * v
    lower = rows[i + 1][j] * (1 - v) + rows[i + 1][j + 1] * v
    return upper * (1 - u) + lower * u


PROBLEMS = {
    problem.__name__: problem
    for problem in (branin, hartmann6, ackley5, rosenbrock4, branin12, pipeline, branches, svm)
}
