"""hypero behind the calls of wandb: `import hypero.wandb as wandb`.

init, log, config, summary, define_metric and finish record what they do in wandb. Other calls say once that they are not supported,
and do nothing. The project is the battery. `define_metric("accuracy", summary="max")` before the first log call makes that metric the
objective, by which experiments are ranked; the first one counts, and the others have a direction.

Differences: the metrics epoch, source and stated are called epoch_, source_ and stated_, because hypero uses these names itself. A value
that is no number is metadata.
"""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from types import TracebackType
from typing import Any, Literal

from . import _client
from ._experiment import Experiment

#: The current run; None before init and after finish.
run: Run | None = None

_reserved = {"epoch", "source", "stated"}
_said: set[str] = set()


def _say_once(message: str) -> None:
    if message not in _said:
        _said.add(message)
        import logging

        logging.getLogger("hypero").warning("hypero.wandb: %s", message)


class _Values(MutableMapping[str, Any]):
    """Values by name, as items and as attributes. Each new value is handed to a function."""

    def __init__(self, record: Callable[[dict[str, Any]], None]) -> None:
        self.__dict__["_values"], self.__dict__["_record"] = {}, record

    def update(self, values: Any = (), /, allow_val_change: bool | None = None, **named: Any) -> None:
        # argparse.Namespace and the like.
        given = values if isinstance(values, Mapping) else vars(values) if hasattr(values, "__dict__") else dict(values)
        new = {str(name): value for name, value in {**given, **named}.items()}
        self._values.update(new)
        self._record(new)

    def setdefaults(self, values: Mapping[str, Any]) -> None:
        self.update({name: value for name, value in values.items() if name not in self._values})

    def as_dict(self) -> dict[str, Any]:
        return dict(self._values)

    def __setitem__(self, name: str, value: Any) -> None:
        self.update({name: value})

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __getattr__(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(name) from None

    def __delitem__(self, name: str) -> None:
        del self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return repr(self._values)


class Run:
    """A run: an experiment that starts at its first log call, so that define_metric can choose the objective of its battery."""

    def __init__(self, project: str, resumed: str | None, disabled: bool) -> None:
        self.project = project
        self.config, self.summary = _Values(self._record_params), _Values(self._record_summary)
        self.disabled = disabled
        self.step = 0
        self.dir = os.getcwd()
        self._resumed = resumed
        self._experiment: Experiment | None = None
        #: Directions by metric; the first one is that of the objective.
        self._directions: dict[str, Literal["max", "min"]] = {}
        self._pending: list[Callable[[Experiment], None]] = []
        self._error: BaseException | None = None

    @property
    def id(self) -> str:
        return "disabled" if self.disabled else self._started().id

    @property
    def name(self) -> str:
        return str(self.config._values.get("name", self.id))

    url = None

    def define_metric(
        self, name: str, step_metric: Any = None, step_sync: Any = None, hidden: Any = None, summary: str | None = None,
        goal: str | None = None, overwrite: Any = None,
    ) -> None:
        direction = {"maximize": "max", "minimize": "min"}.get(goal or "") if summary == "best" else summary
        if direction is None or self.disabled:
            return
        if direction not in ("max", "min"):
            _say_once(f"define_metric: summary {summary!r} is not supported, only max and min")
        elif self._experiment is not None and self._directions.get(name) != direction:
            _say_once(f"define_metric: {name!r} is defined after the first log call, when the battery has its objective")
        else:
            self._directions[name] = "max" if direction == "max" else "min"

    def log(self, data: Mapping[str, Any], step: int | None = None, commit: bool | None = None, sync: Any = None) -> None:
        if self.disabled:
            return
        if step is not None:
            self.step = max(self.step, int(step))
        row, other = _split(data)
        if row:
            self._started().log(self.step if step is None else int(step), row)
        if other:
            _record(self._started().meta, other)
        for name, value in row.items():
            self.summary._values[name] = value
        # As in wandb: a call with a step leaves the row open.
        if commit if commit is not None else step is None:
            self.step += 1

    def finish(self, exit_code: int | None = None, quiet: Any = None) -> None:
        global run
        if run is self:
            run = None
        if self.disabled:
            return
        experiment = self._started()
        if self._error is not None:
            experiment.__exit__(type(self._error), self._error, None)
        elif exit_code:
            experiment.fail(f"exit code {exit_code}")
        elif not experiment.has_ended:
            experiment.finish()
        experiment.battery.client.flush("sent", 5)

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Literal[False]:
        self._error = error
        self.finish()
        return False

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return _unsupported(f"Run.{name}")

    def _started(self) -> Experiment:
        if self._experiment is None:
            objective, direction = next(iter(self._directions.items()), ("valid", "max"))
            battery = _client.battery(
                self.project, objective=objective, direction="max" if direction == "max" else "min",
                directions={name: way for name, way in self._directions.items() if name != objective})
            self._experiment = battery.experiment(resume=self._resumed)
            for record in self._pending:
                record(self._experiment)
        return self._experiment

    def _later(self, record: Callable[[Experiment], None]) -> None:
        if self.disabled:
            return
        if self._experiment is None:
            self._pending.append(record)
        else:
            record(self._experiment)

    def _record_params(self, values: dict[str, Any]) -> None:
        self._later(lambda experiment: _record(experiment.params, values))

    def _record_summary(self, values: dict[str, Any]) -> None:
        row, other = _split(values)
        if row:
            self._later(lambda experiment: experiment.maxima(row))
        if other:
            self._later(lambda experiment: _record(experiment.meta, other))


def _record(record: Callable[[dict[str, Any]], None], values: dict[str, Any]) -> None:
    """Records values as they are, else as their text: a value of wandb must not end a training."""
    for name, value in values.items():
        try:
            record({name: value})
        except (TypeError, ValueError):
            record({name: str(value)})


def _split(values: Mapping[str, Any], prefix: str = "") -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns the numbers and the other values of a row, with the keys of inner dicts as a/b."""
    row: dict[str, Any] = {}
    other: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            numbers, rest = _split(value, name + "/")
            row.update(numbers)
            other.update(rest)
        elif isinstance(value, _Media):
            _say_once(f"{type(value).__name__} is not supported: {name!r} is not recorded")
        elif value is not None and not isinstance(value, (str, bytes)):
            try:
                row[name + "_" if name in _reserved else name] = float(value)
            except (TypeError, ValueError, RuntimeError):
                other[name] = value
        elif value is not None:
            other[name] = value
    return row, other


def init(
    project: str | None = None, name: str | None = None, config: Any = None, *, entity: Any = None, group: str | None = None,
    job_type: str | None = None, tags: Any = None, notes: str | None = None, id: str | None = None, resume: Any = None,
    mode: str | None = None, dir: Any = None, **ignored: Any,
) -> Run:
    """Starts a run. The server is that of `hypero.connect` without a URL.

    resume, id: continue the run of this id, which `run.id` returned.
    mode: "disabled" records nothing. WANDB_MODE is read too.
    """
    global run
    if run is not None:
        run.finish()
    if ignored:
        _say_once(f"init: {', '.join(sorted(ignored))} not supported")
    if id and not resume:
        _say_once(f"init: the id {id!r} is not used, because hypero chooses ids. run.id has it")
    disabled = (mode or os.environ.get("WANDB_MODE")) == "disabled"
    new = Run(project or os.environ.get("WANDB_PROJECT") or "uncategorized", id if resume else None, disabled)
    described = {
        "name": name or os.environ.get("WANDB_NAME"), "group": group, "job_type": job_type,
        "tags": None if tags is None else list(tags), "notes": notes}
    meta = {key: value for key, value in described.items() if value is not None}
    if meta:
        new._later(lambda experiment: _record(experiment.meta, meta))
    if config is not None:
        new.config.update(config)
    run = new
    return new


def log(data: Mapping[str, Any], step: int | None = None, commit: bool | None = None, sync: Any = None) -> None:
    """Records the numbers of a row. Without a step, each call is the next row, unless commit is False."""
    _current().log(data, step, commit)


def define_metric(name: str, *arguments: Any, **options: Any) -> None:
    """Chooses the objective of the project by summary="max" or "min"."""
    _current().define_metric(name, *arguments, **options)


def finish(exit_code: int | None = None, quiet: Any = None) -> None:
    """Ends the run: as done, or as failed with an exit code other than 0."""
    if run is not None:
        run.finish(exit_code)


def _current() -> Run:
    if run is None:
        raise RuntimeError("hypero.wandb: no run. Call wandb.init() first")
    return run


class _Media:
    def __init__(self, *arguments: Any, **options: Any) -> None:
        pass


class Image(_Media): ...
class Table(_Media): ...
class Histogram(_Media): ...
class Video(_Media): ...
class Audio(_Media): ...
class Html(_Media): ...


def _unsupported(name: str) -> Callable[..., None]:
    def call(*arguments: Any, **options: Any) -> None:
        _say_once(f"{name} is not supported")

    return call


watch, unwatch, save, alert, login, Settings = map(
    _unsupported, ("watch", "unwatch", "save", "alert", "login", "Settings"))


def __getattr__(name: str) -> Any:
    if name == "config":
        return _current().config
    if name == "summary":
        return _current().summary
    if name.startswith("__"):
        raise AttributeError(name)
    return _unsupported(name)


def _note_error(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if run is not None:
        run._error = error
    _previous_hook(kind, error, trace)


def _finish_at_exit() -> None:
    if run is not None:
        run.finish()


# A run that its program does not finish ends with the program: as done, or with the exception that ended the program.
_previous_hook, sys.excepthook = sys.excepthook, _note_error
atexit.register(_finish_at_exit)
