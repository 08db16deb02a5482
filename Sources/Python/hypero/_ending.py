"""The end of the program, for experiments that end with it, of `hypero.wandb` and of the integrations."""

from __future__ import annotations

import atexit
import builtins
import dis
import functools
import os
import sys
import threading
import weakref
from collections.abc import Callable
from types import FrameType
from typing import Any, NoReturn

from . import _client
from ._experiment import Experiment

#: The guards of the experiments that have not ended, in their order.
_open: dict[Guard, None] = {}
#: The outermost frame of the main thread, which shows after its end how it ended.
_program: FrameType | None = None
#: The latest sys.exit of the main thread.
_exit: SystemExit | None = None
#: The process that calls `_end_all` as a child of multiprocessing, and the frame that has its exit code.
_child: int | None = None
_child_frame: FrameType | None = None


class UnknownExit(BaseException):
    """A SystemExit that the program raised itself, so that its exit code is not known."""


class Guard:
    """Ends an experiment at the end of the program, of its client or of its owner, unless the program ends it before.

    A forked child does not end the experiment of its parent.
    """

    def __init__(
        self, experiment: Experiment | None = None, *, owner: object = None, start: Callable[[], Experiment] | None = None
    ) -> None:
        """experiment: None if `start` starts it when it is needed. owner: the object that logs, None for no other end."""
        self.experiment = experiment
        #: The error with which the experiment ends, unless the program logs after it.
        self.error: BaseException | str | None = None
        #: The reason for which it has failed, if neither it nor the program has an error: the training has not ended.
        self.unfinished: str | None = None
        #: True if the experiment has logged since the last cell of IPython.
        self.in_use = True
        self._start, self._process = start, os.getpid()
        watch()
        _call_at_end_of_child()
        _open[self] = None
        if owner is not None:
            # At the end of the program the owner is still there, and the error of the program is known.
            weakref.finalize(owner, self.end).atexit = False

    @property
    def is_inherited(self) -> bool:
        """True in a forked child, for the experiment of its parent."""
        return self._process != os.getpid()

    def logs(self) -> None:
        """Notes that the program goes on with the experiment, also after an error."""
        self.error, self.in_use = None, True

    def release(self) -> None:
        """Leaves the end of the experiment to the program."""
        _open.pop(self, None)

    def end(self, error: BaseException | str | None = None) -> None:
        """Ends the experiment: as done without an error, else as the block of an experiment does."""
        if self not in _open or self.is_inherited:
            return
        self.release()
        if self.experiment is None and self._start is not None:
            self.experiment = self._start()
        if self.experiment is not None:
            self.finish(self.experiment, self.error or error or self.unfinished)

    def finish(self, experiment: Experiment, error: BaseException | str | None) -> None:
        """Ends an experiment with an error, or without."""
        end(experiment, error)


def end(experiment: Experiment, error: BaseException | str | None) -> None:
    """Ends an experiment with an error, or as done, unless it has ended."""
    if isinstance(error, str):
        experiment.fail(error)
    elif isinstance(error, UnknownExit):
        experiment.stop("SystemExit, with an exit code that is not known")
    else:
        experiment.__exit__(None if error is None else type(error), error, None)


def watch() -> None:
    """Begins to note how the program ends."""
    global _program
    if _program is None:
        _program = _outermost_frame()
        _note_exit_codes()
        atexit.register(_end_at_exit)
        _client.before_close.append(_end_before_close)
    _note_cells()


def _end_at_exit() -> None:
    try:
        _end_all(_error_of_child() if _is_child() else _error_of_program())
    except KeyboardInterrupt:
        # Of a user who does not wait for the exit. A traceback would not help.
        pass


def _end_all(error: BaseException | str | None) -> None:
    for guard in list(_open):
        guard.end(error)


def _end_before_close(client: _client.Client) -> None:
    # In a block or in `finally`, the error that goes through it.
    error = sys.exc_info()[1]
    for guard in list(_open):
        if guard.experiment is not None and guard.experiment.battery.client is client:
            guard.end(error)


def _error_of_program() -> BaseException | None:
    """Returns the exception that has ended the program, None for a normal end.

    The interpreter keeps an unhandled exception, also when another library has replaced sys.excepthook, but not a SystemExit.
    """
    if _is_interactive() or _program is None:
        # Errors of single statements and cells do not end the program. Those of a cell are noted by its guard.
        return None
    code = _program.f_code.co_code
    if dis.opname[code[_program.f_lasti]].startswith("RETURN"):
        # A SystemExit that was caught has not ended the program.
        return None
    return getattr(sys, "last_value", None) or _exit or UnknownExit()


def _outermost_frame() -> FrameType | None:
    frame = sys._current_frames().get(threading.main_thread().ident or 0)
    while frame is not None and frame.f_back is not None:
        frame = frame.f_back
    return frame


def _is_interactive() -> bool:
    return hasattr(sys, "ps1") or _shell() is not None


def _shell() -> Any:
    """Returns the shell of IPython, also that of Jupyter, if the program runs in it."""
    module: Any = sys.modules.get("IPython")
    # Nothing, while IPython is imported.
    return getattr(module, "get_ipython", lambda: None)()


def _note_exit_codes() -> None:
    def note(code: object) -> None:
        global _exit
        # In another thread, it ends only the thread.
        if threading.current_thread() is threading.main_thread():
            _exit = SystemExit(code)

    system_exit = sys.exit

    @functools.wraps(system_exit)
    def exit(status: Any = None, /) -> NoReturn:
        note(status)
        system_exit(status)

    sys.exit = exit
    # That of the names exit and quit.
    quitter: Any = type(getattr(builtins, "exit", None))
    if quitter.__name__ == "Quitter":
        call = quitter.__call__

        def quit(self: Any, code: Any = None) -> None:
            note(code)
            call(self, code)

        quitter.__call__ = quit


def _note_cells() -> None:
    """Notes the errors of the cells in which a guarded experiment logs. IPython does not call sys.excepthook."""
    shell = _shell()
    if shell is None or _after_cell in shell.events.callbacks["post_run_cell"]:
        return
    shell.events.register("post_run_cell", _after_cell)


def _after_cell(result: Any) -> None:
    error = result.error_before_exec or result.error_in_exec
    for guard in list(_open):
        if guard.in_use and error is not None:
            guard.error = error
        guard.in_use = False


def _is_child() -> bool:
    process: Any = sys.modules.get("multiprocessing.process")
    return process is not None and process.parent_process() is not None


def _call_at_end_of_child() -> None:
    """Makes a child of multiprocessing end its experiments. Before Python 3.13, it calls no handlers of atexit."""
    global _child, _child_frame
    if _child == os.getpid() or not _is_child():
        return
    _child = os.getpid()
    frame = sys._current_frames().get(threading.main_thread().ident or 0)
    while frame is not None and frame.f_code.co_name != "_bootstrap":
        frame = frame.f_back
    _child_frame = frame
    from multiprocessing import util

    # Before that of _process, which sends the events.
    util.Finalize(None, lambda: _end_all(_error_of_child()), exitpriority=-50)


def _error_of_child() -> BaseException | str | None:
    # The exception goes through the caller of the finalizers. Since Python 3.13, they are handlers of atexit, after the exception.
    error = sys.exc_info()[1]
    code = _child_frame.f_locals.get("exitcode") if _child_frame is not None else None
    return error or (f"exit code {code}" if code else None)
