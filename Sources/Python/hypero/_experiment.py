from __future__ import annotations

import os
from collections.abc import Mapping

from . import _native, _process, _values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from types import TracebackType
    from typing import Any, Literal, SupportsFloat, SupportsIndex, TypeVar

    from ._battery import Battery

    T = TypeVar("T")
    Number = SupportsFloat | SupportsIndex


class Experiment(_native.Experiment):
    """One training of a battery, made by `Battery.experiment`.

    As a context manager it ends by itself: as done, as stopped after a KeyboardInterrupt, or as failed with the text of any other
    exception. The trial of a search that is interrupted is given to another process.
    """

    __slots__ = ("_process", "battery")
    #: The battery that made it.
    battery: Battery

    def log_uniform(self, name: str, low: float, high: float) -> float:
        """Draws from low...high, uniformly in the logarithm, records the value and returns it: each order of magnitude is equally
        likely. 0 < low <= high."""
        return _drawn(super().log_uniform, name, low, high)

    def normal(self, name: str, mean: float, deviation: float) -> float:
        """Draws from the normal distribution, records the value and returns it."""
        return _drawn(super().normal, name, mean, deviation)

    def categorical(self, name: str, choices: Sequence[T] | Mapping[T, float]) -> T:
        """Draws one of some values, records it and returns it.

        choices: a list, all equally likely, or a dict from each value to its weight. The order decides which value a seed draws.
        """
        # The order of a set of texts differs between processes, and the characters of a text are rarely meant.
        if isinstance(choices, (set, frozenset, str, bytes)):
            raise TypeError(f"the choices of {name!r} must be a list, or a dict from each value to its weight, not {choices!r}")
        values = list(choices)
        weights = [float(weight) for weight in choices.values()] if isinstance(choices, Mapping) else None
        if not values:
            raise ValueError(f"the choices of {name!r} must not be empty")
        return values[self._categorical(name, [_values.text(value, name) for value in values], weights)]

    def params(self, values: Mapping[str, Any] | None = None, /, **named: Any) -> None:
        """Records hyper-parameters that were chosen elsewhere: params(bs=64, hidden=[128, 64]) or params({"l2 decay": 0.1})."""
        _values.record(self._param, self._param_json, _values.channels(values, named))

    def meta(self, values: Mapping[str, Any] | None = None, /, **named: Any) -> None:
        """Records metadata: meta(dataset="digits", savepath=path). The names name, hostname, dataset, preprocess and savepath are
        known to the queries; any other is allowed."""
        _values.record(self._meta, self._meta_json, _values.channels(values, named))

    def maxima(
        self, values: Mapping[str, Number] | None = None, /, *, epoch: SupportsIndex | None = None, **named: Number
    ) -> None:
        """Records the values at the best epoch, for a training that determines them itself. They win over those of the rows.

        epoch: the best epoch, if it is known.
        """
        if epoch is not None and _values.whole("epoch", epoch) < 0:
            raise ValueError(f"epoch must be 0 or above, not {epoch!r}")
        self._maxima(-1 if epoch is None else epoch, _values.channels(values, named))

    def curves(
        self, values: Mapping[str, Iterable[Number]] | None = None, /, *, first: SupportsIndex = 1, **named: Iterable[Number]
    ) -> None:
        """Records whole learning curves: curves(train=[0.7, 0.9], valid=[0.6, 0.8]).

        first: the epoch of the first value of each curve.
        """
        self._curves(first, {name: _listed(curve, name) for name, curve in _values.channels(values, named).items()})

    def finish(self) -> None:
        """Ends the experiment as done. The first end counts."""
        self._end("done", None)

    def fail(self, reason: str | BaseException | None = None) -> None:
        """Ends the experiment as failed."""
        self._end("failed", reason_of(reason))

    def stop(self, reason: str | BaseException | None = None) -> None:
        """Ends the experiment as stopped, for a run that a person or an early-stopping rule ended."""
        self._end("stopped", reason_of(reason))

    def give_back(self, reason: str | BaseException | None = None) -> None:
        """Gives the trial of a search back: another process, or this one, gets it again with the next attempt, at once.

        For a process that must end. A ValueError outside a search.
        """
        self._end("lost", reason_of(reason))

    def _end(self, status: str, reason: str | None, /) -> None:
        super()._end(status, reason)
        _process.open_experiments.pop(self.id, None)

    def __enter__(self) -> Experiment:
        self._process = os.getpid()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Literal[False]:
        # A child that was forked in the block, and leaves it too, does not end the experiment of its parent.
        if self.has_ended or getattr(self, "_process", os.getpid()) != os.getpid():
            return False
        if error is not None and self.trial is not None:
            from . import _search

            _search.end_with(self, error)
            return False
        if error is None or isinstance(error, SystemExit) and error.code in (None, 0):
            self.finish()
        elif isinstance(error, (KeyboardInterrupt, GeneratorExit)):
            self.stop(error)
        else:
            self.fail(error)
        return False

    def __repr__(self) -> str:
        return f"<hypero.Experiment {self.id}>"


def _drawn(draw: Callable[[str, float, float], float], name: str, first: float, second: float) -> float:
    try:
        return draw(name, first, second)
    except ValueError as error:
        # The names of Swift.
        text = str(error).replace("logUniform needs", "log_uniform needs").replace("standardDeviation >=", "deviation >=")
        raise ValueError(text) from None


def _listed(curve: Any, name: str) -> list[Any]:
    # The list of an array, because its items are converted faster. It may belong to the array.
    values = curve.tolist() if hasattr(curve, "tolist") else curve
    try:
        items = iter(values)
    except TypeError:
        raise TypeError(f"the curve of channel {name!r} must be a list of numbers, not {curve!r}") from None
    return list(items)


def reason_of(reason: str | BaseException | None) -> str | None:
    if isinstance(reason, BaseException):
        try:
            message = str(reason)
        except Exception:
            # An exception of a program may be broken, and must not hide that the experiment failed.
            message = ""
        reason = f"{type(reason).__name__}: {message}" if message else type(reason).__name__
    # C text ends at a NUL.
    return None if reason is None else str(reason).replace("\0", "\ufffd").encode("utf-8", "replace").decode()
