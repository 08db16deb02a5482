"""hypero behind the calls of wandb: `import hypero.wandb as wandb`.

init, log, config, summary, define_metric and finish record what they do in wandb. Every other name is an object that accepts
all calls, attributes and loops, is false and does nothing. Its first use logs that it is not supported. The project is the
battery. `define_metric("accuracy", summary="max")` before the first log call makes that metric the objective, by which
experiments are ranked. The first one counts, and the others have a direction.

Differences: the metrics epoch, source and stated are called epoch_, source_ and stated_, because hypero uses these names itself.
A value that is no number is metadata.

A run that the program does not finish ends with the program, by its exit code or unhandled exception. A program that ends by
`raise SystemExit(code)` instead of `sys.exit(code)` stops its run, because the code is not known. A forked child may log to the
run of its parent, but does not end it. Each of them counts the steps itself: give the log calls a step, or other metrics.
"""

from __future__ import annotations

import hashlib
import os
import random
import re
import string
import threading
import time
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from fnmatch import fnmatchcase
from types import FunctionType, TracebackType
from typing import Any, Literal

from . import _client, _ending, _process, _values
from ._battery import Battery
from ._experiment import Experiment
from ._version import __version__ as __version__

#: The current run; None before init and after finish.
run: Run | None = None

_said: set[str] = set()
#: Held while a run starts its experiment: several threads may make the first log call.
_starting = threading.RLock()


class Error(RuntimeError):
    """An error of a call, as in wandb."""


class CommError(Error): ...
class UsageError(Error): ...


class _NoRun(Error, AttributeError):
    """The error of a call without a run. An AttributeError, so that hasattr(wandb, "config") is False."""


def _say_once(message: str) -> None:
    if message not in _said:
        _said.add(message)
        import logging

        logging.getLogger("hypero").warning("hypero.wandb: %s", message)


