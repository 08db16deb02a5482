"""hypero import, on files that the real tools wrote. Scripts/test-integrations installs these."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import hypero  # noqa: E402
from support import ServerTestCase  # noqa: E402
from test_integrations import needs  # noqa: E402


class ImportTests(ServerTestCase):
    def setUp(self):
        super().setUp()
        self.folder = tempfile.mkdtemp(prefix="hypero-import.", dir="/tmp")
        self.addCleanup(shutil.rmtree, self.folder)

    def write(self, code):
        """Runs a program that uses the tool, in a folder of its own."""
        result = subprocess.run(
            [sys.executable, "-c", code], cwd=self.folder, capture_output=True, text=True,
            env={**os.environ, "WANDB_MODE": "offline", "WANDB_SILENT": "true", "HF_HUB_OFFLINE": "1",
                 "TRACKIO_DIR": f"{self.folder}/trackio", "HOME": self.folder, "PYTHONWARNINGS": "ignore"})
        self.assertEqual(result.returncode, 0, result.stderr)

    def imported(self, project, *arguments):
        """Imports the folder twice, and returns the experiments, the oldest first."""
        found = None
        for _ in range(2):
            result = subprocess.run(
                [sys.executable, "-m", "hypero", "import", self.folder, *arguments], capture_output=True, text=True,
                env={**os.environ, "HYPERO_REDIS": self.server.url})
            self.assertEqual((result.returncode, result.stderr), (0, ""), result.stdout)
            rows = hypero.experiments(project, redis=self.server.url)
            now = {row["experiment"]: hypero.show(row["experiment"], redis=self.server.url) for row in rows}
            keys = ("params", "meta", "curves", "maxima", "status", "nonfinite")
            stable = {id: [run[key] for key in keys] for id, run in now.items()}
            # A second import changes nothing.
            self.assertIn(found, (None, stable))
            found = stable
        return list(now.values())[::-1]

    @needs("optuna", "sqlalchemy")
    def test_optuna_in_sqlite(self):
        self.optuna("'sqlite:///study.db'")

    @needs("optuna")
    def test_optuna_in_a_journal(self):
        self.optuna("optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend('journal.log'))")

    def optuna(self, storage):
        self.write(f"""
import optuna
def objective(trial):
    lr = trial.suggest_float("lr", 1e-5, 0.1, log=True)
    trial.suggest_int("depth", 1, 3)
    trial.suggest_categorical("kind", ["a", None, 3])
    for step in range(3): trial.report(step / 4 + trial.number, step)
    if trial.number == 1: raise optuna.TrialPruned
    if trial.number == 2: raise ValueError
    return 0.5 + trial.number
optuna.create_study(study_name={self.id()!r}, storage={storage}, direction="minimize").optimize(
    objective, n_trials=4, catch=[ValueError])
""")
        runs = sorted(self.imported(self.id()), key=lambda run: run["meta"]["trial"])
        self.assertEqual([run["status"] for run in runs], ["done", "stopped", "failed", "done"])
        self.assertEqual([run["maxima"]["valid"] for run in runs[::3]], [0.5, 3.5])
        self.assertEqual(runs[0]["curves"], {"epoch": [0, 1, 2], "channels": {"valid": [0, 0.25, 0.5]}})
        self.assertIn(runs[0]["params"]["kind"], ["a", 3, None])
        self.assertIn(runs[0]["params"]["depth"], [1, 2, 3])
        self.assertEqual(hypero.rank(self.id(), redis=self.server.url)[0]["experiment"], runs[0]["experiment"])

    @needs("mlflow", "sqlalchemy")
    def test_mlflow_in_sqlite(self):
        self.mlflow("sqlite:///mlflow.db")

    @needs("mlflow")
    def test_mlflow_in_its_folder(self):
        self.mlflow("mlruns")

    def mlflow(self, store):
        project = f"mlflow {store}"
        self.write(f"""
import os
os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
import mlflow
mlflow.set_tracking_uri({store!r})
mlflow.set_experiment({project!r})
for number in range(2):
    with mlflow.start_run(run_name=f"run {{number}}"):
        mlflow.log_params({{"lr": 0.5, "depth": 3, "kind": "a", "flag": True}})
        mlflow.set_tag("host", "node")
        for step in range(3): mlflow.log_metrics({{"valid/acc": step / 4 + number, "loss": float("nan")}}, step=step)
mlflow.end_run()
try:
    with mlflow.start_run(): raise ValueError
except ValueError: pass
""")
        runs = self.imported(project, "--objective", "valid/acc")
        self.assertEqual(sorted(run["status"] for run in runs), ["done", "done", "failed"])
        runs = sorted((run for run in runs if run["status"] == "done"), key=lambda run: run["meta"]["name"])
        self.assertEqual(runs[0]["params"], {"lr": 0.5, "depth": 3, "kind": "a", "flag": True})
        self.assertEqual((runs[1]["meta"]["host"], runs[1]["meta"]["name"]), ("node", "run 1"))
        self.assertEqual(runs[1]["curves"]["channels"]["valid/acc"], [1, 1.25, 1.5])
        self.assertEqual(hypero.rank(project, redis=self.server.url)[0]["experiment"], runs[1]["experiment"])

    @needs("wandb")
    def test_wandb_offline(self):
        self.write("""
