from __future__ import annotations

import _thread
import time

from . import _native, _process, _values
from ._battery import Battery

# The module typing would double the time of the import.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Literal, SupportsIndex

    Direction = Literal["max", "min"]

# The numbers of hypero.h.
_OK, _TIMEOUT = 0, -3
_CONFIRMATIONS = {"sent": 0, "applied": 1}
_DIRECTIONS = {None: 0, "max": 1, "min": 2}

#: Called with each client that the program closes.
before_close: list[Callable[[Client], None]] = []


class Counters:
    """The numbers of a client's events so far."""

    __slots__ = (
        "accepted", "sent", "applied", "dead", "released", "adopted", "damaged", "dropped_journal_full", "dropped_closed",
        "dropped_ended", "dropped_invalid", "deleted")
    #: Recorded in the journal.
    accepted: int
    #: Acknowledged by Redis at least once.
    sent: int
    #: Applied by the ingest, as far as the client has seen.
    applied: int
    #: Dead letters: events that the ingest could not apply.
    dead: int
    #: Removed from the journal, because Redis can no longer lose them.
    released: int
    #: Sent for journals that ended processes of this host have left.
    adopted: int
    #: Damaged records of the journal.
    damaged: int
    #: Not recorded, because the journal is full.
    dropped_journal_full: int
    #: Not recorded, because the client is closed.
    dropped_closed: int
    #: Not recorded, because the experiment has ended.
    dropped_ended: int
    #: Not recorded, because a value is outside the limits.
    dropped_invalid: int
    #: Dropped by the ingest, because their experiment or battery was deleted.
    deleted: int

    def __init__(self, numbers: tuple[int, ...]) -> None:
        for name, number in zip(self.__slots__, numbers):
            setattr(self, name, number)

    @property
    def dropped(self) -> int:
        """All events that were not recorded."""
        return self.dropped_journal_full + self.dropped_closed + self.dropped_ended + self.dropped_invalid

    def __repr__(self) -> str:
        return f"Counters({', '.join(f'{name}={getattr(self, name)}' for name in self.__slots__)})"


class Client(_native.Client):
    """A client of the experiment log, made by `connect`. As a context manager it closes itself."""

    __slots__ = ("_namespace", "_url")
    # As given to `connect`, for queries about what the client has logged.
    _url: str | None
    _namespace: str | None

    def battery(
        self, name: str, *, version: int = 1, description: str = "", objective: str = "valid",
        direction: Direction | None = None,
        directions: Mapping[str, Direction] | None = None,
    ) -> Battery:
        """Returns a battery. The same name, version and description in another process are the same battery.

        version: of the code or the idea under test.
        description: the change that this version makes.
        objective: the channel that decides the best epoch and the rank of an experiment.
        direction: the direction in which the objective gets better: "max" for an accuracy, "min" for a loss. None for that of its
            name: "min" for losses, errors, costs and durations such as "val_loss", else "max".
        directions: the directions of other channels, for rankings by these.
        """
        for argument, text in (("name", name), ("description", description), ("objective", objective)):
            _values.string(argument, text)
        if directions is not None and not hasattr(directions, "keys"):
            raise TypeError(
                f'directions must be a dict from each channel to "max" or "min", not {directions!r}. '
                f"The direction of the objective is direction=")
        given = dict(directions or {})
        battery = Battery(
            self, name, _values.whole("version", version), description, objective, _direction(direction), list(given),
            [_stated(item) for item in given.values()])
        battery.client, battery.objective, battery.direction = self, objective, direction
        return battery

    def flush(self, until: Literal["sent", "applied"] = "applied", timeout: float = 5) -> bool:
        """Waits until all events logged so far are confirmed, or until the timeout in seconds has passed.

        until: "sent": Redis has acknowledged the events. "applied": rankings include them.
        Returns True if all are confirmed. A timeout loses nothing: the background thread continues to send.
        """
        if until not in _CONFIRMATIONS:
            raise ValueError(f'until must be "sent" or "applied", not {until!r}')
        deadline = time.monotonic() + timeout
        # In parts, between which Python handles signals: Ctrl-C ends a long wait.
        while True:
            status = self._flush(_CONFIRMATIONS[until], min(timeout, 1.0))
            timeout = deadline - time.monotonic()
            if status != _TIMEOUT or timeout <= 0:
                return status == _OK

    def close(self, timeout: float = 5) -> bool:
        """Closes the client: waits until all events are sent, or until the timeout in seconds has passed.

        Returns True if all are sent. The next client on this host sends what is not.
        """
        for action in before_close:
            action(self)
        # In parts, as `flush`: Ctrl-C ends a long wait. What is logged meanwhile is sent by the last part.
        deadline = time.monotonic() + timeout
        while deadline - time.monotonic() > 1:
            if self._flush(_CONFIRMATIONS["sent"], 1.0) != _TIMEOUT:
                break
        return self._close(max(deadline - time.monotonic(), 0)) == _OK

    @property
    def counters(self) -> Counters:
        """The numbers of events so far."""
        return Counters(self._counters())

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Literal[False]:
        self.close()
        return False


