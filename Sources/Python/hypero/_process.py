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


def _log_notices() -> None:
    """Passes the client's messages to the logger "hypero"."""
    messages = _native.take_notices()
    if not messages:
        return
    # Here, because most processes have no message, and the import takes as long as that of the package.
    import logging

    for message in messages:
        try:
            logging.getLogger("hypero").warning("%s", message)
        except Exception:
            # A handler or a filter of the program. A log call must not end a training.
            if logging.raiseExceptions and sys.stderr is not None:
                import traceback

                traceback.print_exc()


def _at_end_of_child() -> None:
    """Sends the events of a child of multiprocessing.

    Such a child ends by os._exit, without the handlers of atexit. What it does not send stays in its journal until the next client
    of the host.
    """
    _log_notices()
    _native.handle_notices(None)
    _native.flush_at_exit()


def _at_exit() -> None:
    """Delivers the messages so far, and makes the later ones go to standard error.

    The handlers of C's atexit then send the events, also those that other handlers of Python log.
    """
    try:
        _log_notices()
        _native.handle_notices(None)
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
after_fork(lambda: _prepare_child_of_multiprocessing(started=False))
