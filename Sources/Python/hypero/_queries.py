"""The queries, by the program hypero-query: its JSON is the contract."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from . import _programs

if TYPE_CHECKING:
    import pandas  # type: ignore[import-untyped, import-not-found, unused-ignore]


class QueryError(Exception):
    """A query that failed.

    code: the exit status of hypero-query. 3: battery, version, experiment, channel or column not found. 4: Redis is not reachable or
        not ready, or denies access. 64: an argument is invalid. 1: any other reason.
    """

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class Rows(list[dict[str, Any]]):
    """Rows of a result: a list of dicts with the keys of `hypero-query --format json`."""

    #: What the query says beside its rows, for example how many experiments have no rank.
    notes: str = ""

    def to_pandas(self) -> pandas.DataFrame:
        """Returns a table. The keys of inner objects are columns such as maxima.valid and params.lr."""
        import pandas  # type: ignore[import-untyped, import-not-found, unused-ignore]

        return pandas.DataFrame([_flat(row) for row in self])


def rank(
    name: str, *, version: int | None = None, by: str | None = None, best_of: str | None = None,
    status: str | Sequence[str] = (), limit: int = 10, ascending: bool | None = None, redis: str | None = None,
    namespace: str | None = None,
) -> Rows:
    """Ranks the experiments of a battery, the best first.

    name: of the battery, or its id.
    version: None for all versions together.
    by: the channel to rank by. None: the battery's objective.
    best_of: rank by the best value of this channel at any epoch instead.
    status: only experiments of these statuses: running, done, failed, stopped, lost.
    ascending: True for the lowest value first, False for the highest. None: the best, by the direction of the channel.
    redis: the server, as for `connect`.
    Raises QueryError.
    """
    order = [] if ascending is None else ["--ascending" if ascending else "--descending"]
    return _rows(
        "rank", [*_option("version", version), *_option("by", by), *_option("best-of", best_of), *_statuses(status),
                 *_option("limit", limit), *order], redis, namespace, name)


def experiments(
    name: str, *, version: int | None = None, status: str | Sequence[str] = (), unranked: bool = False, limit: int = 20,
    redis: str | None = None, namespace: str | None = None,
) -> Rows:
    """Lists the experiments of a battery, ranked or not, the newest first. The parameters are those of `rank`."""
    return _rows(
        "experiments", [*_option("version", version), *_statuses(status), *(["--unranked"] if unranked else []),
                        *_option("limit", limit)], redis, namespace, name)


def batteries(*, redis: str | None = None, namespace: str | None = None) -> Rows:
    """Lists the batteries with the number of their experiments and their best value."""
    return _rows("batteries", [], redis, namespace)


def show(experiment: str, *, redis: str | None = None, namespace: str | None = None) -> dict[str, Any]:
    """Returns all values and the learning curves of an experiment.

    experiment: its id, or a prefix that no other id has.
    """
    return _rows("show", [], redis, namespace, experiment)[0]


def status(*, redis: str | None = None, namespace: str | None = None) -> dict[str, Any]:
    """Returns the state of the server and of the ingest, with warnings."""
    return _rows("status", [], redis, namespace)[0]


def dead(*, limit: int = 20, redis: str | None = None, namespace: str | None = None) -> Rows:
    """Lists the dead letters, the entries that could not be applied, the newest first."""
    return _rows("dead", _option("limit", limit), redis, namespace)


def _rows(query: str, options: Iterable[str], redis: str | None, namespace: str | None, *names: str) -> Rows:
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"a name or an id must be a str, not {name!r}. A battery and an experiment have the property id")
    environment = None
    if redis is not None:
        # Not as an argument: other users can read the password of a URL there.
        import os

        environment = {**os.environ, "HYPERO_REDIS": redis}
    command = [
        _programs.path("hypero-query"), query, "--format", "json", *_option("namespace", namespace), *options, "--", *names]
    result = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, encoding="utf-8", env=environment)
    message = result.stderr.strip().removeprefix("hypero-query: ")
    if result.returncode != 0:
        raise QueryError(message or f"hypero-query ended with {result.returncode}", result.returncode)
    # Not splitlines: a text may have other line separators, such as U+2028.
    rows = Rows(json.loads(line) for line in result.stdout.split("\n") if line)
    rows.notes = message
    return rows


def _option(name: str, value: Any) -> list[str]:
    # In one argument, so that a value may begin with a minus.
    return [] if value is None else [f"--{name}={value}"]


def _statuses(given: str | Sequence[str]) -> list[str]:
    return [f"--status={item}" for item in ([given] if isinstance(given, str) else given)]


def _flat(row: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in row.items():
        flat.update(_flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value})
    return flat
