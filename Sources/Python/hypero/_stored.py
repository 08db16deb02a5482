"""The batteries, searches and trials of studies, as Redis has them."""

from __future__ import annotations

import threading
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

from . import _queries
from ._battery import Battery
from ._frozen import STATES, FrozenTrial, Shown, TrialState

if TYPE_CHECKING:
    from ._client import Client
    from ._study import Study

_MOST_ROWS = 100_000
#: The shortest time in seconds between two queries of callbacks, and its multiple of the time that a query takes.
_INTERVAL, _SHARE = 5.0, 20.0


def declared(battery: Battery) -> Battery:
    """Returns a battery with the objective and the direction of its first declaration, which count.

    Returns the battery itself if they are the same, if no process has declared it yet, or if Redis does not answer.
    """
    try:
        rows = _rows(battery.client, "versions", battery.id)
    except (_queries.QueryError, OSError):
        return battery
    for row in rows:
        if row["id"] == battery.id:
            direction = row["direction"] or battery.direction
            if (row["objective"], direction) != (battery.objective, battery.direction):
                return battery.client.battery(
                    row["name"], version=row["version"], description=row["description"], objective=row["objective"],
                    direction=direction)
    return battery


def named(client: Client, row: dict[str, Any]) -> Battery:
    """Returns the battery of a row of `searches`."""
    rows = [item for item in _rows(client, "versions", row["battery"]) if item["id"] == row["battery"]]
    return client.battery(
        row["name"], version=row["version"], description=rows[0]["description"] if rows else "", objective=row["objective"],
        direction=row["direction"])


def searches(client: Client, name: str) -> list[dict[str, Any]]:
    """Returns the searches of a battery, or one search by its id. A QueryError with the code 3 if there is none."""
    return _rows(client, "search", name)


def _rows(client: Client, query: str, name: str) -> list[dict[str, Any]]:
    return _queries.answer(query, [], client._url, client._namespace, name, logs=False)


class Trials:
    """The trials of a study: those of Redis, and those that this process has ended."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self._lock = threading.Lock()
        #: By number, the trials of Redis at the latest look of a callback, and the trials that this process has ended.
        self._seen: dict[int, FrozenTrial] = {}
        self._own: dict[int, FrozenTrial] = {}
        self._best: FrozenTrial | None = None
        self._next_look = 0.0

    def add(self, trial: FrozenTrial) -> None:
        """Adds a trial that this process has ended."""
        client = self._study.battery.client
        kept = FrozenTrial(
            trial.number, trial.state, trial.value, trial.params, trial.user_attrs, trial.experiment, started=trial.datetime_start,
            ended=trial.datetime_complete, reason=trial.reason,
            # Without the reported values, of which a training may have a million.
            shown=Shown(trial.experiment, self._study.battery.objective, client._url, client._namespace))
        with self._lock:
            self._own[kept.number] = kept
            self._best = self._better(self._best, kept)

    def own(self, number: int) -> FrozenTrial | None:
        """Returns a trial that this process has ended; None if it has not."""
        return self._own.get(number)

    def exact(self) -> list[FrozenTrial]:
        """Returns all trials, after those of this process are applied."""
        self._study.battery.client.flush(timeout=30)
        return self._query()

    def recent(self) -> list[FrozenTrial]:
        """Returns the trials that this process has ended, and those of the latest look at Redis.

        For callbacks: a query for each would take longer than many a training. The looks take a twentieth of the time at most.
        """
        with self._lock:
            self._look()
            known = {**self._seen, **self._own}
        return [known[number] for number in sorted(known)]

    def best(self, is_recent: bool) -> FrozenTrial:
        """Returns the best complete trial. A ValueError without one, with the reason of the last failure."""
        if is_recent:
            with self._lock:
                self._look()
                best = self._best
            trials = [] if best else self.recent()
        else:
            best, trials = None, self.exact()
            for trial in trials:
                best = self._better(best, trial)
        if best is not None:
            return best
        failed = [trial for trial in trials if trial.state == TrialState.FAIL]
        if not failed:
            raise ValueError("no trial is complete yet")
        raise ValueError(
            f"no trial is complete yet: {len(failed)} of {len(trials)} have failed, the last one because of: "
            f"{failed[-1].reason or 'a reason that is not known'}")

    def _look(self) -> None:
        if time.monotonic() < self._next_look:
            return
        start = time.monotonic()
        self._seen = {trial.number: trial for trial in self._query()}
        self._best = None
        for trial in {**self._seen, **self._own}.values():
            self._best = self._better(self._best, trial)
        end = time.monotonic()
        self._next_look = end + max(_INTERVAL, _SHARE * (end - start))

    def _better(self, best: FrozenTrial | None, trial: FrozenTrial) -> FrozenTrial | None:
        if trial.state != TrialState.COMPLETE or trial.value is None or trial.value != trial.value:
            return best
        if best is None or best.value is None:
            return trial
        # The earlier one of two equal trials, whatever the order of the comparisons is.
        sign = 1 if self._study.battery.direction == "min" else -1
        return min(best, trial, key=lambda item: (sign * (item.value or 0), item.number))

    def _query(self) -> list[FrozenTrial]:
        battery, client = self._study.battery, self._study.battery.client
        try:
            rows = _queries.experiments(battery, limit=_MOST_ROWS, redis=client._url, namespace=client._namespace)
        except _queries.QueryError as error:
            if error.code != 3:
                raise
            return []
        prefix = self._study.id + "-"
        trials = [
            _frozen(row, int(row["experiment"][len(prefix):]) - 1, battery) for row in rows
            if row["experiment"].startswith(prefix)]
        return sorted(trials, key=lambda trial: trial.number)


def _frozen(row: dict[str, Any], number: int, battery: Battery) -> FrozenTrial:
    state = STATES.get(row["status"], TrialState.FAIL)
    value = (row["maxima"] or {}).get(battery.objective)
    # Of the metadata, not the steps that this module records for grids.
    attributes = {name: value for name, value in (row["meta"] or {}).items() if not name.startswith("step: ")}
    return FrozenTrial(
        # JSON has no nan and no infinity: they are texts there.
        number, state, None if value is None else float(value), row["params"] or {}, attributes, row["experiment"],
        started=_time(row["started"]), ended=_time(row["last_seen"]) if state.is_finished() else None, reason=row["reason"],
        shown=Shown(row["experiment"], battery.objective, battery.client._url, battery.client._namespace))


def _time(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000)