class _Inert:
    """The result of a name or a call that is not supported: false, empty, and of such results."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        # Names such as __deepcopy__ have a meaning for Python.
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __setattr__(self, name: str, value: Any) -> None:
        pass

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        # As a decorator, it leaves the function as it is.
        return arguments[0] if len(arguments) == 1 and not options and isinstance(arguments[0], FunctionType) else self

    def __getitem__(self, key: Any) -> Any:
        return self

    def __setitem__(self, key: Any, value: Any) -> None:
        pass

    def __contains__(self, key: Any) -> bool:
        return False

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __enter__(self) -> _Inert:
        return self

    def __exit__(self, *error: Any) -> None:
        pass

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        # A class of the program that derives from a class of wandb.
        return (_Inert,)

    def __str__(self) -> str:
        return ""


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
            # A copy that is being made has no values yet.
            return self.__dict__.get("_values", {})[name]
        except KeyError:
            raise AttributeError(name) from None

    def __reduce__(self) -> Any:
        # Of copy, deepcopy and pickle: a copy is not the configuration of a run.
        return _copied, (self.as_dict(),)

    def __delitem__(self, name: str) -> None:
        del self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return repr(self._values)


def _copied(values: dict[str, Any]) -> _Values:
    copied = _Values(lambda new: None)
    copied.update(values)
    return copied


class Run:
    """A run: an experiment that starts at its first log call, so that define_metric can choose the objective of its battery."""

    url = None
    offline = False
    sweep_id = None

    def __init__(self, project: str, disabled: bool, described: Mapping[str, Any]) -> None:
        self.project, self.disabled = project, disabled
        self.config, self.summary = _Values(self._record_params), _Values(self._record_summary)
        #: The next row of a log call without a step.
        self.step = 0
        #: True for a run that existed before.
        self.resumed = False
        self.dir = os.getcwd()
        self.start_time = time.time()
        self.entity = str(described.get("entity") or "")
        self._described: dict[str, Any] = {}
        #: The id that the program chose, and that of the experiment.
        self._given: str | None = None
        self._resumes: str | None = None
        self._attempt: int | None = None
        self._experiment: Experiment | None = None
        #: Directions by metric or pattern; the first metric is the objective.
        self._directions: dict[str, Literal["max", "min"]] = {}
        self._pending: list[Callable[[Experiment], None]] = []
        self._guard: _ending.Guard | None = None if disabled else _ending.Guard(start=self._started)
        for name in ("name", "group", "job_type", "tags", "notes"):
            self._describe(name, described.get(name))

    @property
    def id(self) -> str:
        return "disabled" if self.disabled else self._given or self._started().id

    @property
    def name(self) -> str:
        return str(self._described.get("name") or self.id)

    @name.setter
    def name(self, name: str) -> None:
        self._describe("name", name)

    @property
    def tags(self) -> tuple[str, ...]:
        return tuple(self._described.get("tags", ()))

    @tags.setter
    def tags(self, tags: Any) -> None:
        self._describe("tags", tags)

    @property
    def notes(self) -> str | None:
        return self._described.get("notes")

    @notes.setter
    def notes(self, notes: str) -> None:
        self._describe("notes", notes)

    @property
    def group(self) -> str:
        return str(self._described.get("group", ""))

    @property
    def job_type(self) -> str:
        return str(self._described.get("job_type", ""))

    @property
    def path(self) -> str:
        return "/".join(part for part in (self.entity, self.project, self.id) if part)

    def project_name(self) -> str:
        return self.project

    def get_url(self) -> None:
        return None

    def define_metric(
        self, name: str, step_metric: Any = None, step_sync: Any = None, hidden: Any = None, summary: str | None = None,
        goal: str | None = None, overwrite: Any = None,
    ) -> None:
        if self.disabled:
            return
        given = {"step_metric": step_metric, "step_sync": step_sync, "hidden": hidden, "overwrite": overwrite}
        ignored = [option for option, value in given.items() if value]
        if ignored:
            _say_once(f"define_metric: {', '.join(ignored)} not supported. The row of a log call is its step")
        kinds = (goal or "")[:3] if summary == "best" else summary or ""
        direction = next((kind.strip() for kind in kinds.split(",") if kind.strip() in ("max", "min")), None)
        name = _channel(name)
        if direction is None:
            if summary is not None:
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
        experiment = self._started(row) if row or other else None
        if row and experiment is not None:
            experiment.log(self.step if step is None else int(step), row)
        if other and experiment is not None:
            _record(experiment.meta, other)
        if self._guard is not None:
            self._guard.logs()
        for name, value in row.items():
            self.summary._values[name] = value
        # As in wandb: a call with a step leaves the row open.
        if commit if commit is not None else step is None:
            self.step += 1

    def finish(self, exit_code: int | None = None, quiet: Any = None) -> None:
        self._end(f"exit code {exit_code}" if exit_code else None)

    def _end(self, error: BaseException | str | None) -> None:
        """Ends the run and waits until its events are sent."""
        global run
        if run is self:
            run = None
        if self._guard is None:
            return
        if self._guard.is_inherited:
            _say_once("a forked child does not end the run of its parent")
        else:
            self._guard.release()
            _ending.end(self._started(), error)
        self._started().battery.client.flush("sent", 5)

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Literal[False]:
        self._end(error)
        return False

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return _unsupported(f"Run.{name}")

    def _describe(self, name: str, value: Any) -> None:
        if value is None:
            return
        if name == "tags":
            value = [str(tag) for tag in ([value] if isinstance(value, str) else value)]
        self._described[name] = value
        self._later(lambda experiment: _record(experiment.meta, {name: value}))

    def _find(self, id: str, resume: str) -> None:
        """Prepares the run of an id: that which exists, or a new one.

        resume: "must", "allow", "never", or "" for a new run.
        """
        experiment = _experiment_id(self.project, id)
        try:
            found = _stored(experiment)
        except Exception as error:
            if not resume:
                _say_once(f"init: the id {id!r} is not used, because it is not known whether it exists: {error}")
                return
            _say_once(f"init: it is not known whether the run {id!r} exists, so log needs a step: {error}")
            found = {}
        # {} if it is not known.
        if found is None and resume == "must" or found and resume == "never":
            state = "exists" if found else "was not found"
            raise UsageError(f"hypero.wandb: init: the run {id!r} {state}, and resume is {resume!r}")
        if found and not resume:
            _say_once(f"init: the id {id!r} is not used, because its run exists. To continue it, set resume=\"allow\"")
            return
        self._resumes = experiment
        # The first process of the run, for which a missing experiment is no mistake.
        self._attempt = 1 if found is None else None
        if experiment != id:
            self._given = id
            self._later(lambda started: _record(started.meta, {"wandb_id": id}))
        if found:
            self.resumed = True
            epochs, channels = found["curves"]["epoch"], found["curves"]["channels"]
            self.step = max(epochs) + 1 if epochs else 0
            self.config._values.update(found["params"])
            # The latest value of each metric, and what the program recorded itself.
            latest = {name: [value for value in curve if value is not None][-1] for name, curve in channels.items()}
            self.summary._values.update({**found["maxima"], **latest})

    def _started(self, row: Mapping[str, Any] = {}) -> Experiment:
        """Returns the experiment, which starts with the first row."""
        with _starting:
            if self._experiment is None:
                battery = _battery(self.project, self._directions, row)
                experiment = battery.experiment(resume=self._resumes, attempt=self._attempt)
                if self._guard is not None:
                    self._guard.experiment = experiment
                for record in self._pending:
                    record(experiment)
                self._experiment = experiment
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


def _battery(project: str, directions: Mapping[str, Literal["max", "min"]], row: Mapping[str, Any]) -> Battery:
    """Returns the battery of a project. A pattern of define_metric counts for the metrics of the first row that match it."""
    found: dict[str, Literal["max", "min"]] = {}
    for name, direction in directions.items():
        if "*" not in name:
            found[name] = direction
            continue
        matches = [channel for channel in row if fnmatchcase(channel, name)]
        if not matches:
            _say_once(f"define_metric: {name!r} is not used, because no metric of the first log call matches it")
        for channel in matches:
            found.setdefault(channel, direction)
    # A metric that is named is meant more than one that matches.
    objective = next((name for name in directions if name in found), next(iter(found), "valid"))
    return _client.battery(
        project, objective=objective, direction=found.pop(objective, "max"), directions=found)


def _experiment_id(project: str, id: str) -> str:
    """Returns the id of an experiment for the id of a run: the same for one of hypero, else one of the allowed characters.

    A run is known by its project and id, an experiment by its id alone.
    """
    if re.fullmatch(r"[a-z0-9]{10}-[0-9]+", id):
        return id
    digest = hashlib.sha256(f"{project}\0{id}".encode("utf-8", "replace")).hexdigest()
    return f"{re.sub('[^a-z0-9]+', '-', id.lower()).strip('-')[:40]}-{digest[:12]}".lstrip("-")


def _stored(experiment: str) -> dict[str, Any] | None:
    """Returns the values of an experiment, None if there is none of this id."""
    from . import _queries

    # Of an earlier run of this process.
    _client.flush("applied", 5)
    try:
        found = _queries.show(experiment)
    except _queries.QueryError as error:
        if error.code != 3:
            raise
        return None
    # The query accepts the prefix of an id.
    return found if found["experiment"] == experiment else None


def _channel(name: str) -> str:
    # A NUL is not allowed in a name.
    return _values.channel(name).replace("\0", "\ufffd")


def _record(record: Callable[[dict[str, Any]], None], values: dict[str, Any]) -> None:
    """Records values as they are, else as their text: a value of wandb must not end a training."""
    for name, value in values.items():
        name = name.replace("\0", "\ufffd")
        try:
            record({name: value})
        except Exception:
            try:
                record({name: str(value).replace("\0", "\ufffd")})
            except Exception as error:
                _say_once(f"{name!r} is not recorded: {error}")


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
        elif media := [item for item in (value if isinstance(value, (list, tuple)) else [value]) if isinstance(item, _Inert)]:
            kind = "a value" if isinstance(media[0], _Unsupported) else type(media[0]).__name__
            _say_once(f"{kind} is not supported: {name!r} is not recorded")
        elif value is not None and not isinstance(value, (str, bytes)):
            try:
                row[_channel(name)] = float(value)
            except Exception:
                # Whatever the conversion of an object of the program raises.
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

    resume, id: continue the run of this id, after its last row. `run.resumed` is True if the run existed. "must" raises UsageError
        if it did not. The experiment of an id that hypero did not choose has an id that follows from it and from the project, and
        the metadata wandb_id.
    mode: "disabled" records nothing. WANDB_MODE, WANDB_RUN_ID and WANDB_RESUME are read too.
    """
    global run
    if run is not None:
        # After a cell that failed, with its error.
        run._end(run._guard.error if run._guard is not None else None)
    unsupported = [option for option, value in ignored.items() if value is not None and not isinstance(value, _Inert)]
    if unsupported:
        _say_once(f"init: {', '.join(sorted(unsupported))} not supported")
    disabled = (mode or os.environ.get("WANDB_MODE")) == "disabled"
    described = {
        "name": name or os.environ.get("WANDB_NAME"), "group": group, "job_type": job_type, "tags": tags, "notes": notes,
        "entity": entity}
    new = Run(project or os.environ.get("WANDB_PROJECT") or "uncategorized", disabled, described)
    id = id or os.environ.get("WANDB_RUN_ID")
    resume = os.environ.get("WANDB_RESUME") if resume is None else resume
    if id and not disabled:
        try:
            new._find(str(id), "allow" if resume is True or resume in ("auto", "true") else str(resume or ""))
        except BaseException:
            if new._guard is not None:
                new._guard.release()
            raise
    elif resume and not disabled:
        _say_once("init: resume without an id is not supported: the run is new")
    if isinstance(config, (str, os.PathLike)):
        _say_once(f"init: the file {os.fspath(config)!r} is not read, config must be a dict")
    elif config is not None:
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
        raise _NoRun("hypero.wandb: no run. Call wandb.init() first")
    return run


