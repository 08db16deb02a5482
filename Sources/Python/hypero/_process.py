"""The client in the life of its process: messages, the exit, and children of multiprocessing."""

from __future__ import annotations

import atexit
import os
import sys

from . import _native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


#: The ids of the experiments that this process has started and not ended, in their order.
open_experiments: dict[str, None] = {}
_MOST_IDS = 3


def _log_notices() -> None:
    """Passes the client's messages to the logger "hypero"."""
    messages = _native.take_notices()
    if not messages:
        return
    for message in messages:
        # A parameter in the form of Swift.
        _log(message.replace("Pass objective: with", "Pass objective= with"))


def _log(message: str) -> None:
    # Not imported here: a program that does not use it has no handler, and an import at the exit makes Python forget that Ctrl-C
    # has ended the program.
    logging: Any = sys.modules.get("logging")
    if logging is None:
        try:
            print(f"hypero: {message}", file=sys.stderr, flush=True)
        except (OSError, ValueError):
            # Standard error is closed.
            pass
        return
    try:
        logging.getLogger("hypero").warning("%s", message)
    except Exception:
        # A handler or a filter of the program. A log call must not end a training.
        if logging.raiseExceptions and sys.stderr is not None:
            import traceback

            traceback.print_exc()


def _log_open_experiments() -> None:
    """Says which experiments this process has started and not ended."""
    ids = list(open_experiments)
    open_experiments.clear()
    if not ids:
        return
    names = ", ".join(ids[:_MOST_IDS]) + (f" and {len(ids) - _MOST_IDS} more" if len(ids) > _MOST_IDS else "")
    subject = f"experiment {names} was" if len(ids) == 1 else f"experiments {names} were"
    _log(f"{subject} not ended by this process: call finish(), or use `with`")


def _end_messages() -> None:
    """Delivers the messages so far, and makes the later ones go to standard error."""
    _log_open_experiments()
    _native.handle_notices(None)
    # Of the sender, until now.
    _log_notices()


def _at_end_of_child() -> None:
    """Sends the events of a child of multiprocessing.

    Such a child ends by os._exit, without the handlers of atexit. What it does not send stays in its journal until the next client
    of the host.
    """
    _end_messages()
    _native.flush_at_exit()


def _at_exit() -> None:
    """Delivers the messages so far, and makes the later ones go to standard error.

    The handlers of C's atexit then send the events, also those that other handlers of Python log.
    """
    try:
        _end_messages()
    except KeyboardInterrupt:
        # Of a user who does not wait. A traceback would not help.
        pass


def _prepare_child_of_multiprocessing(started: bool) -> None:
    """Makes multiprocessing call `_at_end_of_child`.

    started: True if the child has already forgotten the finalizers of its parent, which is the first thing that it does.
    """
    util: Any = sys.modules.get("multiprocessing.util")
    if util is None:
        return

    def register(_: object = None) -> None:
        # Below the priorities of other finalizers, which may log.
        util.Finalize(None, _at_end_of_child, exitpriority=-100)

    util.register_after_fork(_at_end_of_child, register)
    process: Any = sys.modules.get("multiprocessing.process")
    if started and process is not None and process.parent_process() is not None:
        register()


def after_fork(action: Callable[[], None]) -> None:
    """Calls a function in each forked child."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=action)


_native.handle_notices(_log_notices)
atexit.register(_at_exit)
# A child that imports the package itself, and a child that inherits it.
_prepare_child_of_multiprocessing(started=True)
after_fork(open_experiments.clear)
after_fork(lambda: _prepare_child_of_multiprocessing(started=False))
