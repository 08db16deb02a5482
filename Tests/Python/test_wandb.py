"""Programs that were written for wandb, with the one changed line of their import."""

import importlib.util
import os
import signal
import socket
import time
import unittest

import hypero
from support import ServerTestCase, wait_until

PRELUDE = """
import argparse, random
import hypero.wandb as wandb
project = name
"""


class WandbTests(ServerTestCase):
    def run_program(self, code, *arguments, expected=0, **environment):
        """Runs a program, and returns its experiments, the newest first, and its errors."""
        status, output, errors = self.finished(PRELUDE + code, *arguments, HYPERO_REDIS=self.server.url, **environment)
        self.assertEqual(status, expected, errors)
        self.output = output
        rows = wait_until(
            lambda: [row for row in self.applied() if row["status"] != "running"] == self.applied() and self.applied())
        return [hypero.show(row["experiment"], redis=self.server.url) for row in rows], errors

    def test_a_training_script_is_ranked_by_its_defined_metric(self):
        (first, second), errors = self.run_program("""
for rate in (0.5, 0.25):
    run = wandb.init(project=project, name=f"rate {rate}", group="g", tags=["a", "b"], config={"lr": rate, "net": {"depth": 2}})
    wandb.define_metric("val/acc", summary="max")
    wandb.define_metric("loss", summary="min")
    wandb.config.update({"bs": 64})
    wandb.config.seed = 1
    for step in range(3):
        wandb.log({"loss": 1 / (step + 1), "val": {"acc": rate * step}, "epoch": step})
    wandb.summary["final"] = 0.75
    wandb.summary["note"] = "text"
    run.finish()
""")
        self.assertEqual(errors, "")
        self.assertEqual((second["status"], second["objective"]), ("done", "val/acc"))
        self.assertEqual(second["params"], {"lr": 0.5, "net": {"depth": 2}, "bs": 64, "seed": 1})
        self.assertEqual(second["meta"], {"name": "rate 0.5", "group": "g", "tags": ["a", "b"], "note": "text"})
        self.assertEqual(second["curves"]["epoch"], [0, 1, 2])
        self.assertEqual(second["curves"]["channels"]["val/acc"], [0, 0.5, 1])
        self.assertEqual(second["curves"]["channels"]["epoch_"], [0, 1, 2])
        self.assertEqual(second["maxima"]["final"], 0.75)
        ranked = hypero.rank(self.id(), redis=self.server.url)
        self.assertEqual([row["experiment"] for row in ranked], [second["experiment"], first["experiment"]])
        self.assertEqual(hypero.rank(self.id(), by="loss", limit=1, redis=self.server.url)[0]["value"], 1 / 3)

    def test_the_first_log_calls_of_several_threads_start_one_experiment(self):
        runs, _ = self.run_program("""
import sys, threading
sys.setswitchinterval(1e-6)
for index in range(20):
    run = wandb.init(project=project)
    barrier = threading.Barrier(8)
    def log(thread):
        barrier.wait()
        wandb.log({f"t{thread}": 1}, step=thread)
    threads = [threading.Thread(target=log, args=(number,)) for number in range(8)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    run.finish()
""")
        self.assertEqual([run["curves"]["epoch"] for run in runs], [list(range(8))] * 20)

    def test_steps_and_commits_decide_the_row(self):
        (run,), _ = self.run_program("""
wandb.init(project=project)
wandb.log({"a": 1}, commit=False)
wandb.log({"b": 2})
wandb.log({"a": 3}, step=10)
wandb.log({"b": 4}, step=10)
wandb.log({"a": 5, "text": "hello", "nothing": None, "picture": wandb.Image([[0]])})
wandb.log({"a": 6})
""")
        self.assertEqual(run["curves"]["epoch"], [0, 10, 11])
        self.assertEqual(run["curves"]["channels"], {"a": [1, 5, 6], "b": [2, 4, None]})
        self.assertEqual(run["meta"], {"text": "hello"})
        self.assertEqual(run["status"], "done")

    def test_a_program_that_fails_fails_its_run(self):
        (run,), errors = self.run_program(
            "wandb.init(project=project); wandb.log({'a': 1}); raise ValueError('no data')", expected=1)
        self.assertEqual((run["status"], run["reason"]), ("failed", "ValueError: no data"))
        self.assertIn("ValueError: no data", errors)

    def test_the_block_and_the_exit_code_end_the_run(self):
        runs, _ = self.run_program("""
try:
    with wandb.init(project=project) as run:
        run.log({"a": 1})
        raise RuntimeError("boom")
except RuntimeError: pass
wandb.init(project=project)
wandb.log({"a": 1})
wandb.finish(exit_code=2)
""")
        self.assertEqual([(run["status"], run["reason"]) for run in runs],
                         [("failed", "exit code 2"), ("failed", "RuntimeError: boom")])

    def test_a_run_is_resumed_by_its_id(self):
        (run,), _ = self.run_program("""
first = wandb.init(project=project)
first.log({"a": 1})
id = first.id
first.finish()
wandb.init(project=project, id=id, resume="allow").log({"a": 2})
assert wandb.run.id == id and wandb.run.resumed
wandb.log({"a": 3})
wandb.finish()
second = wandb.init(project=project, id=id, resume="must")
print(second.step, second.summary["a"])
second.log({"a": 4})
""")
        self.assertEqual(run["curves"], {"epoch": [0, 1, 2, 3], "channels": {"a": [1, 2, 3, 4]}})
        self.assertEqual((self.output, run["status"]), ("3 3\n", "done"))

    def test_a_run_may_have_an_id_of_its_own(self):
        program = """
run = wandb.init(project=project, id="2022-12-17_10:29", resume="allow")
wandb.define_metric("a", summary="max")
print(run.id, run.resumed, run.step, bool(wandb.restore("file")))
wandb.log({"a": run.step})
"""
        (run,), errors = self.run_program(program)
        self.assertEqual(self.output, "2022-12-17_10:29 False 0 False\n")
        self.assertNotIn("that Redis does not have", errors)
        self.assertEqual(run["meta"], {"wandb_id": "2022-12-17_10:29"})
        (same,), _ = self.run_program(program)
        self.assertEqual(self.output, "2022-12-17_10:29 True 1 False\n")
        self.assertEqual((same["experiment"], same["curves"]["epoch"]), (run["experiment"], [0, 1]))
        # Another run of this id in another project, and the rules of resume.
        _, output, errors = self.finished(PRELUDE + """
print(wandb.init(project=project + "2", id="2022-12-17_10:29", resume="allow").resumed)
for id, resume in ("2022-12-17_10:29", "never"), ("unknown", "must"):
    try: wandb.init(project=project, id=id, resume=resume)
    except wandb.errors.UsageError as error: print(error)
print(wandb.run is None, wandb.init(project=project, resume=True).resumed)
""", HYPERO_REDIS=self.server.url)
        self.assertEqual(output.splitlines(), [
            "False", "hypero.wandb: init: the run '2022-12-17_10:29' exists, and resume is 'never'",
            "hypero.wandb: init: the run 'unknown' was not found, and resume is 'must'", "True False"], errors)

    def test_a_run_ends_as_its_program_does(self):
        ends = {
            "sys.exit(3)": ("failed", "SystemExit: 3"),
            "sys.exit('no memory')": ("failed", "SystemExit: no memory"),
            "exit(4)": ("failed", "SystemExit: 4"),
            "sys.exit(0)": ("done", None),
            "raise SystemExit(1)": ("stopped", "SystemExit, with an exit code that is not known"),
            "try: sys.exit(1)\nexcept SystemExit: pass": ("done", None),
            "sys.excepthook = lambda *error: None; 1 / 0": ("failed", "ZeroDivisionError: division by zero"),
            "raise KeyboardInterrupt": ("stopped", "KeyboardInterrupt"),
            "import threading; threading.Thread(target=sys.exit, args=(1,)).start()": ("done", None),
        }
        for code, end in ends.items():
            self.finished(
                PRELUDE + f"wandb.init(project=project, notes={code!r}); wandb.log({{'valid': 1}})\n{code}",
                HYPERO_REDIS=self.server.url)
        wait_until(lambda: len(self.applied()) == len(ends) and not any(row["status"] == "running" for row in self.applied()))
        self.assertEqual({row["meta"]["notes"]: (row["status"], row["reason"]) for row in self.applied()}, ends)

    def test_a_forked_child_does_not_end_the_run_of_its_parent(self):
        for end in (
            "sys.exit(0)", "raise OSError('no')", "wandb.finish(); sys.exit(0)", "wandb.init(project=name + '2'); sys.exit(1)",
        ):
            with self.subTest(end):
                (run, *_), errors = self.run_program(f"""
run = wandb.init(project=project)
wandb.log({{"a": 1}})
child = os.fork()
if child == 0:
    {end}
os.waitpid(child, 0)
hypero.flush()
print(hypero.show(run.id)["status"])
wandb.log({{"a": 2}})
""")
                self.assertEqual((self.output, run["status"]), ("running\n", "done"), errors)
                self.assertEqual(run["curves"]["channels"], {"a": [1, 2]})

    def test_a_child_of_multiprocessing_ends_its_own_run(self):
        with open(f"{self.journal}/program.py", "w") as file:
            file.write(f"""
import multiprocessing, sys
def work(method, fails):
    import hypero.wandb as wandb
    wandb.init(project={self.id()!r}, group=method, job_type=str(fails))
    wandb.log({{"valid": 1}})
    if fails: raise ValueError("no data")
if __name__ == "__main__":
    for method in "fork", "spawn", "forkserver":
        context = multiprocessing.get_context(method)
        for fails in False, True:
            process = context.Process(target=work, args=(method, fails))
            process.start()
            process.join()
""")
        self.run_program(
            "import subprocess; subprocess.run([sys.executable, sys.argv[1]], check=True)", f"{self.journal}/program.py")
        wait_until(lambda: len(self.applied()) == 6)
        # The exception, or since Python 3.13 only the exit code.
        reasons = {None: None, "ValueError: no data": "error", "exit code 1": "error"}
        found = sorted((row["meta"]["group"], row["status"], reasons[row["reason"]]) for row in self.applied())
        self.assertEqual(found, [
            (method, *end) for method in ("fork", "forkserver", "spawn")
            for end in (("done", None), ("failed", "error"))])

    @unittest.skipIf(importlib.util.find_spec("IPython") is None, "IPython is not installed")
    def test_a_cell_of_a_notebook_that_fails_fails_its_run(self):
        self.run_program("""
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_cell("import hypero.wandb as wandb")
for notes, code in ("failed", "1 / 0"), ("stopped", "raise KeyboardInterrupt"), ("continued", "1 / 0"):
    shell.run_cell(f"wandb.init(project={project!r}, notes={notes!r}); wandb.log({{'valid': 1}}); {code}")
shell.run_cell("wandb.log({'valid': 2})")
shell.run_cell("a_mistake_of_another_cell")
""")
        self.assertEqual({row["meta"]["notes"]: row["status"] for row in self.applied()},
                         {"failed": "failed", "stopped": "stopped", "continued": "done"})

    def test_the_exit_keeps_its_time_and_ctrl_c_prints_no_traceback(self):
        # A server that accepts and does not reply.
        silent = socket.socket(socket.AF_UNIX)
        self.addCleanup(silent.close)
        silent.bind(f"{self.journal}/silent.sock")
        silent.listen(5)
        program = PRELUDE + "wandb.init(project=project); wandb.log({'a': 1}); print(1, flush=True)"
        url = f"unix://{self.journal}/silent.sock"
        start = time.monotonic()
        status, _, errors = self.finished(program, HYPERO_REDIS=url, HYPERO_EXIT_TIMEOUT="0.1")
        self.assertLess(time.monotonic() - start, 4)
        self.assertIn("events not sent", errors)
        process = self.child(program, HYPERO_REDIS=url, HYPERO_EXIT_TIMEOUT="60")
        process.stdout.readline()
        # Again, until the program is in its exit.
        wait_until(lambda: process.poll() is not None or process.send_signal(signal.SIGINT))
        _, errors = process.communicate(timeout=60)
        self.assertNotIn("atexit", errors)

    def test_what_is_not_supported_says_so_once_and_does_nothing(self):
        _, errors = self.run_program("""
wandb.login()
run = wandb.init(project=project, entity="me", magic=True, settings=wandb.Settings())
for _ in range(3):
    wandb.watch(None)
    run.log_artifact("file")
    wandb.log({"a": 1, "picture": wandb.Histogram([1])})
wandb.finish()
""")
        lines = [line for line in errors.splitlines() if "is not supported" in line or "not supported" in line]
        self.assertEqual(len(lines), len(set(lines)))
        for word in ("login", "Settings", "magic", "watch", "Run.log_artifact", "Histogram"):
            self.assertEqual(len([line for line in lines if word in line]), 1, errors)

    def test_what_is_not_supported_accepts_everything(self):
        (run,), errors = self.run_program("""
import copy, pickle
config = wandb.init(mode="disabled", config={"lr": 0.1, "net": {"depth": 2}}).config
for copied in copy.deepcopy(config), copy.copy(config), pickle.loads(pickle.dumps(config)):
    copied.lr = 1
    assert dict(copied) == {"lr": 1, "net": {"depth": 2}} and config.lr == 0.1
run = wandb.init(project=project, config="file.yaml", entity="me")
assert not hasattr(wandb.run, "_none") and run.path == f"me/{project}/{run.id}" and run.start_time > 0 and not run.offline
run.name, run.notes = "new", "text"
run.tags += ("tag",)
artifact = wandb.Artifact("model", type="model")
artifact.add_file("file").nothing = 1
assert isinstance(artifact, wandb.Artifact)
assert not copy.deepcopy(wandb.Api()).run("a/b").files() and list(wandb.Api().runs("a")) == []
@wandb.function
def function(): return 1
assert function() == 1
class Callback(wandb.keras.WandbCallback):
    def __init__(self): super().__init__(monitor="loss")
Callback().on_end()
with wandb.sdk.anything() as nothing: nothing["a"].b = 1 if nothing else 0
table = wandb.Table(columns=["a"])
table.add_data(1)
assert len(wandb.util.generate_id()) == 8 and isinstance(wandb.errors.CommError(), Exception)
wandb.log({"a": 1, 5: 1, "b\\0c": 1, "big": 10**400, "pictures": [wandb.Image(1)], "plot": wandb.plot.line(table), "table": table})
wandb.finish()
assert not hasattr(wandb, "config")
""")
        self.assertEqual(run["meta"] | {"big": 0}, {"name": "new", "notes": "text", "tags": ["tag"], "big": 0})
        self.assertEqual(set(run["curves"]["channels"]), {"a", "5", "b\ufffdc"})
        for name in "pictures", "'plot'", "table", "file.yaml", "Api", "keras":
            self.assertEqual(len([line for line in errors.splitlines() if name in line and "hypero.wandb" in line]), 1, errors)

    def test_a_pattern_is_the_objective_only_with_a_metric_that_exists(self):
        runs, errors = self.run_program("""
for project, row in (project, {"val/loss": 1, "valid": 2}), (project, {"val/loss": 3}), (project + "2", {"valid": 1}):
    wandb.init(project=project)
    wandb.define_metric("*", step_metric="epoch")
    wandb.define_metric("val/*", summary="min")
    wandb.log(row)
    wandb.finish()
hypero.flush()
print(hypero.experiments(project, redis=os.environ["HYPERO_REDIS"])[0]["objective"])
""")
        self.assertEqual([run["objective"] for run in runs], ["val/loss", "val/loss"])
        self.assertEqual(self.output, "valid\n")
        for words in "step_metric not supported", "'val/*' is not used":
            self.assertEqual(errors.count(words), 1, errors)

    def test_a_disabled_run_records_nothing(self):
        status, output, errors = self.finished(PRELUDE + """
run = wandb.init(project=project, mode="disabled", config={"a": 1})
run.define_metric("a", summary="max")
wandb.log({"a": 1})
wandb.summary["a"] = 1
print(run.id, wandb.config.a)
wandb.finish()
""", HYPERO_REDIS=self.server.url)
        self.assertEqual((status, output, errors), (0, "disabled 1\n", ""))
        self.assertEqual(self.applied(), [])

    def test_a_call_before_init_is_an_error(self):
        status, _, errors = self.finished(PRELUDE + "wandb.log({'a': 1})", HYPERO_REDIS=self.server.url)
        self.assertEqual(status, 1)
        self.assertIn("Call wandb.init() first", errors)


if __name__ == "__main__":
    unittest.main()