def connect(
    url: str | None = None, *, namespace: str | None = None, partitions: SupportsIndex | None = None,
    seed: SupportsIndex | None = None, resume: str | None = None, journal_limit: SupportsIndex | None = None,
) -> Client:
    """Creates a client, without waiting for Redis: the background thread connects once there is an event to send.

    url: redis://[user[:password]@]host[:port][,host[:port]]...[/db], redis+sentinel://.../name[/db] or unix:///path[?db=n].
        None: HYPERO_REDIS, else the server of `hypero up` if it
        runs, else redis://127.0.0.1:6379. A URL without a password uses HYPERO_REDIS_PASSWORD,
        the file HYPERO_REDIS_PASSWORD_FILE or REDISCLI_AUTH.
    namespace: the prefix of all keys. None: HYPERO_NAMESPACE, else hypero.
    partitions: the number of partitions of the deployment. None: HYPERO_PARTITIONS, else 1.
    seed: of all draws, from 0 to 2^64 - 1. A draw depends only on the seed, the number of the experiment, the name
        and the distribution. None: a random one.
    resume: the id of an experiment that this process resumes. Needed only with several partitions.
    journal_limit: the maximum size of the journal in bytes. None: 256 MiB.
    """
    for argument, text in (("url", url), ("namespace", namespace), ("resume", resume)):
        if text is not None:
            _values.string(argument, text)
    client = Client(
        url, namespace, _positive("partitions", partitions), None if seed is None else _values.whole("seed", seed), resume,
        _positive("journal_limit", journal_limit))
    client._url, client._namespace = url, namespace
    return client


def battery(
    name: str, *, version: int = 1, description: str = "", objective: str = "valid",
    direction: Direction | None = None,
    directions: Mapping[str, Direction] | None = None,
) -> Battery:
    """Returns a battery of the client that all calls without a client share. See `Client.battery`.

    The environment decides where it connects to, as for `connect` without a URL.
    """
    return _shared_client().battery(
        name, version=version, description=description, objective=objective, direction=direction, directions=directions)


def flush(until: Literal["sent", "applied"] = "applied", timeout: float = 5) -> bool:
    """Waits for the events of the client that `battery` uses. See `Client.flush`."""
    return _shared is None or _shared.flush(until, timeout)


def close(timeout: float = 5) -> bool:
    """Closes the client that `battery` uses, if there is one. The next `battery` connects again. See `Client.close`."""
    global _shared
    with _lock:
        client, _shared = _shared, None
    return client is None or client.close(timeout)


_shared: Client | None = None
_lock = _thread.allocate_lock()


def _shared_client() -> Client:
    global _shared
    with _lock:
        if _shared is None:
            _shared = connect()
        return _shared


def _renew_lock() -> None:
    # Another thread of the parent may have held the lock during the fork.
    global _lock
    _lock = _thread.allocate_lock()


_process.after_fork(_renew_lock)


def _direction(text: str | None) -> int:
    if not isinstance(text, (str, type(None))) or text not in _DIRECTIONS:
        raise ValueError(f'a direction must be "max" or "min", not {text!r}')
    return _DIRECTIONS[text]


def _stated(text: str) -> int:
    """Returns the number of a direction that must be stated."""
    if text is None:
        raise ValueError('a direction must be "max" or "min", not None')
    return _direction(text)


def _positive(name: str, number: SupportsIndex | None) -> int:
    """Returns the number of an option, 0 for its default."""
    if number is None:
        return 0
    if _values.whole(name, number) < 1:
        raise ValueError(f"{name} must be 1 or above, not {number!r}")
    return _values.whole(name, number)
