"""The pages of hypero-web, from an event in the stream of Redis to the cell on the screen."""

import os
import shutil
import signal
import statistics
import subprocess
import tempfile
import time
import unittest

from page_case import PageCase

#: The folder of hypero-ingest and hypero-web.
PROGRAMS = os.environ.get("HYPERO_PROGRAMS")
AGE = "document.querySelector('#age').innerText"


def cell(id, column=2):
    """Returns an expression for a cell of the row of an experiment."""
    return (f"[...document.querySelectorAll('#table .sheet .row')].find((row) => row.innerText.includes('{id}'))"
            # A cell may begin with ≈.
            f"?.children[{column}].innerText.trim().split(' ').at(-1)")


@unittest.skipUnless(PROGRAMS, "HYPERO_PROGRAMS names no folder: see Scripts/test")
class WebTests(PageCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # The path of a socket is limited to 107 bytes.
        cls.folder = tempfile.mkdtemp(prefix="hypero-web.", dir="/tmp")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.processes = []
        cls.addClassCleanup(lambda: [cls.end(process) for process in reversed(cls.processes)])
        cls.url = f"unix://{cls.folder}/s"
        cls.redis = cls.start_redis()
        cls.start(f"{PROGRAMS}/hypero-ingest", "--redis", cls.url)
        web = cls.start(f"{PROGRAMS}/hypero-web", "--redis", cls.url, "--port", "0", stdout=subprocess.PIPE, text=True)
        cls.address = web.stdout.readline().strip()
        web.stdout.close()
        cls.log("event", "battery", "battery", "net.v1", "name", "net", "version", "1", "description", "", "objective", "valid",
                "direction", "max")
        for number in range(8):
            cls.train(f"p{number}-1", 0.1 * number)

    @classmethod
    def start(cls, *command, **options):
        with open(f"{cls.folder}/log", "ab") as log:
            process = subprocess.Popen(command, **{"stdout": log, "stderr": log, "stdin": subprocess.DEVNULL, **options})
        cls.processes.append(process)
        return process

    @classmethod
    def start_redis(cls):
        process = cls.start("redis-server", "--port", "0", "--unixsocket", f"{cls.folder}/s", "--save", "", "--appendonly", "yes",
                            "--dir", cls.folder)
        cls.until(lambda: cls.cli("PING") == "PONG")
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.terminate()
        process.wait(30)

    @staticmethod
    def until(condition, seconds=60):
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(f"not true within {seconds} s")
            time.sleep(0.01)

    @classmethod
    def cli(cls, *command):
        return subprocess.run(["redis-cli", "-s", f"{cls.folder}/s", *command], capture_output=True, text=True).stdout.strip()

    @classmethod
    def log(cls, *fields):
        """Adds an event, as any client of Redis can."""
        result = cls.cli("XADD", "{hypero}:events", "*", *fields)
        assert "-" in result, result

    @classmethod
    def train(cls, id, valid, epoch=1, end="done"):
        cls.log("event", "start", "battery", "net.v1", "experiment", id, "host", "node7")
        cls.log("event", "param", "battery", "net.v1", "experiment", id, "param.lr", "0.5")
        cls.epoch(id, valid, epoch)
        if end:
            cls.log("event", "end", "battery", "net.v1", "experiment", id, "status", end)

    @classmethod
    def epoch(cls, id, valid, epoch):
        cls.log("event", "epoch", "battery", "net.v1", "experiment", id, "epoch", str(epoch), "curve.valid", f"{valid:.4f}")

    def setUp(self):
        super().setUp()
        self.allowed += (self.address,)

    def show(self, fragment=""):
        self.browser.open("about:blank")
        self.browser.open(f"{self.address}battery?name=net{fragment}")
        self.browser.wait_for(f"{AGE}.includes('live')")
        self.browser.wait_for("Boolean(document.querySelector('#table .sheet .row .fixed'))")

    def test_the_list_leads_to_the_page_of_a_battery(self):
        self.until(lambda: "net" in self.read("/"))
        self.browser.open(self.address)
        self.assertEqual(self.browser.evaluate("document.title"), "hypero")
        self.browser.open(self.browser.evaluate("document.querySelector('td a, th a').href"))
        self.browser.wait_for(f"{AGE}.includes('live')")
        self.assertIn("net", self.browser.evaluate("document.title"))

    def read(self, path):
        return subprocess.run(["curl", "-s", self.address + path.lstrip("/")], capture_output=True, text=True).stdout

    def test_changes_are_on_the_page(self):
        self.until(lambda: "p7-1" in self.read("/battery?name=net"))
        self.show()
        self.train("new-1", 0.35, end=None)
        self.browser.wait_for(f"{cell('new-1')} === '0.35'")
        self.assertIn("1 running", self.browser.evaluate("document.querySelector('#counts').innerText"))
        self.epoch("new-1", 0.95, 2)
        self.browser.wait_for("document.title.startsWith('0.95')")
        self.browser.wait_for(f"{cell('new-1', 0)} === '1'")
        # The sentences of the server follow.
        self.browser.wait_for("document.querySelector('#best').innerText.includes('new-1')")
        self.log("event", "end", "battery", "net.v1", "experiment", "new-1", "status", "failed", "reason", "out of memory")
        self.browser.wait_for("document.querySelector('#counts').innerText.includes('1 failed')")

    def test_a_server_that_is_away_is_said_and_what_was_missed_is_shown(self):
        self.until(lambda: "p7-1" in self.read("/battery?name=net"))
        self.show()
        type(self).redis.kill()
        type(self).redis.wait()
        self.browser.wait_for(f"{AGE}.includes('○')")
        self.assertIn("redis", self.browser.evaluate(AGE).lower())
        type(self).redis = self.start_redis()
        self.train("late-1", 0.45)
        self.browser.wait_for(f"{AGE}.includes('● live')", timeout=60)
        self.browser.wait_for(f"{cell('late-1')} === '0.45'", timeout=60)

    def test_the_time_from_the_log_to_the_cell(self):
        self.until(lambda: "p7-1" in self.read("/battery?name=net"))
        self.show()
        self.train("fast-1", 0.2, end=None)
        self.browser.wait_for(f"{cell('fast-1')} === '0.2'")
        times = []
        for number in range(int(os.environ.get("HYPERO_PAGE_ROUNDS", "5"))):
            value = f"{0.21 + number / 10_000:.4f}".rstrip("0")
            start = time.monotonic()
            self.epoch("fast-1", float(value), number + 2)
            self.browser.wait_for(f"{cell('fast-1')} === '{value}'")
            times.append(time.monotonic() - start)
        times.sort()
        print(f"\n{len(times)} changes: median {statistics.median(times) * 1000:.0f} ms, "
              f"p99 {times[int(len(times) * 0.99)] * 1000:.0f} ms from redis-cli to the cell")


if __name__ == "__main__":
    unittest.main()
