"""The queries, by the program hypero-query: its JSON is the contract."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, SupportsIndex, Union, overload

from . import _programs, _wording
from ._battery import Battery
from ._experiment import Experiment
from ._report import Report

if TYPE_CHECKING:
    import pandas  # type: ignore[import-untyped, import-not-found, unused-ignore]


#: A battery, and an experiment, of a query.
Named = Union[str, Battery, dict[str, Any]]
Shown = Union[str, Experiment, dict[str, Any]]


class QueryError(Exception):
    """A query that failed.

    code: the exit status of hypero-query. 3: battery, version, experiment, channel or column not found. 4: Redis is not reachable
        or not ready, or denies access. 64: an argument is invalid. 1: any other reason.
    """

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class Rows(list[dict[str, Any]]):
    """Rows of a result: a list of dicts with the keys of `hypero-query --format json`. Printed, they are a table."""

    #: What the query says beside its rows, for example how many experiments have no rank, or which partitions of a cluster do not
    #: answer and are left out. The logger "hypero" gets it too.
    notes: str = ""

    @overload
    def __getitem__(self, index: SupportsIndex, /) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice, /) -> Rows: ...
    def __getitem__(self, index: SupportsIndex | slice, /) -> dict[str, Any] | Rows:
        if not isinstance(index, slice):
            return super().__getitem__(index)
        rows = Rows(super().__getitem__(index))
        rows.notes = self.notes
        return rows

    def __repr__(self) -> str:
        if not all(isinstance(row, dict) for row in self):
            return super().__repr__()
        from . import _table

        return _table.text(self)

    def _repr_html_(self) -> str:
        from . import _table

        return _table.page(self)

    def to_pandas(self) -> pandas.DataFrame:
        """Returns a table. The keys of inner objects are columns such as maxima.valid and params.lr."""
        import pandas  # type: ignore[import-untyped, import-not-found, unused-ignore]

        return pandas.DataFrame([_flat(row) for row in self])


def rank(
    name: Named, *, version: int | None = None, by: str | None = None, best_of: str | None = None,
    status: str | Sequence[str] = (), limit: int = 10, ascending: bool | None = None, where: str | None = None,
    lenient: bool = False, redis: str | None = None, namespace: str | None = None,
) -> Rows:
    """Ranks the experiments of a battery, the best first.

    name: of the battery, or its id, the Battery itself, or a row of `batteries`.
    version: None for all versions together.
    by: the channel to rank by. None: the battery's objective.
    best_of: rank by the best value of this channel at any epoch instead.
    status: only experiments of these statuses: running, done, failed, stopped, lost.
    ascending: True for the lowest value first, False for the highest. None: the best, by the direction of the channel.
    where: only experiments that fulfil a condition such as "valid > 0.9 and lr < 1e-2".
    lenient: with `where`, a field that no experiment has is missing, and no error.
    redis: the server, as for `connect`.
    Raises QueryError.
    """
    if ascending not in (None, True, False):
        raise TypeError(f"ascending must be True, False or None, not {ascending!r}")
    order = [] if ascending is None else ["--ascending" if ascending else "--descending"]
    return answer(
        "rank", [*_option("version", version), *_option("by", by), *_option("best-of", best_of), *_statuses(status),
                 *_option("limit", limit), *order, *_filter(where, lenient)], redis, namespace, _name(name))


def experiments(
    name: Named, *, version: int | None = None, status: str | Sequence[str] = (), unranked: bool = False,
    by: str | None = None, limit: int = 20, where: str | None = None, lenient: bool = False, redis: str | None = None,
    namespace: str | None = None,
) -> Rows:
    """Lists the experiments of a battery, ranked or not, the newest first. The parameters are those of `rank`.

    unranked: only experiments without a finite value of the objective, or of the channel that `by` names.
    """
    return answer(
        "experiments", [*_option("version", version), *_statuses(status), *(["--unranked"] if unranked else []),
                        *_option("by", by), *_option("limit", limit), *_filter(where, lenient)], redis, namespace, _name(name))


def batteries(*, redis: str | None = None, namespace: str | None = None) -> Rows:
    """Lists the batteries with the number of their experiments and their best value."""
    return answer("batteries", [], redis, namespace)


def show(experiment: Shown, *, redis: str | None = None, namespace: str | None = None) -> dict[str, Any]:
    """Returns all values and the learning curves of an experiment.

    experiment: its id, or a prefix that no other id has, the Experiment itself, or a row of `rank` or `experiments`.
    """
    return answer("show", [], redis, namespace, _experiment(experiment))[0]


def curves(
    experiment: Shown, channel: str | None = None, *, redis: str | None = None, namespace: str | None = None
) -> Rows:
    """Returns the learning curves of an experiment, one row per value: experiment, epoch, channel and value.

    experiment: as for `show`.
    channel: None for all channels.
    Raises QueryError, with the code 3 if the experiment has no such channel.
    """
    shown = show(experiment, redis=redis, namespace=namespace)
    epochs, channels = shown["curves"]["epoch"], shown["curves"]["channels"]
    if channel is not None and channel not in channels:
        known = ", ".join(map(repr, channels)) or "none"
        raise QueryError(f"channel not found: {channel!r}. Experiment {shown['experiment']} has: {known}", 3)
    # JSON has no nan and no infinity: they are texts there.
    return Rows(
        {"experiment": shown["experiment"], "epoch": epoch, "channel": name,
         "value": float(value) if isinstance(value, str) else value}
        for name, values in channels.items() if channel in (None, name)
        for epoch, value in zip(epochs, values) if value is not None)


def export(
    name: Named, *, version: int | None = None, min_version: int | None = None, params: str | Sequence[str] | None = None,
    metas: str | Sequence[str] | None = None, maxima: str | Sequence[str] | None = None, order_by: str | None = None,
    desc: bool = False, curves: bool = False, wide: bool = False, where: str | None = None, lenient: bool = False,
    redis: str | None = None, namespace: str | None = None,
) -> Rows:
    """Returns all experiments of a battery, ranked or not, the oldest first, with keys such as "max.valid" and "param.lr".

    name: as for `rank`.
    min_version: only this version and later ones.
    params, metas, maxima: the hyper-parameters, the metadata and the channels, and their order: names, with * for any text and ? for
        one character. None: all. []: none.
    order_by: the channel, by its value at the best epoch, the hyper-parameter or another column that orders the rows. Experiments
        without the value are last. None: the start.
    desc: the highest value, or the latest time, first.
    curves: the learning curves instead, one row per value: experiment, epoch, channel and value. maxima: the channels.
    wide: with curves, one row per epoch, with keys such as "curve.valid".
    where, lenient: as for `rank`.
    Raises QueryError. All rows are in memory: `hypero-query export` streams them.
    """
    rows = answer(
        "export", [
            *_option("version", version), *_option("min-version", min_version), *_names("params", params),
            *_names("metas", metas), *_names("maxima", maxima), *_option("order-by", order_by), *(["--desc"] if desc else []),
            *(["--curves"] if curves else []), *(["--wide"] if wide else []),
            *_filter(where, lenient)], redis, namespace, _name(name))
    for row in rows:
        for key, value in row.items():
            # JSON has no nan and no infinity: they are texts there.
            if value in ("nan", "inf", "-inf") and (key.startswith(("max.", "curve.")) or curves and key == "value"):
                row[key] = float(value)
    return rows


def report(
    name: Named, *, version: int | None = None, where: str | None = None, lenient: bool = False, anonymous: bool = False,
    redis: str | None = None, namespace: str | None = None,
) -> Report:
    """Returns a page of a battery as one HTML file, which needs no server. In a notebook, it shows itself.

        hypero.report("digits").save("digits.html")

    name, version, where, lenient: as for `rank`.
    anonymous: leave out hosts, process ids, users, paths and the condition.
    Raises QueryError.
    """
    html, messages = run(
        "report", [
            "--output=-", *_option("version", version), *(["--anonymous"] if anonymous else []), *_filter(where, lenient)],
        redis, namespace, _name(name))
    return Report(html, "\n".join(messages))


def status(*, redis: str | None = None, namespace: str | None = None) -> dict[str, Any]:
    """Returns the state of the server and of the ingest, with warnings."""
    return answer("status", [], redis, namespace)[0]


def dead(*, limit: int = 20, redis: str | None = None, namespace: str | None = None) -> Rows:
    """Lists the dead letters, the entries that could not be applied, the newest first."""
    return answer("dead", _option("limit", limit), redis, namespace)


def _name(battery: Named) -> str:
    if isinstance(battery, Battery):
        return battery.id
    # An experiment's row has no id.
    found = battery.get("id") if isinstance(battery, dict) else battery
    return _text(found, battery, "a battery", "a name or id, a Battery, or a row of batteries()")


def _experiment(experiment: Shown) -> str:
    if isinstance(experiment, Experiment):
        return experiment.id
    found = experiment.get("experiment") if isinstance(experiment, dict) else experiment
    return _text(found, experiment, "an experiment", "an id, an Experiment, or a row of rank() or experiments()")


def _text(found: object, given: object, kind: str, forms: str) -> str:
    if not isinstance(found, str):
        raise TypeError(f"{kind} must be {forms}, not {given!r}")
    return found


def answer(
    query: str, options: Iterable[str], redis: str | None, namespace: str | None, *names: str, logs: bool = True
) -> Rows:
    """Returns the rows of a query. logs: the logger "hypero" gets its warnings."""
    output, messages = run(query, ["--format", "json", *options], redis, namespace, *names, logs=logs)
    # Not splitlines: a text may have other line separators, such as U+2028.
    found = Rows(json.loads(line) for line in output.split("\n") if line)
    found.notes = "\n".join(messages)
    return found


def run(
    query: str, options: Iterable[str], redis: str | None, namespace: str | None, *names: str, logs: bool = True
) -> tuple[str, list[str]]:
    """Runs hypero-query. Returns its output and its messages, of which the logger "hypero" gets the warnings."""
    environment = None
    if redis is not None:
        # Not as an argument: other users can read the password of a URL there.
        import os

        environment = {**os.environ, "HYPERO_REDIS": redis}
    command = [_programs.path("hypero-query"), query, *_option("namespace", namespace), *options, "--", *names]
    result = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, encoding="utf-8", env=environment)
    messages = _wording.messages(result.stderr)
    # 2: the rows are those of the partitions that answer, and the messages name the others.
    if result.returncode not in (0, 2):
        raise QueryError("\n".join(messages) or f"hypero-query ended with {result.returncode}", result.returncode)
    # More rows than the limit are what the caller has asked for.
    warnings = [message for message in messages if not message.endswith((" for all", " for more"))]
    if warnings and logs:
        import logging

        for message in warnings:
            logging.getLogger("hypero").warning("%s: %s", query, message)
    return result.stdout, messages


def _option(name: str, value: Any) -> list[str]:
    # In one argument, so that a value may begin with a minus.
    return [] if value is None else [f"--{name}={value}"]


def _names(option: str, given: str | Sequence[str] | None) -> list[str]:
    if given is None:
        return []
    # Quotes, because a name may have a comma.
    names = (name.replace('"', '""') for name in ([given] if isinstance(given, str) else given))
    # The parser refuses an option with an empty value. An empty name is none.
    return _option(option, ",".join(f'"{name}"' for name in names) or '""')


def _statuses(given: str | Sequence[str]) -> list[str]:
    return [f"--status={item}" for item in ([given] if isinstance(given, str) else given)]


def _filter(where: str | None, lenient: bool) -> list[str]:
    return [*_option("where", where), *(["--lenient"] if lenient else [])]


def _flat(row: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in row.items():
        flat.update(_flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value})
    return flat
