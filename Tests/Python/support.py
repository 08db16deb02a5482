"""A private Redis server with an ingest, and children in Python, for the tests."""

import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import hypero
from hypero import _programs

#: Variables of the caller that would change the tests.
for name in (
    "HYPERO_REDIS", "HYPERO_REDIS_PASSWORD", "REDISCLI_AUTH", "HYPERO_JOURNAL", "HYPERO_NAMESPACE", "HYPERO_PARTITIONS",
    "HYPERO_EXIT_TIMEOUT", "XDG_STATE_HOME",
):
    os.environ.pop(name, None)

# Tests of messages read them by assertLogs.
logging.getLogger("hypero").addHandler(logging.NullHandler())
logging.getLogger("hypero").propagate = False


def wait_until(condition, seconds=120):
    """Waits until a condition returns something true, and returns it."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise TimeoutError(f"not true within {seconds} s")
        time.sleep(0.02)


class Server:
    """A Redis server on a unix socket in a folder of its own, and an ingest."""

    def __init__(self):
        # The path of a socket is limited to 107 bytes.
        self.folder = tempfile.mkdtemp(prefix="hypero-py.", dir="/tmp")
        self.url = f"unix://{self.folder}/redis.sock"
        self.processes = []
        self.run("redis-server", "--port", "0", "--unixsocket", f"{self.folder}/redis.sock", "--save", "", "--dir", self.folder)
        try:
            wait_until(lambda: self.redis("PING") == "PONG")
            self.run(_programs.path("hypero-ingest"), "--redis", self.url)
        except BaseException:
            self.stop()
            raise

    def run(self, *command):
        with open(f"{self.folder}/log", "ab") as log:
            self.processes.append(subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL))

    def redis(self, *command):
        """Returns the output of redis-cli."""
        return subprocess.run(
            ["redis-cli", "-s", f"{self.folder}/redis.sock", *command], capture_output=True, text=True).stdout.strip()

    def query(self, *arguments):
        """Runs hypero-query."""
        return subprocess.run(
            [_programs.path("hypero-query"), *arguments, "--redis", self.url], capture_output=True, text=True)

    def events(self):
        """Returns the number of events that the stream ever had. The ingest removes old ones."""
        fields = self.redis("XINFO", "STREAM", "{hypero}:events").splitlines()
        return int(fields[fields.index("entries-added") + 1]) if "entries-added" in fields else 0

    def stop(self):
        for process in reversed(self.processes):
            process.send_signal(signal.SIGCONT)
            process.terminate()
            process.wait(30)
        shutil.rmtree(self.folder)


class ServerTestCase(unittest.TestCase):
    """Tests with a server. Each test has a journal and a client of its own."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.stop)

    def setUp(self):
        self.journal = tempfile.mkdtemp(prefix="journal.", dir=self.server.folder)
        os.environ["HYPERO_JOURNAL"] = self.journal
        self.client = hypero.connect(self.server.url, seed=7)
        self.addCleanup(self.client.close)
        # One battery per test, so that a test sees its own experiments only.
        self.battery = self.client.battery(self.id())

    def stored(self, experiment):
        """Returns all values of an experiment, once all events are applied."""
        self.assertTrue(self.client.flush(timeout=30), self.client.counters)
        return hypero.show(experiment.id, redis=self.server.url)

    def child(self, code, *arguments, **environment):
        """Runs a program in Python with this server and the battery's name `name`, and returns the process and its output."""
        # A shell starts a program in the background with SIGINT ignored.
        prelude = (
            "import os, sys, signal, hypero\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
            f"url, name = {self.server.url!r}, {self.id()!r}\n")
        process = subprocess.Popen(
            [sys.executable, "-c", prelude + code, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, **environment}, stdin=subprocess.DEVNULL)
        return process

    def finished(self, code, *arguments, **environment):
        """Runs a program as `child` does, and returns its exit code, its output and its errors."""
        process = self.child(code, *arguments, **environment)
        output, errors = process.communicate(timeout=60)
        return process.returncode, output, errors

    def applied(self):
        """Returns the experiments of this test's battery as the server has them now."""
        try:
            return hypero.experiments(self.id(), limit=1000, redis=self.server.url)
        except hypero.QueryError as error:
            if error.code != 3:
                raise
            return []

    def rows(self, experiment):
        """Returns the number of rows of an experiment that are applied."""
        return int(self.server.redis("HLEN", f"{{hypero}}:experiment:{experiment}:curve"))
