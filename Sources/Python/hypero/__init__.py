"""The experiment log and leaderboard for hyper-parameter search.

    import hypero

    bat = hypero.battery("digits", version=3, description="fixed bug", objective="valid", direction="max")
    with bat.experiment() as exp:
        lr = exp.log_uniform("lr", 1e-5, 1e-1)
        exp.params(bs=64)
        for epoch in range(1, 31):
            ...
            exp.log(epoch, train=train, valid=valid, test=test)
    hypero.flush()
    print(hypero.rank("digits"))

A log call copies its event into the journal, a mapped file, and returns. A background thread sends the events to Redis: a server
that is slow or down neither blocks nor ends a training. `hypero up` runs a server and an ingest on this machine.
"""

from __future__ import annotations

from ._battery import Battery
from ._client import Client, Counters, battery, close, connect, flush
from ._experiment import Experiment
from ._version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._queries import QueryError, Rows, batteries, curves, dead, experiments, export, rank, report, show, status
    from ._report import Report
    from ._search import Search, Stopping, halving, median
    from ._study import search
    from ._trial import TrialPruned

__all__ = [
    "Battery", "Client", "Counters", "Experiment", "QueryError", "Report", "Rows", "Search", "Stopping", "TrialPruned",
    "__version__", "batteries", "battery", "close", "connect", "curves", "dead", "experiments", "export", "flush", "halving",
    "median", "rank", "report", "search", "show", "status",
]

_lazy = {
    "QueryError": "_queries", "Report": "_queries", "Rows": "_queries", "Search": "_search", "Stopping": "_search",
    "TrialPruned": "_trial", "batteries": "_queries", "curves": "_queries", "dead": "_queries", "experiments": "_queries", "export": "_queries",
    "halving": "_search", "median": "_search", "rank": "_queries", "report": "_queries",
    "search": "_study", "show": "_queries", "status": "_queries",
}


def __getattr__(name: str) -> Any:
    # Queries start a program. Trainings need none, and must not pay for the import of subprocess and json.
    if name not in _lazy:
        raise AttributeError(f"module 'hypero' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f".{_lazy[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(_lazy))
