"""The programs hypero-query and hypero-ingest, which the wheel brings as scripts."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig


def path(name: str) -> str:
    """Returns the path of a program: in the folder HYPERO_BIN_DIR, else beside this Python, else in PATH."""
    chosen = os.environ.get("HYPERO_BIN_DIR")
    # The second is that of `pip install --user`.
    scripts = (sysconfig.get_path("scripts"), sysconfig.get_path("scripts", sysconfig.get_preferred_scheme("user")))
    for folder in [chosen] if chosen else [os.path.dirname(sys.executable), *scripts]:
        file = os.path.abspath(os.path.join(folder, name))
        if os.access(file, os.X_OK):
            return file
    found = None if chosen else shutil.which(name)
    if found is None:
        place = f"in HYPERO_BIN_DIR, {chosen}" if chosen else f"beside {sys.executable} and in PATH"
        raise FileNotFoundError(f"{name}: not found {place}. The wheel of hypero brings it: pip install hypero")
    return os.path.abspath(found)