import wandb
for number in range(2):
    run = wandb.init(project="wandb project", name=f"run {number}", config={"lr": 0.5, "net": {"depth": number}}, tags=["x"])
    for step in range(700): run.log({"loss": 1 / (step + 1), "valid": {"acc": step / 1024 + number}, "text": "no number"})
    run.summary["note"] = "a text"
    run.finish(exit_code=number)
""")
        runs = sorted(self.imported("wandb project", "--objective", "valid/acc"), key=lambda run: run["meta"]["name"])
        self.assertEqual([run["status"] for run in runs], ["done", "failed"])
        self.assertEqual(runs[0]["reason"], None)
        self.assertEqual(runs[1]["params"], {"lr": 0.5, "net/depth": 1})
        self.assertEqual((runs[1]["meta"]["tags"], runs[1]["meta"]["note"]), (["x"], "a text"))
        self.assertEqual(runs[0]["curves"]["channels"]["valid/acc"], [step / 1024 for step in range(700)])
        self.assertEqual(runs[0]["curves"]["channels"]["loss"][9], 0.1)

    @needs("wandb")
    def test_wandb_resumed_offline(self):
        self.write("""
import wandb
for part in range(2):
    run = wandb.init(project="wandb parts", id="r", resume="allow", config={"lr": 0.5, "none": None})
    run.config.update({"later": part}, allow_val_change=True)
    for step in range(part * 3, part * 3 + 4): run.log({"loss": [float("nan"), float("inf"), step][step % 3]}, step=step)
    run.finish()
""")
        (run,) = self.imported("wandb parts", "--objective", "loss")
        self.assertEqual(run["params"], {"lr": 0.5, "none": None, "later": 1})
        self.assertEqual(run["curves"]["channels"]["loss"], ["nan", "inf", 2, "nan", "inf", 5, "nan"])

    @needs("trackio")
    def test_trackio(self):
        self.write("""
import trackio
for number in range(2):
    run = trackio.init(project="trackio-project", name=f"run-{number}", config={"lr": 0.5, "depth": number})
    for step in range(3): trackio.log({"valid": step / 4 + number})
    trackio.finish()
""")
        runs = sorted(self.imported("trackio-project"), key=lambda run: run["meta"]["name"])
        self.assertEqual([run["curves"]["channels"]["valid"] for run in runs], [[0, 0.25, 0.5], [1, 1.25, 1.5]])
        self.assertEqual([run["params"]["depth"] for run in runs], [0, 1])

    @needs("torch", "tensorboard")
    def test_tensorboard(self):
        self.write("""
from torch.utils.tensorboard import SummaryWriter
import torch
for number in range(2):
    writer = SummaryWriter(f"boards/run {number}")
    for step in range(3):
        writer.add_scalar("loss/train", step / 4 + number, step)
        writer.add_scalar("new style", step / 2, step, new_style=True)
    writer.add_scalar("nan", float("nan"), 1)
    writer.add_histogram("weights", torch.ones(3), 1)
    writer.close()
""")
        runs = sorted(
            self.imported(os.path.basename(self.folder), "--objective", "loss/train"), key=lambda run: run["meta"]["name"])
        self.assertEqual([run["meta"]["name"] for run in runs], ["boards/run 0", "boards/run 1"])
        self.assertEqual(runs[1]["curves"]["channels"]["loss/train"], [1, 1.25, 1.5])
        self.assertEqual(runs[1]["curves"]["channels"]["new style"], [0, 0.5, 1])
        self.assertGreater(runs[1]["nonfinite"], 0)
        self.assertNotIn("weights", runs[1]["curves"]["channels"])

    @needs("tensorboard", "torch")
    def test_tensorboard_hparams(self):
        """add_hparams writes its values to a folder of its own, which belongs to the training of the writer."""
        self.write("""
from torch.utils.tensorboard import SummaryWriter
for number in range(2):
    writer = SummaryWriter(f"boards/run{number}")
    for step in range(4):
        writer.add_scalar("acc", step / 4 + number, step)
    writer.add_hparams({"lr": 0.5 ** number, "opt": "adam"}, {"hp/acc": 0.75 + number})
    writer.close()
""")
        runs = sorted(
            self.imported(os.path.basename(self.folder), "--objective", "acc"), key=lambda run: run["meta"]["name"])
        self.assertEqual([run["meta"]["name"] for run in runs], ["boards/run0", "boards/run1"])
        self.assertEqual([run["params"] for run in runs], [{"lr": 1, "opt": "adam"}, {"lr": 0.5, "opt": "adam"}])
        self.assertEqual([run["maxima"]["hp/acc"] for run in runs], [0.75, 1.75])


if __name__ == "__main__":
    unittest.main()
