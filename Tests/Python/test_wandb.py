"""Programs that were written for wandb, with the one changed line of their import."""

import unittest

import hypero
from support import ServerTestCase, wait_until

PRELUDE = """
import argparse, random
import hypero.wandb as wandb
project = name
"""


class WandbTests(ServerTestCase):
    def run_program(self, code, expected=0, **environment):
        """Runs a program, and returns its experiments, the newest first, and its errors."""
        status, output, errors = self.finished(PRELUDE + code, HYPERO_REDIS=self.server.url, **environment)
        self.assertEqual(status, expected, errors)
        self.output = output
        rows = wait_until(lambda: [row for row in self.applied() if row["status"] != "running"] == self.applied() and self.applied())
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
        (run,), errors = self.run_program("wandb.init(project=project); wandb.log({'a': 1}); raise ValueError('no data')", 1)
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
wandb.init(project=project, id=id, resume="allow").log({"a": 2}, step=1)
assert wandb.run.id == id
""")
        self.assertEqual(run["curves"]["channels"], {"a": [1, 2]})

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
