"""A program that uses all of the package's types. `mypy --strict` must accept it, and find each mistake that it marks."""

from typing import Any

import hypero

client: hypero.Client = hypero.connect("redis://localhost", namespace="a", partitions=2, seed=7, resume=None)
battery: hypero.Battery = client.battery(
    "digits", version=3, description="fixed bug", objective="valid", direction="max", directions={"loss": "min"})
with battery.experiment() as experiment:
    rate: float = experiment.log_uniform("lr", 1e-5, 1e-1)
    depth: int = experiment.randint("depth", 1, 7)
    size: int = experiment.categorical("size", [16, 32])
    decay: str = experiment.categorical("decay", {"linear": 0.8, "adaptive": 0.2})
    experiment.params(bs=64, hidden=[128, 64])
    experiment.meta({"dataset": "digits"})
    experiment.log(1, train=0.9, valid=1)
    experiment.log(2, {"train/loss": 0.1}, valid=True)
    experiment.maxima(valid=0.9, epoch=3)
    experiment.curves(train=[0.1, 0.2], first=1)
rule: hypero.Stopping = hypero.halving(81, first=3, factor=3)
search: hypero.Search = battery.search(200, seed=1, name="wide", sampler="random", stopping=rule, attempts=2, lease=60.0)
search.enqueue(lr=0.003)
for trial in search:
    number: int | None = trial.trial
    first: int = trial.last_epoch + trial.attempt
    if trial.should_stop:
        reason: str | None = trial.stop_reason
one: hypero.Experiment | None = search.next(timeout=5)
finished: bool = search.finished
lowest: float = hypero.search(lambda trial: trial.suggest_float("x", 0, 1), 10, battery=battery, stopping=hypero.median(9)).best_value
resumed: hypero.Experiment = battery.experiment(resume=experiment.id, start=18)
applied: bool = client.flush(until="applied", timeout=5)
dropped: int = client.counters.dropped
rows: hypero.Rows = hypero.rank("digits", by="valid", limit=10)
best: dict[str, Any] = rows[0]
page: hypero.Report = hypero.report("digits", where="lr < 1", anonymous=True)
page.save("digits.html")
exported: hypero.Rows = hypero.export("digits", params=["lr", "m*"], maxima="valid", order_by="valid", desc=True)
closed: bool = client.close()

experiment.log(1, valid="0.9")  # type: ignore[arg-type]
experiment.log(1.5, valid=0.9)  # type: ignore[arg-type]
experiment.log("1", valid=0.9)  # type: ignore[arg-type]
client.battery("digits", direction="up")  # type: ignore[arg-type]
battery.search(200, sampler="grid")  # type: ignore[arg-type]
battery.search(200, stopping="halving")  # type: ignore[arg-type]
hypero.halving(81.0)  # type: ignore[arg-type]
client.flush(until="never")  # type: ignore[arg-type]
wrong: str = experiment.randint("depth", 1, 7)  # type: ignore[assignment]
