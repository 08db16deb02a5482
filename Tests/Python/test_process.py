"""The client in the life of its process: exits, kills, and children."""

import os
import signal
import subprocess
import sys
import tempfile
import unittest

import hypero
from support import ServerTestCase, wait_until

#: Starts an experiment and logs 100 rows.
TRAIN = """
battery = hypero.connect(url).battery(name)
def train(experiment):
    for epoch in range(1, 101):
        experiment.log(epoch, valid=epoch / 100)
"""
#: Runs train in four children, each with an experiment of its own.
CHILDREN = TRAIN + """
import multiprocessing, concurrent.futures
def work(index):
    with battery.experiment() as experiment:
        train(experiment)
    return experiment.id
"""


class ExitTests(ServerTestCase):
    def new_journal(self):
        return tempfile.mkdtemp(prefix="journal.", dir=self.server.folder)

    def assert_sent(self, code, expected=0, **environment):
        """Checks that all events are in the stream when the process has ended, and not only when another client has sent them."""
        before = self.server.events()
        # With a journal of its own: the next process would end the experiment that this one leaves open.
        status, output, errors = self.finished(code, **{"HYPERO_JOURNAL": self.new_journal(), **environment})
        self.assertEqual(status, expected, errors)
        # The battery, the start and the rows.
        self.assertEqual(self.server.events() - before, int(output.split()[-1]), errors)
        return errors

    def test_an_exit_without_close_sends_all_events(self):
        self.assert_sent(TRAIN + "train(battery.experiment()); print(102)")
        self.assert_sent(TRAIN + "train(battery.experiment()); print(102); sys.exit(3)", expected=3)
        errors = self.assert_sent(TRAIN + "train(battery.experiment()); print(102, flush=True); raise ValueError('x')", 1)
        self.assertIn("ValueError: x", errors)
        # Python then ends by the signal.
        self.assert_sent(TRAIN + "train(battery.experiment()); print(102, flush=True); raise KeyboardInterrupt", -2)

    def test_a_handler_of_atexit_may_log(self):
        self.assert_sent("import atexit\n" + TRAIN + "atexit.register(train, battery.experiment()); print(102)")
        self.assert_sent(
            "import importlib, atexit\ndef late(): train(experiment)\natexit.unregister(late)\n" + TRAIN
            + "experiment = battery.experiment(); atexit.register(late); print(102)")

    def test_a_handler_of_atexit_that_is_older_than_the_package_may_log(self):
        program = os.path.join(self.journal, "program.py")
        with open(program, "w") as file:
            file.write(f'''
import atexit
def last():
    for epoch in range(1, 101):
        experiment.log(epoch, valid=epoch)
    experiment.log(-1, valid=1)
    experiment.finish()
atexit.register(last)
import hypero
experiment = hypero.connect({self.server.url!r}).battery({self.id()!r}).experiment()
print(103)
''')
        # Without the import of `finished`, which would be the first.
        before = self.server.events()
        result = subprocess.run([sys.executable, program], capture_output=True, text=True, timeout=60)
        self.assertEqual((result.returncode, self.server.events() - before), (0, 103), result.stderr)
        self.assertIn("hypero: row not recorded: valid = 1 at epoch -1", result.stderr)

    def test_a_child_that_leaves_the_block_of_its_parent_does_not_end_the_experiment(self):
        status, output, errors = self.finished("""
with hypero.connect(url).battery(name).experiment() as experiment:
    experiment.log(1, valid=0.5)
    if os.fork() == 0:
        experiment.log(2, valid=0.25)
        sys.exit(3)
    os.wait()
    experiment.log(3, valid=0.75)
print(experiment.id)
""")
        self.assertEqual(status, 0, errors)
        shown = wait_until(lambda: (found := hypero.show(output.split()[-1], redis=self.server.url))["status"] != "running" and found)
        self.assertEqual((shown["status"], shown["curves"]["epoch"]), ("done", [1, 2, 3]))

    def test_an_interrupt_that_ends_the_process_sends_all_events(self):
        for code in ("train(experiment); raise KeyboardInterrupt", "train(experiment); os.kill(os.getpid(), 2); sys.stdin.read()"):
            before = self.server.events()
            status, output, errors = self.finished(
                TRAIN + "experiment = battery.experiment(); " + code, HYPERO_JOURNAL=self.new_journal())
            self.assertEqual((status, self.server.events() - before), (-signal.SIGINT, 102), errors)

    def test_an_exception_of_a_handler_of_messages_does_not_reach_the_caller(self):
        status, output, errors = self.finished(TRAIN + '''
import logging
class Handler(logging.Handler):
    def emit(self, record):
        raise RuntimeError("of the program")
logging.getLogger("hypero").addHandler(Handler())
experiment = battery.experiment()
for epoch in (-1, 0):
    experiment.log(epoch, valid=1)
battery.client.flush("sent")
experiment.finish()
print(battery.client.counters.dropped)
''')
        self.assertEqual((status, output), (0, "1\n"), errors)
        self.assertIn("RuntimeError: of the program", errors)

    def test_the_end_of_a_subinterpreter_leaves_the_messages_of_the_others(self):
        status, output, errors = self.finished(TRAIN + '''
import logging
try:
    import _xxsubinterpreters as interpreters
except ImportError:
    sys.exit(77)
logging.basicConfig(format="LOGGED %(message)s")
experiment = battery.experiment()
other = interpreters.create()
error = interpreters.run_string(other, "import hypero")
interpreters.destroy(other)
experiment.log(-1, valid=1)
battery.client.flush("sent")
''')
        if status == 77 or "does not support loading in subinterpreters" in errors:
            self.skipTest("this Python has no subinterpreters, or does not let them import the package")
        self.assertEqual(status, 0, errors)
        self.assertIn("LOGGED row not recorded", errors)

    def test_an_exit_without_a_server_ends_within_its_timeout_and_says_what_remains(self):
        status, _, errors = self.finished(
            TRAIN.replace("(url)", "('unix:///nowhere/redis.sock')") + "train(battery.experiment())", HYPERO_EXIT_TIMEOUT="0.1")
        self.assertEqual(status, 0)
        self.assertIn("hypero: cannot connect to unix:///nowhere/redis.sock", errors)
        self.assertIn("hypero: events not sent: 102. They stay in", errors)
        self.assertTrue(all(line.startswith("hypero: ") for line in errors.splitlines()), errors)

    def test_experiments_that_nothing_has_ended_are_said_at_the_exit(self):
        start = TRAIN + "experiments = [battery.experiment() for _ in range({})]; print(*[e.id for e in experiments], flush=True)\n"
        for count, more, said in (
            (1, "", True), (5, "", True), (2, "[e.finish() for e in experiments[:1]]; experiments[1].fail()", False),
            (1, "battery.experiment(resume='other'); experiments[0].stop()", False),
            (1, "del experiments\nimport logging; logging.basicConfig(format='LOGGED %(message)s')", True),
            (1, "raise ValueError", True), (1, "if os.fork() == 0: sys.exit(0)\nos.wait(); experiments[0].finish()", False),
            (1, "with experiments[0]: pass", False), (1, "os.kill(os.getpid(), signal.SIGTERM)", False),
        ):
            with self.subTest(more):
                _, output, errors = self.finished(start.format(count) + more, HYPERO_JOURNAL=self.new_journal())
                ids = output.split()
                names = ", ".join(ids[:3]) + (" and 2 more" if count == 5 else "")
                subject = f"experiment {names} was" if count == 1 else f"experiments {names} were"
                line = f"{subject} not ended by this process: call finish(), or use `with`"
                self.assertEqual(errors.count("not ended"), said, errors)
                self.assertEqual(line in errors, said, errors)
                self.assertEqual("LOGGED experiment" in errors, "LOGGED" in more)

    def test_what_a_killed_process_leaves_is_sent_by_the_next_client(self):
        status, output, errors = self.finished(
            TRAIN + "e = battery.experiment(); train(e); print(e.id, flush=True); os.kill(os.getpid(), 9)")
        self.assertEqual(status, -9)
        experiment = output.split()[-1]
        self.battery.experiment()
        wait_until(lambda: self.rows(experiment) == 100)
        wait_until(lambda: any(
            row["experiment"] == experiment and row["status"] == "lost" for row in self.applied()))

    def test_an_end_while_daemon_threads_log_is_clean(self):
        code = TRAIN + """
import threading, time
def forever(experiment):
    while True:
        train(experiment)
        # Else the ingest would need minutes for the rows.
        time.sleep(0.01)
for _ in range(2):
    threading.Thread(target=forever, args=(battery.experiment(),), daemon=True).start()
train(battery.experiment())
"""
        processes = [
            self.child(code + end, HYPERO_EXIT_TIMEOUT="0.2")
            for end in ("", "sys.exit(0)", "os._exit(0)") for _ in range(4)]
        for process in processes:
            output, errors = process.communicate(timeout=120)
            self.assertEqual((process.returncode, output), (0, ""), errors)
            self.assertNotIn("Traceback", errors)

    def test_an_interrupt_stops_the_experiment(self):
        process = self.child(TRAIN + """
with battery.experiment() as experiment:
    experiment.log(1, valid=0.5)
    print(experiment.id, flush=True)
    while True:
        experiment.log(2, valid=0.5)
        import time; time.sleep(0.01)
""")
        experiment = process.stdout.readline().strip()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        self.assertIn("KeyboardInterrupt", errors)
        row = wait_until(lambda: [row for row in self.applied() if row["experiment"] == experiment])[0]
        wait_until(lambda: [row["status"] for row in self.applied() if row["experiment"] == experiment] == ["stopped"])
        self.assertEqual(row["host"], os.uname().nodename)


    def test_an_interrupt_ends_a_long_wait(self):
        for wait in ("flush", "close"):
            process = self.child(f"""
client = hypero.connect("unix:///nowhere/redis.sock")
client.battery(name).experiment()
print("waits", flush=True)
client.{wait}(timeout=float("inf"))
""", HYPERO_EXIT_TIMEOUT="0")
            self.assertEqual(process.stdout.readline(), "waits\n")
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=60)
            self.assertIn("KeyboardInterrupt", errors)


