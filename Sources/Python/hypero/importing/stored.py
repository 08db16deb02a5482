"""The state of earlier imports, which the experiments' metadata have, and its comparison with that of the source."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from .. import _programs, _queries
from .run import ImportFailure, Run

#: The name of the state in the metadata.
NAME = "import"
_LIMIT = 100_000

Action = Literal["nothing", "replace", "append"]


class Entry(NamedTuple):
    """A stored experiment."""

    status: str
    #: The state of its source at the latest import; None if that was killed.
    state: Any
    #: The name of its battery, and its own name there.
    battery: str
    name: str | None


class Stored:
    """The stored batteries and experiments, one query per battery of an import."""

    def __init__(self) -> None:
        self._all: list[dict[str, Any]] | None = None
        self._experiments: dict[str, dict[str, Entry]] = {}

    def batteries(self, tool: str) -> list[dict[str, Any]]:
        """Returns the batteries of the imports from a tool."""
        if self._all is None:
            self._all = list(_query("batteries"))
        return [row for row in self._all if row["description"] == description(tool)]

    def battery(self, name: str, version: int, tool: str) -> dict[str, Any] | None:
        return next((row for row in self.batteries(tool) if (row["name"], row["version"]) == (name, version)), None)

    def of(self, run: Run) -> Entry | None:
        """Returns the experiment of a run. None if there is none."""
        batteries = self.batteries(run.tool)
        if not run.is_unique or run.variant:
            batteries = [row for row in batteries if row["name"] == run.battery]
        is_whole = True
        # That of the name first: the others are read only for experiments that it does not have.
        for row in sorted(batteries, key=lambda row: row["name"] != run.battery):
            found = self._of_battery(row["id"])
            if run.experiment in found:
                return found[run.experiment]
            is_whole &= len(found) < _LIMIT
        if is_whole:
            return None
        # The query has a limit.
        try:
            return _entry(_queries.show(run.experiment))
        except _queries.QueryError as error:
            if error.code != 3:
                raise ImportFailure(f"the stored experiments cannot be read: {error}") from error
            return None

    def _of_battery(self, id: str) -> dict[str, Entry]:
        if id not in self._experiments:
            rows = _query("experiments", f"--limit={_LIMIT}", "--", id)
            self._experiments[id] = {row["experiment"]: _entry(row) for row in rows}
        return self._experiments[id]


def description(tool: str) -> str:
    """Returns the description of the batteries of imports."""
    return f"imported from {tool}"


def _entry(row: dict[str, Any]) -> Entry:
    return Entry(row["status"], row["meta"].get(NAME), row["name"], row["meta"].get("name"))


def _query(*arguments: str) -> Iterator[dict[str, Any]]:
    """Yields the rows of a query. Its notes are not for the user of an import."""
    try:
        command = [_programs.path("hypero-query"), arguments[0], "--format", "json", *arguments[1:]]
    except OSError as error:
        raise ImportFailure(f"the stored experiments cannot be read: {error}") from error
    # Line by line: the parameters of all of them would take much memory.
    with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
            errors="replace") as process:
        assert process.stdout is not None and process.stderr is not None
        for line in process.stdout:
            yield json.loads(line)
        message = process.stderr.read().strip().removeprefix("hypero-query: ")
    # 3: there is no such battery yet.
    if process.returncode not in (0, 3):
        raise ImportFailure(f"the stored experiments cannot be read: {message}")


def action(run: Run, state: dict[str, Any], stored: Entry | None, replaces: bool) -> Action | str:
    """Returns what an import has to do, or why it does not import the run.

    replaces: replace the rows of an earlier import also if they are more complete.
    """
    if stored is None or not isinstance(stored.state, dict) or replaces:
        # An import that was killed leaves no state.
        return "replace"
    status, before = stored.status, stored.state
    had, has = before.get("parts", {}), state["parts"]
    missing = [part for part in had if part not in has]
    if all(had.get(part) == content for part, content in has.items()):
        if missing and has:
            return "nothing"
        if not missing and before.get("run") == state["run"] and status == run.status:
            return "nothing"
    if missing and (not has or max(missing) >= min(has)):
        files = "1 file of this run that is" if len(missing) == 1 else f"{len(missing)} files of this run that are"
        return (f"an earlier import had {files} not among the named ones. Name the folder of all files of the run, "
                f"or replace what was imported by --replace")
    for part, (count, _) in has.items():
        if part in had and count < had[part][0]:
            return (f"an earlier import had {had[part][0]} values where this has {count}. Restore the file, "
                    f"or replace what was imported by --replace")
    if not missing and before.get("ended") and not state["ended"] and not _has_more(has, had):
        return ("an earlier import had the end of the run, which is missing here. Restore the file, "
                "or replace what was imported by --replace")
    return "append" if missing else "replace"


def _has_more(parts: dict[str, Any], before: dict[str, Any]) -> bool:
    """Returns whether a run went on after an earlier import."""
    values, earlier = (sum(int(count) for count, _ in each.values()) for each in (parts, before))
    return values > earlier