# Classes, because programs test for them by isinstance.
class Image(_Inert): ...
class Table(_Inert): ...
class Histogram(_Inert): ...
class Video(_Inert): ...
class Audio(_Inert): ...
class Html(_Inert): ...
class Object3D(_Inert): ...
class Plotly(_Inert): ...
class Artifact(_Inert): ...


class _Unsupported(_Inert):
    """A result of a call that is not supported."""


class _Errors:
    Error, CommError, UsageError = Error, CommError, UsageError


class _Util(_Inert):
    def generate_id(self, length: int = 8) -> str:
        """Returns a random id for a run."""
        # As the program may set the seed of `random`.
        return "".join(random.SystemRandom().choices(string.ascii_lowercase + string.digits, k=length))


errors, util = _Errors(), _Util()


def _unsupported(name: str) -> Any:
    _say_once(f"{name} is not supported")
    return _Unsupported()


def __getattr__(name: str) -> Any:
    if name == "config":
        return _current().config
    if name == "summary":
        return _current().summary
    if name.startswith("_"):
        raise AttributeError(name)
    return _unsupported(name)


def _renew_lock() -> None:
    # Another thread of the parent may have held the lock during the fork.
    global _starting
    _starting = threading.RLock()


_process.after_fork(_renew_lock)
# Now, so that a sys.exit that the program imports later is noted.
_ending.watch()