class ChildTests(ServerTestCase):
    def assert_complete(self, code, count=4):
        """Checks that all experiments of children are complete in the stream when the program has ended."""
        before = self.server.events()
        status, output, errors = self.finished(code)
        self.assertEqual(status, 0, errors)
        experiments = set(output.split())
        self.assertEqual(len(experiments), count, output)
        # Per child: the battery, the start, 100 rows and the end.
        self.assertEqual(self.server.events() - before, count * 103, errors)
        wait_until(lambda: len([row for row in self.applied() if row["status"] == "done"]) == count)
        self.assertEqual({row["experiment"] for row in self.applied()}, experiments)

    def test_forked_processes(self):
        self.assert_complete(CHILDREN + """
context = multiprocessing.get_context("fork")
processes = [context.Process(target=lambda: print(work(0), flush=True)) for _ in range(4)]
for process in processes: process.start()
for process in processes: process.join()
assert [process.exitcode for process in processes] == [0] * 4
""")

    def test_a_forked_pool_that_is_closed(self):
        self.assert_complete(CHILDREN + """
pool = multiprocessing.get_context("fork").Pool(4, maxtasksperchild=1)
print(*pool.map(work, range(4), chunksize=1))
pool.close(); pool.join()
""")

    def test_a_forked_executor(self):
        # One worker per task: the barrier keeps a worker from taking two.
        self.assert_complete(CHILDREN + """
context = multiprocessing.get_context("fork")
barrier = context.Barrier(4)
def once(index):
    barrier.wait()
    return work(index)
with concurrent.futures.ProcessPoolExecutor(4, mp_context=context) as executor:
    print(*executor.map(once, range(4)))
""")

    def test_workers_as_those_of_a_data_loader(self):
        # Daemons that are told to end by an event, in a parent that logs at the same time.
        self.assert_complete(CHILDREN + """
context = multiprocessing.get_context("fork")
done, results = context.Event(), context.Queue()
def loop():
    results.put(work(0))
    done.wait()
workers = [context.Process(target=loop, daemon=True) for _ in range(3)]
for worker in workers: worker.start()
print(work(0), *[results.get() for _ in workers])
done.set()
for worker in workers: worker.join()
""")

    def test_children_of_os_fork_that_exit(self):
        self.assert_complete(CHILDREN + """
children = []
for _ in range(4):
    child = os.fork()
    if child == 0:
        print(work(0), flush=True)
        sys.exit(0)
    children.append(child)
assert all(os.waitpid(child, 0)[1] == 0 for child in children)
""")

    def test_a_child_that_ends_abruptly_leaves_its_journal(self):
        status, output, errors = self.finished(CHILDREN + """
child = os.fork()
if child == 0:
    print(work(0), flush=True)
    os._exit(0)
os.waitpid(child, 0)
""")
        self.assertEqual(status, 0, errors)
        self.battery.experiment()
        wait_until(lambda: self.rows(output.strip()) == 100)

    def test_a_child_may_use_the_experiment_of_its_parent(self):
        status, output, errors = self.finished(TRAIN + """
import multiprocessing
experiment = battery.experiment()
def log(index):
    for epoch in range(1, 101):
        experiment.log(epoch, {f"channel {index}": epoch})
context = multiprocessing.get_context("fork")
processes = [context.Process(target=log, args=(index,)) for index in range(4)]
for process in processes: process.start()
for process in processes: process.join()
print(experiment.id)
experiment.finish()
""")
        self.assertEqual(status, 0, errors)
        stored = wait_until(lambda: [
            row for row in self.applied() if row["status"] == "done" and self.rows(output.strip()) == 100])
        self.assertEqual(len(stored), 1)

    def test_a_child_that_logs_nothing_creates_nothing(self):
        status, output, errors = self.finished(TRAIN + """
import multiprocessing
train(battery.experiment())
before = os.listdir(os.environ["HYPERO_JOURNAL"])
process = multiprocessing.get_context("fork").Process(target=os.getpid)
process.start(); process.join()
print(before == os.listdir(os.environ["HYPERO_JOURNAL"]), process.exitcode, len(before) > 0)
""")
        self.assertEqual((status, output.split()), (0, ["True", "0", "True"]), errors)

    def program(self, method):
        """Runs a program file with children that import the package themselves."""
        path = os.path.join(self.journal, "program.py")
        with open(path, "w") as file:
            file.write(f"""
import hypero, multiprocessing
def work(index):
    with hypero.connect({self.server.url!r}).battery({self.id()!r}).experiment() as experiment:
        for epoch in range(1, 101):
            experiment.log(epoch, valid=epoch)
    print(experiment.id, flush=True)
if __name__ == "__main__":
    context = multiprocessing.get_context({method!r})
    processes = [context.Process(target=work, args=(index,)) for index in range(4)]
    for process in processes: process.start()
    for process in processes: process.join()
""")
        return f"import runpy; runpy.run_path({path!r}, run_name='__main__')"

    def test_a_child_says_which_of_its_experiments_nothing_has_ended(self):
        for method in ("fork", "spawn"):
            code = self.program(method)
            path = os.path.join(self.journal, "program.py")
            with open(path, "a") as file:
                file.write("def work(index):\n    hypero.connect('unix:///nowhere/x.sock').battery('x').experiment()\n")
            with open(path) as file:
                # Before the start of the children.
                before, main, after = file.read().partition("if __name__")
            with open(path, "w") as file:
                file.write(before + after[after.index("def work"):] + main + after[:after.index("def work")])
            status, _, errors = self.finished(code, HYPERO_EXIT_TIMEOUT="0")
            self.assertEqual((status, errors.count("not ended by this process")), (0, 4), errors)

    def test_spawned_processes(self):
        self.assert_complete(self.program("spawn"))

    def test_processes_of_a_fork_server(self):
        self.assert_complete(self.program("forkserver"))

    def test_eight_threads_log_while_the_process_forks(self):
        status, output, errors = self.finished(TRAIN + """
import threading
def several(experiment):
    for _ in range(20): train(experiment)
experiments = [battery.experiment() for _ in range(8)]
threads = [threading.Thread(target=several, args=(experiment,)) for experiment in experiments]
for thread in threads: thread.start()
for _ in range(10):
    child = os.fork()
    if child == 0:
        train(battery.experiment())
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
for thread in threads: thread.join()
for experiment in experiments: experiment.finish()
""")
        self.assertEqual((status, errors), (0, ""))


if __name__ == "__main__":
    unittest.main()
