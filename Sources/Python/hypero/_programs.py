"""The programs hypero-query and hypero-ingest, which the wheel brings as scripts."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig


def path(name: str) -> str:
    """Returns the path of a program: in the folder HYPERO_BIN_DIR, else of this package, else beside this Python, else in PATH."""
    chosen = os.environ.get("HYPERO_BIN_DIR")
    for folder in [chosen] if chosen else _folders():
        file = os.path.abspath(os.path.join(folder, name))
        if os.access(file, os.X_OK):
            return file
    found = None if chosen else shutil.which(name)
    if found is None:
        place = f"in HYPERO_BIN_DIR, {chosen}" if chosen else f"beside the package, beside {sys.executable} and in PATH"
        raise FileNotFoundError(
            f"{name}: not found {place}. The wheel of hypero has it: install hypero, or set HYPERO_BIN_DIR to the folder of {name}")
    return os.path.abspath(found)


def _folders() -> list[str]:
    """Returns the folders into which pip may have installed the programs, the likeliest first."""
    packages = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return [
        # Of `pip install --target`, and of an environment that PYTHONPATH names: lib/python3.11/site-packages is beside bin.
        os.path.join(packages, "bin"), os.path.join(packages, os.pardir, os.pardir, os.pardir, "bin"),
        os.path.dirname(sys.executable), sysconfig.get_path("scripts"),
        # Of `pip install --user`.
        sysconfig.get_path("scripts", sysconfig.get_preferred_scheme("user")),
    ]
