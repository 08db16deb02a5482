"""The C library: by the extension module, else by ctypes.

PyPy does not load an extension of the limited API. Free-threaded builds of CPython load it, although their objects have another
layout, and end by a segmentation fault.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._hypero import (
        Battery, Client, Experiment, OnRelease, Search, flush_at_exit, handle_notices, take_notices, version_number)
elif "t" in getattr(sys, "abiflags", "") or os.environ.get("HYPERO_PYTHON_FALLBACK"):
    # A free-threaded build, or a test of the fallback.
    from ._fallback import (
        Battery, Client, Experiment, OnRelease, Search, flush_at_exit, handle_notices, take_notices, version_number)
else:
    try:
        from ._hypero import (
            Battery, Client, Experiment, OnRelease, Search, flush_at_exit, handle_notices, take_notices, version_number)
    except ImportError:
        from ._fallback import (
            Battery, Client, Experiment, OnRelease, Search, flush_at_exit, handle_notices, take_notices, version_number)

__all__ = [
    "Battery", "Client", "Experiment", "OnRelease", "Search", "flush_at_exit", "handle_notices", "take_notices", "version_number",
]
