"""The commands hypero up, down and status, and Scripts/up beside them."""

import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from hypero import _programs
from support import wait_until

PROGRAMS = ("redis-server", "hypero-ingest", "adopter")
SCRIPT = Path(__file__).resolve().parent.parent.parent / "Scripts/up"


class UpTests(unittest.TestCase):
    def setUp(self):
        self.state = tempfile.mkdtemp(prefix="hypero-up.", dir="/tmp")
        self.folder = Path(self.state, "hypero/up")
        self.environment = {
            **os.environ, "XDG_STATE_HOME": self.state, "HYPERO_JOURNAL": f"{self.state}/journal",
            "HYPERO_BIN_DIR": os.path.dirname(_programs.path("hypero-ingest")),
            # Settings of another server, which must not reach this one.
            "HYPERO_REDIS_PASSWORD": "secret", "REDISCLI_AUTH": "secret"}
        self.addCleanup(shutil.rmtree, self.state)
        self.addCleanup(self.hypero, "down")

    def run_command(self, *command, **environment):
        # Files and not pipes: a program in the background that kept a pipe open would keep this from its end.
        with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
            code = subprocess.run(
                command, env={**self.environment, **environment}, stdout=output, stderr=errors, stdin=subprocess.DEVNULL,
                timeout=120).returncode
            output.seek(0)
            errors.seek(0)
            return code, output.read(), errors.read()

    def hypero(self, *arguments, **environment):
        return self.run_command(sys.executable, "-m", "hypero", *arguments, **environment)

    def script(self, *arguments):
        return self.run_command(str(SCRIPT), *arguments)

    def process(self, name):
        """Returns the process in the file of a program; None while the program is started again."""
        try:
            return int((self.folder / f"{name}.pid").read_text())
        except (FileNotFoundError, ValueError):
            return None

    def wait_for_restart(self, name, before):
        """Waits until a program has another process than before, and the server replies."""
        wait_until(lambda: self.process(name) not in (None, before))
        ping = ("redis-cli", "-s", str(self.folder / "redis.sock"), "PING")
        wait_until(lambda: self.run_command(*ping)[1] == "PONG\n")

    def train(self):
        """Logs and ranks without any configuration, and returns the best value."""
        code, output, errors = self.run_command(sys.executable, "-c", """
import hypero
with hypero.battery("digits").experiment() as experiment:
    experiment.log(1, valid=0.5)
assert hypero.flush(timeout=30)
print(len(hypero.rank("digits")))
""")
        self.assertEqual((code, errors), (0, ""))
        return int(output)

    def test_up_serves_trainings_and_queries_without_configuration_and_down_keeps_the_data(self):
        code, output, errors = self.hypero("up", "--detach")
        self.assertEqual((code, errors), (0, ""))
        self.assertIn(f"unix://{self.folder}/redis.sock", output)
        self.assertEqual(self.train(), 1)
        code, output, errors = self.hypero("status")
        self.assertEqual((code, errors), (0, ""))
        self.assertIn("hypero up runs: process", output)
        self.assertIn("{hypero}", output)
        self.assertEqual(self.hypero("up", "--detach")[0], 0)
        code, _, errors = self.hypero("up")
        self.assertEqual(code, 1)
        self.assertIn("hypero up: already running: process", errors)
        code, output, _ = self.hypero("down")
        self.assertEqual((code, output), (0, f"hypero down: stopped; the data remain in {self.folder}\n"))
        self.assertEqual(self.hypero("down")[1], "hypero down: nothing runs\n")
        self.assertEqual(self.hypero("status")[0], 1)
        self.assertEqual(self.hypero("up", "--detach")[0], 0)
        self.assertEqual(self.train(), 2)

    def test_what_trainings_without_a_server_and_killed_ones_have_left_is_sent(self):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", 6379)) == 0:
                self.skipTest("another Redis server listens on the default port")
        code, _, errors = self.run_command(sys.executable, "-c", """
import hypero
with hypero.battery("early").experiment() as experiment:
    experiment.log(1, valid=0.5)
""")
        self.assertEqual(code, 0)
        self.assertIn("No server was named: start one by hypero up, or set HYPERO_REDIS", errors)
        self.hypero("up", "--detach")
        query = _programs.path("hypero-query")
        wait_until(lambda: " done " in self.run_command(query, "experiments", "early")[1])
        self.run_command(sys.executable, "-c", """
import os, signal, hypero
experiment = hypero.battery("killed").experiment()
experiment.log(1, valid=0.5)
os.kill(os.getpid(), signal.SIGKILL)
""")
        wait_until(lambda: " lost " in self.run_command(query, "experiments", "killed")[1])

    def test_the_folder_and_the_socket_are_the_users_alone(self):
        self.hypero("up", "--detach")
        self.assertEqual(self.folder.stat().st_mode & 0o777, 0o700)
        self.assertEqual((self.folder / "redis.sock").stat().st_mode & 0o777, 0o700)

    def test_a_program_that_is_killed_is_started_again(self):
        self.hypero("up", "--detach")
        for name in PROGRAMS:
            before = self.process(name)
            os.kill(before, signal.SIGKILL)
            self.wait_for_restart(name, before)
        self.assertEqual(self.train(), 1)

    def test_in_the_foreground_an_interrupt_stops_all(self):
        process = subprocess.Popen(
            [sys.executable, "-m", "hypero", "up"], env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, start_new_session=True)
        self.assertIn("Redis and the ingest run", process.stdout.readline())
        programs = [self.process(name) for name in PROGRAMS]
        os.killpg(process.pid, signal.SIGINT)
        output, errors = process.communicate(timeout=60)
        self.assertEqual((process.returncode, output, errors), (0, "", ""))
        for program in programs:
            self.assertFalse(os.path.exists(f"/proc/{program}"))

    def test_after_a_killed_supervisor_up_starts_anew_and_down_stops_what_it_left(self):
        for action in (("up", "--detach"), ("down",)):
            self.hypero("up", "--detach")
            os.kill(self.process("up"), signal.SIGKILL)
            left = self.process("redis-server")
            self.assertEqual(self.hypero(*action)[0], 0)
            wait_until(lambda: not os.path.exists(f"/proc/{left}"))
        self.assertIn("nothing runs", self.hypero("down")[1])

    def servers(self):
        """Returns the processes of redis-server whose working directory is the folder."""
        return [number for number in os.listdir("/proc") if number.isdecimal() and self.is_server(number)]

    def is_server(self, number):
        try:
            return (os.path.samefile(f"/proc/{number}/cwd", self.folder)
                    and b"redis-server" in Path(f"/proc/{number}/cmdline").read_bytes())
        except OSError:
            return False

    def kill_at(self, function):
        """Runs hypero up, and kills it at the first call of a function whose name and argument are given."""
        code, _, _ = self.run_command(sys.executable, "-c", f"""
import os, pathlib, signal, sys
from hypero.up import place
real = {function[0]}
def killed(self, *arguments, **options):
    if {function[1]}: os.kill(os.getpid(), signal.SIGKILL)
    return real(self, *arguments, **options)
{function[0]} = killed
from hypero.__main__ import main
main(["up"])
""")
        self.assertEqual(code, -signal.SIGKILL)

    def test_a_kill_at_any_step_leaves_nothing_that_the_next_command_does_not_find(self):
        steps = [("pathlib.Path.write_text", f"self.name == '{name}.pid'") for name in ("up", *PROGRAMS)]
        steps += [("pathlib.Path.touch", "self.name == 'up.ready'"), ("place.Place.end_leftovers", "True")]
        for step in steps:
            for action in (("up", "--detach"), ("down",)):
                with self.subTest(step=step, action=action):
                    self.kill_at(step)
                    left = self.servers()
                    code, _, errors = self.hypero(*action)
                    self.assertEqual((code, errors), (0, ""))
                    self.assertEqual(len(self.servers()), 1 if action[0] == "up" else 0)
                    self.assertFalse(set(left) & set(self.servers()))
                    self.hypero("down")
                    self.assertEqual(self.servers(), [])

    @unittest.skipUnless(SCRIPT.exists(), "Scripts/up is not beside the tests")
    def test_the_script_finds_what_a_killed_command_left(self):
        step = ("pathlib.Path.write_text", "self.name == 'redis-server.pid'")
        self.kill_at(step)
        self.assertIn("stopped", self.script("down")[1])
        self.assertEqual(self.servers(), [])
        self.kill_at(step)
        left = self.servers()
        self.assertEqual(self.script("--detach")[0], 0)
        self.assertEqual(len(self.servers()), 1)
        self.assertNotEqual(self.servers(), left)
        os.kill(self.process("up"), signal.SIGKILL)
        self.assertIn("stopped", self.hypero("down")[1])
        self.assertEqual(self.servers(), [])

    def test_a_process_that_got_the_number_of_the_supervisor_is_not_ended(self):
        bystander = subprocess.Popen(["sleep", "300"])
        self.addCleanup(bystander.wait)
        self.addCleanup(bystander.kill)
        self.hypero("up", "--detach")
        self.hypero("down")
        slow = Path(self.state, "slow-redis")
        # Waits at --version, until the test has read the status.
        slow.write_text(
            f'#!/bin/sh\ntouch {self.state}/started\nwhile [ -e {self.state}/wait ]; do sleep 0.05; done\n'
            f'exec redis-server "$@"\n')
        slow.chmod(0o700)
        Path(self.state, "wait").touch()
        for name in ("up", *PROGRAMS):
            (self.folder / f"{name}.pid").write_text(f"{bystander.pid}\n")
        for command in (self.hypero, *([self.script] if SCRIPT.exists() else [])):
            self.assertEqual(command("status")[0], 1)
            self.assertIn("nothing runs", command("down")[1])
        for name in ("up", *PROGRAMS):
            (self.folder / f"{name}.pid").write_text(f"{bystander.pid}\n")
        starting = subprocess.Popen(
            [sys.executable, "-m", "hypero", "up"], env={**self.environment, "HYPERO_REDIS_SERVER": str(slow)},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        self.addCleanup(starting.wait)
        self.addCleanup(starting.kill)
        wait_until(Path(self.state, "started").exists)
        self.assertIn(f"process {starting.pid}, redis-server does not run, hypero-ingest does not run, adopter does not run", self.hypero("status")[1])
        self.assertIn("stopped", self.hypero("down")[1])
        Path(self.state, "wait").unlink()
        wait_until(lambda: starting.poll() is not None)
        self.assertEqual(self.hypero("up", "--detach")[0], 0)
        self.hypero("down")
        self.assertIsNone(bystander.poll())

    def test_several_starts_at_once_are_one_server(self):
        starts = [
            subprocess.Popen(
                [sys.executable, "-m", "hypero", "up", "--detach"], env=self.environment, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, text=True) for _ in range(3)]
        for start in starts:
            output, _ = start.communicate(timeout=120)
            self.assertEqual(start.returncode, 0, output)
        self.assertEqual(len(self.servers()), 1)
        self.assertEqual(self.train(), 1)
        log = (self.folder / "up.log").read_text().splitlines()
        self.assertTrue(all(line.startswith("hypero up: ") for line in log), log)

    def test_the_folder_of_another_user_is_refused_by_all_commands(self):
        self.folder.mkdir(parents=True)
        for mode, owner in ((0o777, os.getuid()), (0o770, os.getuid()), *([(0o700, 65534)] if os.getuid() == 0 else [])):
            self.folder.chmod(mode)
            os.chown(self.folder, owner, -1)
            for command in (self.hypero, *([self.script] if SCRIPT.exists() else [])):
                for action in ("up --detach", "down", "status"):
                    if command == self.script and action.startswith("up"):
                        action = "--detach"
                    with self.subTest(command=command, mode=mode, owner=owner, action=action):
                        code, output, errors = command(*action.split())
                        self.assertEqual((code, output), (1, ""))
                        self.assertIn("belongs to another user or can be written by others", errors)
        os.chown(self.folder, os.getuid(), -1)
        self.folder.chmod(0o700)

    def test_another_server_in_the_environment_is_said(self):
        code, _, errors = self.hypero("up", "--detach", HYPERO_REDIS="redis://:secret@elsewhere")
        self.assertEqual(code, 0)
        self.assertEqual(errors, "hypero: HYPERO_REDIS is set: trainings and queries use that server, and not this one\n")

    def test_a_socket_that_is_deleted_is_created_again(self):
        for command in (self.hypero, *([self.script] if SCRIPT.exists() else [])):
            arguments = ("up", "--detach") if command == self.hypero else ("--detach",)
            self.assertEqual(command(*arguments)[0], 0)
            self.train()
            before, others = self.process("redis-server"), [self.process(name) for name in PROGRAMS[1:]]
            (self.folder / "redis.sock").unlink()
            self.wait_for_restart("redis-server", before)
            self.train()
            self.assertEqual([self.process(name) for name in PROGRAMS[1:]], others)
            self.assertIn("redis.sock was deleted: starting redis-server again", (self.folder / "up.log").read_text())
            self.assertIn("stopped", command("down")[1])
            (self.folder / "up.log").unlink()
            self.assertEqual(self.servers(), [])

    def test_a_full_disk_is_said(self):
        # As a full disk, a limit of the size of files fails each write.
        result = subprocess.run(
            [sys.executable, "-m", "hypero", "up", "--detach"], env=self.environment, capture_output=True, text=True,
            stdin=subprocess.DEVNULL, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)))
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertEqual(result.stderr.count("\n"), 1)
        self.assertIn("hypero/up, cannot be written: File too large. Free some space there, or set", result.stderr)
        self.assertEqual([file.name for file in self.folder.iterdir() if file.name != "up.log"], [])

    def test_a_program_that_does_not_reply_to_its_version_is_said(self):
        code, output, errors = self.run_command(sys.executable, "-c", """
import sys
from hypero.__main__ import main
from hypero.up import redis
redis._VERSION = 0.5
sys.exit(main(["up", "--detach"]))
""", HYPERO_REDIS_SERVER=self.program("hangs", "exec sleep 60"))
        self.assertEqual((code, output), (1, ""))
        self.assertIn("hangs, does not reply to --version within 0.5 s. Name another one in HYPERO_REDIS_SERVER", errors)

    def test_a_server_that_does_not_reply_is_said(self):
        self.hypero("up", "--detach")
        os.kill(self.process("redis-server"), signal.SIGSTOP)
        code, _, errors = self.run_command(sys.executable, "-c", """
import sys
from hypero.__main__ import main
from hypero.up import commands
commands._RESTART = 1
sys.exit(main(["up", "--detach"]))
""")
        self.assertEqual(code, 1)
        self.assertIn(f"process {self.process('up')} runs, but its Redis server does not work", errors)
        self.assertIn("stopped", self.hypero("down")[1])

    def program(self, name, code):
        program = Path(self.state, name)
        program.write_text(f"#!/bin/sh\n{code}\n")
        program.chmod(0o700)
        return str(program)

    def test_what_is_missing_is_said_in_one_line(self):
        for environment, error in (
            ({"PATH": "/nowhere"}, "redis-server: not found in PATH. Install it: apt-get install redis-server"),
            ({"HYPERO_REDIS_SERVER": "/nowhere/redis"}, "redis-server: /nowhere/redis, does not run"),
            ({"HYPERO_REDIS_SERVER": "/bin/false"}, "non-zero exit status 1. Name another one"),
            ({"HOME": "/proc/x", "XDG_STATE_HOME": ""}, "folder for the data: /proc/x/.local/state/hypero/up, cannot be made"),
            ({"HYPERO_REDIS_SERVER": self.program("noise", "printf '\\377'")}, "must be version 6.2 or later, not \ufffd"),
            ({"HYPERO_REDIS_SERVER": "/bin/true"}, "must be version 6.2 or later, not true (GNU coreutils)"),
            ({"HYPERO_BIN_DIR": "/nowhere"}, "hypero-ingest: not found in HYPERO_BIN_DIR, /nowhere"),
            ({"XDG_STATE_HOME": self.state + "/" + "x" * 100}, "must have at most 107. Set XDG_STATE_HOME"),
            ({"XDG_STATE_HOME": "relative"}, "Set XDG_STATE_HOME to an absolute path"),
        ):
            with self.subTest(error):
                code, output, errors = self.hypero("up", "--detach", **environment)
                self.assertEqual((code, output), (1, ""))
                self.assertIn(error, errors)
                self.assertEqual(errors.count("\n"), 1)

    def test_a_server_that_cannot_start_is_reported_with_its_log(self):
        self.hypero("up", "--detach")
        self.hypero("down")
        for file in (self.folder / "appendonlydir").glob("*.manifest"):
            file.write_text("nonsense\n")
        code, _, errors = self.hypero("up", "--detach")
        self.assertEqual(code, 1)
        self.assertIn("redis-server:", errors)
        self.assertIn("Last lines of", errors)
        self.assertIn("nothing runs", self.hypero("down")[1])

    @unittest.skipUnless(SCRIPT.exists(), "Scripts/up is not beside the tests")
    def test_the_script_and_the_command_are_interchangeable(self):
        self.assertEqual(self.script("--detach")[0], 0)
        self.assertEqual(self.train(), 1)
        self.assertEqual(self.hypero("status")[0], 0)
        before = self.process("redis-server")
        os.kill(before, signal.SIGKILL)
        self.wait_for_restart("redis-server", before)
        self.assertEqual(self.train(), 2)
        self.assertIn("stopped", self.hypero("down")[1])
        self.assertEqual(self.script("status")[0], 1)
        self.assertEqual(self.hypero("up", "--detach")[0], 0)
        self.assertIn("already running", self.script()[2])
        self.assertIn("hypero-ingest", self.script("status")[1])
        self.assertIn("stopped", self.script("down")[1])
        self.assertIn("nothing runs", self.hypero("down")[1])

    def test_the_help_names_the_commands(self):
        code, output, _ = self.hypero("--help")
        self.assertEqual(code, 0)
        for word in ("up", "down", "status", "HYPERO_REDIS_SERVER"):
            self.assertIn(word, output)
        self.assertEqual(self.hypero()[0], 2)


if __name__ == "__main__":
    unittest.main()
