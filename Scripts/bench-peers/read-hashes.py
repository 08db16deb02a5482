"""Writes the hashes of all experiments of a battery as CSV, as a script of a user would: pipelined, with Python alone.

Usage: read-hashes.py SOCKET BATTERY-KEY, for example {hypero}:battery:digits.v1.29ad403f
"""

import csv
import socket
import sys

connection = socket.socket(socket.AF_UNIX)
connection.connect(sys.argv[1])
replies = connection.makefile("rb", buffering=1 << 20)
battery = sys.argv[2]


def command(*words):
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        word = str(word).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(word), word))
    return b"".join(parts)


def reply():
    line = replies.readline()
    kind, rest = line[:1], line[1:-2]
    if kind == b"$":
        length = int(rest)
        return replies.read(length + 2)[:-2].decode() if length >= 0 else None
    if kind == b"*":
        return [reply() for _ in range(int(rest))]
    if kind == b"-":
        raise SystemExit(rest.decode())
    return rest.decode()


def ask(*words):
    connection.sendall(command(*words))
    return reply()


namespace = battery.split(":")[0]
columns = ask("ZRANGE", battery + ":columns", 0, -1)
fields = ["status", "started", "max.epoch"] + [name for name in columns if not name.startswith("curve.")]
writer = csv.DictWriter(sys.stdout, ["experiment"] + fields, extrasaction="ignore")
writer.writeheader()
size = 500
for first in range(0, int(ask("ZCARD", battery + ":experiments")), size):
    ids = ask("ZRANGE", battery + ":experiments", first, first + size - 1)
    connection.sendall(b"".join(command("HGETALL", f"{namespace}:experiment:{id}") for id in ids))
    for id in ids:
        words = iter(reply())
        row = dict(zip(words, words))
        row["experiment"] = id
        writer.writerow(row)
