"""The state of earlier imports, which the experiments' metadata have, and its comparison with that of the source."""

from __future__ import annotations

import json
import subprocess
from typing import Any, Literal

from .. import _programs, _queries
from .run import ImportFailure, Run

#: The name of the state in the metadata.
NAME = "import"
_LIMIT = 100_000

Action = Literal["nothing", "replace", "append"]


class Stored:
    """The stored experiments, one query per battery."""

    def __init__(self) -> None:
        self._batteries: dict[str, dict[str, tuple[str, Any]]] = {}

    def of(self, run: Run) -> tuple[str, Any] | None:
        """Returns the status and the state of the experiment of a run. None if there is no such experiment."""
        if run.project not in self._batteries:
            self._batteries[run.project] = _experiments(run.project)
        found = self._batteries[run.project]
        if run.experiment not in found and len(found) >= _LIMIT:
            # The query has a limit.
            try:
                shown = _queries.show(run.experiment)
                return shown["status"], shown["meta"].get(NAME)
            except _queries.QueryError as error:
                if error.code != 3:
                    raise ImportFailure(f"the stored experiments cannot be read: {error}") from error
        return found.get(run.experiment)


def _experiments(name: str) -> dict[str, tuple[str, Any]]:
    try:
        program = _programs.path("hypero-query")
    except OSError as error:
        raise ImportFailure(f"the stored experiments cannot be read: {error}") from error
    command = [program, "experiments", "--format", "json", f"--limit={_LIMIT}", "--", name]
    found = {}
    # Line by line: the parameters of all of them would take much memory.
    with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
            errors="replace") as process:
        assert process.stdout is not None and process.stderr is not None
        for line in process.stdout:
            row = json.loads(line)
            found[row["experiment"]] = (row["status"], row["meta"].get(NAME))
        message = process.stderr.read().strip().removeprefix("hypero-query: ")
    # 3: there is no such battery yet.
    if process.returncode not in (0, 3):
        raise ImportFailure(f"the stored experiments cannot be read: {message}")
    return found


def action(run: Run, state: dict[str, Any], stored: tuple[str, Any] | None, replaces: bool) -> Action | str:
    """Returns what an import has to do, or why it does not import the run.

    stored: the status and the state of the experiment.
    replaces: replace the rows of an earlier import also if they are more complete.
    """
    if stored is None or not isinstance(stored[1], dict) or replaces:
        # An import that was killed leaves no state.
        return "replace"
    status, before = stored
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
