"""The C library: by the extension module, else by ctypes.

PyPy and free-threaded builds of CPython do not load an extension of the limited API.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._hypero import Battery, Client, Experiment, flush_at_exit, handle_notices, take_notices, version_number
elif os.environ.get("HYPERO_PYTHON_FALLBACK"):
    # For the tests of the fallback.
    from ._fallback import Battery, Client, Experiment, flush_at_exit, handle_notices, take_notices, version_number
else:
    try:
        from ._hypero import Battery, Client, Experiment, flush_at_exit, handle_notices, take_notices, version_number
    except ImportError:
        from ._fallback import Battery, Client, Experiment, flush_at_exit, handle_notices, take_notices, version_number

__all__ = [
    "Battery", "Client", "Experiment", "flush_at_exit", "handle_notices", "take_notices", "version_number",
]
