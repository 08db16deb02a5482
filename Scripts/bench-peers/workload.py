"""The rows that every peer logs, and their number."""

import random
from dataclasses import dataclass

CHANNELS = ("train", "valid", "test")
TIMEOUT_SECONDS = 1800  # for one process of a peer; after this time the peer is stopped and reported as failed
KILL_AFTER_SECONDS = (1.0, 2.0)  # the range of the random time from the first row to the kill
TOP = 10


@dataclass(frozen=True)
class Workload:
    runs: int = 200
    rows_per_run: int = 50
    latency_rows: int = 10_000
    kills: int = 5

    def tenth(self) -> "Workload":
        return Workload(*(max(1, count // 10) for count in vars(self).values()))

    def row(self, run: int, epoch: int) -> dict[str, float]:
        """Returns a row of three channels. `valid` rises to the run's best value and falls again."""
        peak = run * 7 % self.rows_per_run
        valid = self.best(run) - 0.3 * ((epoch - peak) / self.rows_per_run) ** 2
        return {"train": valid + 0.05, "valid": valid, "test": valid - 0.02}

    def rows(self, run: int) -> list[dict[str, float]]:
        return [self.row(run, epoch) for epoch in range(self.rows_per_run)]

    def best(self, run: int) -> float:
        """Returns the highest `valid` of a run. All are different, because 73 and the number of runs are coprime."""
        return 0.5 + 0.4 * (run * 73 % self.runs) / self.runs

    def top_ten(self) -> list[tuple[int, float]]:
        """Returns the expected result of a query: the best runs and their best `valid`, best first."""
        return sorted(((run, self.best(run)) for run in range(self.runs)), key=lambda pair: -pair[1])[:TOP]


def parameters(run: int) -> dict[str, float | int]:
    """Returns the four hyper-parameters of a run."""
    draw = random.Random(run)
    return {
        "lr": 10 ** draw.uniform(-5, -1),
        "dropout": draw.uniform(0, 0.5),
        "depth": draw.randint(1, 7),
        "batch": draw.choice([32, 64, 128]),
    }
