"""The integrations with their real libraries. Scripts/test-integrations installs these."""

import contextlib
import gc
import importlib.util
import os
import subprocess
import sys
import unittest
import unittest.mock
import warnings

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import hypero  # noqa: E402
from hypero import _ending  # noqa: E402
from support import ServerTestCase, wait_until  # noqa: E402

os.environ.update(KERAS_BACKEND="torch", TOKENIZERS_PARALLELISM="false", HF_HUB_OFFLINE="1", CUDA_VISIBLE_DEVICES="")
warnings.simplefilter("ignore")


def needs(*modules):
    missing = [module for module in modules if importlib.util.find_spec(module) is None]
    return unittest.skipIf(missing, f"not installed: {missing}")


@needs("torch", "lightning")
class LightningTests(ServerTestCase):
    def trainer(self, logger, fails=False, before=(), after=(), **options):
        import lightning
        import torch

        class Module(lightning.LightningModule):
            def __init__(self, rate=0.1):
                super().__init__()
                self.save_hyperparameters()
                self.layer = torch.nn.Linear(4, 1)

            def training_step(self, batch, index):
                if fails and self.current_epoch == 1:
                    raise RuntimeError("no memory")
                loss = self.layer(batch[0]).square().mean()
                self.log("train", loss, on_step=False, on_epoch=True)
                return loss

            def validation_step(self, batch, index):
                self.log("valid", self.layer(batch[0]).square().mean())

            def test_step(self, batch, index):
                self.log("test", torch.tensor(0.75))

            def configure_optimizers(self):
                return torch.optim.SGD(self.parameters(), lr=self.hparams.rate)

        data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.randn(8, 4)), batch_size=4)
        trainer = lightning.Trainer(
            max_epochs=3, logger=logger, enable_progress_bar=False, enable_model_summary=False, enable_checkpointing=False,
            accelerator="cpu", log_every_n_steps=1, default_root_dir=self.server.folder, **options)
        module = Module()
        for call in before:
            getattr(trainer, call)(module, data, verbose=False)
        trainer.fit(module, data, data)
        for call in after:
            getattr(trainer, call)(module, data, verbose=False)

    def stored_at_end(self, experiment):
        """Returns the values of an experiment at the end of its client."""
        # The program ends the experiments that are open in the same way.
        _ending._end_before_close(self.client)
        return self.stored(experiment)

    def test_a_training_is_logged_by_epochs(self):
        from hypero.integrations.lightning import HyperoLogger

        logger = HyperoLogger(self.battery)
        self.trainer(logger)
        self.assertEqual(self.stored(logger.experiment)["status"], "running")
        stored = self.stored_at_end(logger.experiment)
        self.assertEqual((stored["status"], stored["params"]), ("done", {"rate": 0.1}))
        # The sanity check before the first epoch is not logged.
        self.assertEqual(stored["curves"]["epoch"], [0, 1, 2])
        for channel in ("train", "valid"):
            self.assertNotIn(None, stored["curves"]["channels"][channel])
        self.assertEqual((logger.name, logger.version), (self.battery.id, logger.experiment.id))

    def test_a_training_is_logged_by_steps(self):
        from hypero.integrations.lightning import HyperoLogger

        logger = HyperoLogger(self.battery, by="step")
        self.trainer(logger)
        self.assertEqual(self.stored(logger.experiment)["curves"]["epoch"], [1, 3, 5])
        with self.assertRaises(ValueError):
            HyperoLogger(self.battery, by="batch")

    def test_a_training_that_fails_is_failed(self):
        from hypero.integrations.lightning import HyperoLogger

        logger = HyperoLogger(self.battery)
        with self.assertRaises(RuntimeError):
            self.trainer(logger, fails=True)
        stored = self.stored_at_end(logger.experiment)
        self.assertEqual((stored["status"], stored["reason"]), ("failed", "RuntimeError: no memory"))

    def test_all_calls_of_trainers_are_logged_and_keep_the_earlier_rows(self):
        from hypero.integrations.lightning import HyperoLogger

        logger = HyperoLogger(self.battery)
        with self.assertRaises(RuntimeError):
            self.trainer(logger, fails=True)
        self.trainer(logger, before=["validate"], after=["test"])
        self.trainer(logger)
        stored = self.stored_at_end(logger.experiment)
        # A failed epoch, a validation, three epochs, a test, and three epochs of another trainer.
        self.assertEqual(stored["curves"]["epoch"], list(range(9)))
        channels = stored["curves"]["channels"]
        self.assertEqual([row for row, value in enumerate(channels["train"]) if value is not None], [0, 2, 3, 4, 6, 7, 8])
        self.assertEqual([row for row, value in enumerate(channels["valid"]) if value is not None], [0, 1, 2, 3, 4, 6, 7, 8])
        self.assertEqual(channels["test"], [None] * 5 + [0.75] + [None] * 3)
        self.assertEqual(stored["status"], "done")
        self.assertEqual(self.client.counters.dropped, 0)

    def test_an_experiment_ends_with_its_logger_or_by_the_user(self):
        from hypero.integrations.lightning import HyperoLogger

        logger = HyperoLogger(self.battery)
        self.trainer(logger)
        experiment = logger.experiment
        del logger
        gc.collect()
        self.assertEqual(self.stored(experiment)["status"], "done")
        with self.battery.experiment() as experiment:
            self.trainer(HyperoLogger(self.battery, experiment=experiment))
            gc.collect()
            self.assertEqual(self.stored(experiment)["status"], "running")
        self.assertEqual(self.stored(experiment)["status"], "done")

    def test_an_experiment_ends_with_its_program(self):
        code = """
from hypero.integrations.lightning import HyperoLogger
logger = HyperoLogger(hypero.battery(name))
logger.log_metrics({"valid": 1}, 0)
logger.finalize("success")
"""
        ends = ("", ("done", None)), ("raise ValueError('no')", ("failed", "ValueError: no"))
        for count, (end, expected) in enumerate(ends, 1):
            with self.subTest(end):
                # A task of srun that trains alone.
                _, _, errors = self.finished(code + end, HYPERO_REDIS=self.server.url, SLURM_PROCID="3")
                row = wait_until(lambda: len(self.applied()) == count and self.applied()[0])
                self.assertEqual((row["status"], row["reason"]), expected, errors)
                self.assertEqual(row["value"], 1)
        _, _, errors = self.finished(code, HYPERO_REDIS=self.server.url, RANK="1", WORLD_SIZE="2")
        self.assertEqual(errors.count("has rank 1 of 2 processes and logs no rows"), 1, errors)
        self.assertEqual(len(self.applied()), 2)


@needs("torch", "transformers", "accelerate")
class TransformersTests(ServerTestCase):
    @staticmethod
    def steps(trainer):
        trainer.train()

    def train(self, callback):
        import torch
        import transformers

        configuration = transformers.BertConfig(
            vocab_size=32, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8, num_labels=2)
        model = transformers.BertForSequenceClassification(configuration)
        rows = [{"input_ids": torch.randint(0, 32, (6,)), "labels": torch.tensor(index % 2)} for index in range(8)]
        arguments = transformers.TrainingArguments(
            output_dir=self.server.folder, num_train_epochs=2, per_device_train_batch_size=2, logging_steps=2, report_to=[],
            eval_strategy="epoch", save_strategy="no", use_cpu=True, disable_tqdm=True, learning_rate=0.001)
        transformers.utils.logging.set_verbosity_error()
        trainer = transformers.Trainer(
            model=model, args=arguments, train_dataset=rows, eval_dataset=rows, callbacks=[callback])
        trainer.remove_callback(transformers.PrinterCallback)
        self.steps(trainer)

    def test_a_training_is_logged_by_global_steps(self):
        from hypero.integrations.transformers import HyperoCallback

        callback = HyperoCallback(self.client.battery(self.id(), objective="eval_loss", direction="min"))
        self.train(callback)
        stored = self.stored(callback.experiment)
        self.assertEqual(stored["status"], "running")
        self.assertEqual(stored["params"]["learning_rate"], 0.001)
        self.assertEqual(stored["params"]["num_train_epochs"], 2)
        self.assertEqual(stored["meta"]["model_type"], "bert")
        self.assertEqual(stored["curves"]["epoch"], [2, 4, 6, 8])
        channels = stored["curves"]["channels"]
        self.assertEqual([value is None for value in channels["eval_loss"]], [True, False, True, False])
        self.assertEqual(channels["epoch_"], [0.5, 1, 1.5, 2])
        self.assertEqual(stored["maxima"]["eval_loss"], min(value for value in channels["eval_loss"] if value is not None))
        callback.experiment.finish()
        self.assertEqual(self.stored(callback.experiment)["status"], "done")

    def test_evaluations_before_and_after_the_training_are_logged(self):
        from hypero.integrations.transformers import HyperoCallback

        def steps(trainer):
            trainer.evaluate(metric_key_prefix="before")
            trainer.train()
            trainer.evaluate(metric_key_prefix="test")
            trainer.predict(trainer.eval_dataset, metric_key_prefix="predicted")
            experiments.append(callback.experiment)
            # Another training from the start.
            trainer.train()
            experiments.append(callback.experiment)

        experiments = []
        self.steps = steps
        callback = HyperoCallback(self.battery)
        self.train(callback)
        first, second = map(self.stored, experiments)
        self.assertEqual((first["status"], second["status"]), ("done", "running"))
        self.assertEqual(first["curves"]["epoch"], [0, 2, 4, 6, 8])
        for channel, row in ("before_loss", 0), ("test_loss", 4), ("predicted_loss", 4):
            values = first["curves"]["channels"][channel]
            self.assertEqual([index for index, value in enumerate(values) if value is not None], [row])
        self.assertNotIn("test_loss", second["curves"]["channels"])

    def test_a_training_that_does_not_reach_its_end_is_failed(self):
        from hypero.integrations.transformers import HyperoCallback

        class Failing(HyperoCallback):
            def on_step_end(self, *arguments, **options):
                raise ZeroDivisionError

        callback = Failing(self.battery)
        with self.assertRaises(ZeroDivisionError):
            self.train(callback)
        experiment = callback.experiment
        _ending._end_before_close(self.client)
        stored = self.stored(experiment)
        self.assertEqual((stored["status"], stored["reason"]), ("failed", "the training did not reach its end"))

    def test_the_block_of_an_experiment_ends_it(self):
        from hypero.integrations.transformers import HyperoCallback

        with self.assertRaises(ZeroDivisionError), self.battery.experiment() as experiment:
            self.train(HyperoCallback(self.battery, experiment))
            1 / 0
        self.assertEqual(self.stored(experiment)["reason"], "ZeroDivisionError: division by zero")


@needs("torch", "accelerate")
class AccelerateTests(ServerTestCase):
    def test_a_tracker_logs_what_the_accelerator_logs(self):
        import accelerate
        import torch

        from hypero.integrations.accelerate import HyperoTracker

        tracker = HyperoTracker(self.battery)
        accelerator = accelerate.Accelerator(log_with=tracker, cpu=True)
        accelerator.init_trackers("ignored", config={"lr": 0.1, "net": {"depth": 2}})
        for step in range(3):
            accelerator.log({"valid": torch.tensor(step / 4), "text": "no number"}, step=step * 10)
        accelerator.log({"valid": 1})
        accelerator.end_training()
        stored = self.stored(tracker.tracker)
        self.assertEqual((stored["status"], stored["params"]), ("done", {"lr": 0.1, "net/depth": 2}))
        self.assertEqual(stored["curves"], {"epoch": [0, 10, 20, 21], "channels": {"valid": [0, 0.25, 0.5, 1]}})
        # Another training with the same tracker, which its program does not end.
        first = tracker.tracker
        accelerator = accelerate.Accelerator(log_with=tracker, cpu=True)
        accelerator.init_trackers("ignored")
        accelerator.log({"valid": 0.5})
        self.assertNotEqual(tracker.tracker.id, first.id)
        _ending._end_before_close(self.client)
        stored = self.stored(tracker.tracker)
        self.assertEqual((stored["status"], stored["curves"]), ("done", {"epoch": [0], "channels": {"valid": [0.5]}}))


@needs("keras", "torch")
class KerasTests(ServerTestCase):
    def test_a_fit_is_logged_by_epochs(self):
        import keras
        import numpy

        from hypero.integrations.keras import HyperoCallback

        model = keras.Sequential([keras.layers.Dense(1)])
        model.compile(keras.optimizers.SGD(0.125), "mse", metrics=["mae"])
        data = numpy.ones((8, 4)), numpy.ones((8, 1))
        with self.battery.experiment() as experiment:
            model.fit(*data, epochs=3, verbose=0, validation_data=data, callbacks=[HyperoCallback(experiment)])
        stored = self.stored(experiment)
        self.assertEqual((stored["status"], stored["curves"]["epoch"]), ("done", [1, 2, 3]))
        self.assertEqual(set(stored["curves"]["channels"]), {"loss", "mae", "val_loss", "val_mae", "learning_rate"})
        self.assertEqual(stored["curves"]["channels"]["learning_rate"], [0.125] * 3)

    def test_a_later_fit_and_an_evaluation_keep_the_earlier_rows(self):
        import keras
        import numpy

        from hypero.integrations.keras import HyperoCallback

        model = keras.Sequential([keras.layers.Dense(1)])
        model.compile(keras.optimizers.SGD(0.125), "mse")
        data = numpy.ones((8, 4)), numpy.ones((8, 1))
        with self.battery.experiment() as experiment:
            callback = HyperoCallback(experiment)
            model.fit(*data, epochs=2, verbose=0, validation_data=data, callbacks=[callback])
            model.fit(*data, epochs=3, initial_epoch=2, verbose=0, callbacks=[callback])
            model.fit(*data, epochs=2, verbose=0, callbacks=[callback])
            model.evaluate(*data, verbose=0, callbacks=[callback])
        curves = self.stored(experiment)["curves"]
        self.assertEqual(curves["epoch"], [1, 2, 3, 4, 5])
        self.assertNotIn(None, curves["channels"]["loss"])
        self.assertEqual([value is None for value in curves["channels"]["test_loss"]], [True] * 4 + [False])


@needs("optuna")
class OptunaTests(ServerTestCase):
    def test_trials_are_experiments(self):
        import optuna

        from hypero.integrations.optuna import HyperoCallback

        def objective(trial):
            rate = trial.suggest_float("lr", 1e-5, 0.1, log=True)
            trial.suggest_categorical("kind", ["a", "b"])
            for step in range(3):
                trial.report(step / 4, step)
            if trial.number == 1:
                raise optuna.TrialPruned
            if trial.number == 2:
                raise ValueError("diverged")
            return rate

        optuna.logging.set_verbosity(optuna.logging.CRITICAL)
        study = optuna.create_study(direction="maximize", study_name="search")
        study.optimize(objective, n_trials=4, catch=[ValueError], callbacks=[HyperoCallback(self.battery)])
        self.assertTrue(self.client.flush(timeout=30))
        rows = hypero.experiments(self.id(), redis=self.server.url)[::-1]
        self.assertEqual([row["status"] for row in rows], ["done", "stopped", "failed", "done"])
        self.assertEqual([row["meta"] for row in rows], [{"study": "search", "trial": number} for number in range(4)])
        self.assertEqual(rows[0]["value"], study.trials[0].value)
        self.assertEqual(rows[0]["params"], study.trials[0].params)
        self.assertEqual(rows[1]["value"], 0.5)
        self.assertEqual(hypero.show(rows[1]["experiment"], redis=self.server.url)["curves"]["epoch"], [0, 1, 2])

    def test_the_direction_of_the_study_is_that_of_the_battery(self):
        import optuna

        from hypero.integrations.optuna import HyperoCallback

        study = optuna.create_study(direction="minimize", study_name="least")
        # The default objective, valid, is better when higher.
        for options in ({}, {"objective": "loss", "direction": "max"}):
            battery = self.client.battery(f"{self.id()} {len(options)}", **options)
            callback = HyperoCallback(battery)
            for _ in range(2):
                with self.assertRaisesRegex(ValueError, "the direction of study 'least' is \"min\", and that of battery .* is \"max\""):
                    study.optimize(lambda trial: 1, n_trials=1, callbacks=[callback])
        battery = self.client.battery(self.id(), objective="mystery")
        with self.assertLogs("hypero", "WARNING") as logged:
            study.optimize(lambda trial: 1, n_trials=2, callbacks=[HyperoCallback(battery)])
        self.assertEqual(len(logged.records), 1)
        self.assertIn('states no direction', logged.records[0].getMessage())
        battery = self.client.battery(f"{self.id()} min", objective="mystery", direction="min")
        study.optimize(lambda trial: trial.number, n_trials=2, callbacks=[HyperoCallback(battery)])
        self.assertTrue(self.client.flush(timeout=30))
        rows = hypero.rank(battery, redis=self.server.url)
        self.assertEqual([list(row["maxima"]) for row in rows], [["mystery"]] * 2)
        self.assertLess(rows[0]["value"], rows[1]["value"])

    def test_the_first_of_several_values_is_the_objective(self):
        import optuna

        from hypero.integrations.optuna import HyperoCallback

        study = optuna.create_study(directions=["maximize", "minimize"])
        study.optimize(lambda trial: (0.5, 2), n_trials=1, callbacks=[HyperoCallback(self.battery)])
        self.assertTrue(self.client.flush(timeout=30))
        row, = hypero.experiments(self.id(), redis=self.server.url)
        self.assertEqual((row["value"], row["maxima"]), (0.5, {"valid": 0.5, "value 1": 2}))


class HandleTests(ServerTestCase):
    def test_a_wrong_handle_is_refused_by_the_constructor(self):
        experiment = self.battery.experiment()
        experiment.finish()
        for module, name, wanted in (
            ("lightning", "HyperoLogger", "battery"), ("transformers", "HyperoCallback", "battery"),
            ("accelerate", "HyperoTracker", "battery"), ("optuna", "HyperoCallback", "battery"),
            ("keras", "HyperoCallback", "experiment"), ("xgboost", "HyperoCallback", "experiment"),
            ("lightgbm", "HyperoCallback", "experiment"),
        ):
            if importlib.util.find_spec(module) is None:
                continue
            kind = getattr(importlib.import_module(f"hypero.integrations.{module}"), name)
            for given in (self.battery if wanted == "experiment" else experiment, None, "digits"):
                with self.subTest(module=module, given=given):
                    with self.assertRaisesRegex(TypeError, f"^{name} takes an? {wanted}, not "):
                        kind(given)


@needs("numpy")
class BoostingTests(ServerTestCase):
    def data(self):
        import numpy

        generator = numpy.random.default_rng(1)
        features = generator.normal(size=(200, 4))
        return features, (features[:, 0] > 0).astype(int)

    @needs("xgboost")
    def test_rounds_of_xgboost_are_rows(self):
        import xgboost

        from hypero.integrations.xgboost import HyperoCallback

        matrix = xgboost.DMatrix(*self.data())
        parameters = {"objective": "binary:logistic", "eval_metric": ["logloss", "auc"]}
        with self.client.battery(self.id(), objective="valid/auc").experiment() as experiment:
            results = {}
            xgboost.train(
                parameters, matrix, 5, evals=[(matrix, "train"), (matrix, "valid")], verbose_eval=False, evals_result=results,
                callbacks=[HyperoCallback(experiment)])
        channels = self.stored(experiment)["curves"]["channels"]
        self.assertEqual(set(channels), {"train/logloss", "train/auc", "valid/logloss", "valid/auc"})
        self.assertEqual(channels["valid/logloss"], results["valid"]["logloss"])
        with self.battery.experiment() as crossed:
            xgboost.cv(parameters, matrix, 3, nfold=2, callbacks=[HyperoCallback(crossed)])
        self.assertEqual(self.stored(crossed)["epochs"], 3)

    @needs("lightgbm")
    def test_rounds_of_lightgbm_are_rows(self):
        import lightgbm

        from hypero.integrations.lightgbm import HyperoCallback

        features, labels = self.data()
        data = lightgbm.Dataset(features, labels)
        with self.battery.experiment() as experiment:
            results = {}
            lightgbm.train(
                {"objective": "binary", "metric": ["binary_logloss", "auc"], "verbosity": -1}, data, 5,
                valid_sets=[data, data.create_valid(features, labels)], valid_names=["train", "valid"],
                callbacks=[HyperoCallback(experiment), lightgbm.record_evaluation(results)])
        stored = self.stored(experiment)["curves"]
        self.assertEqual(stored["epoch"], [1, 2, 3, 4, 5])
        self.assertEqual(stored["channels"]["valid/binary_logloss"], results["valid"]["binary_logloss"])


class RankTests(unittest.TestCase):
    def assert_first(self, is_first, **environment):
        """Checks whether a process with these variables logs. Another says so once."""
        code = """
from hypero.integrations import _shared
print(_shared.is_first_process() and _shared.is_first_process())
"""
        process = subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, **environment}, capture_output=True, text=True, timeout=60)
        self.assertEqual(process.stdout, f"{is_first}\n", process.stderr)
        self.assertEqual(process.stderr.count("logs no rows"), 0 if is_first else 1, process.stderr)

    def test_only_the_first_process_of_a_distributed_training_logs(self):
        self.assert_first(True)
        for name in ("RANK", "LOCAL_RANK", "NODE_RANK", "SLURM_PROCID"):
            with self.subTest(name):
                # A task of its own, for example of srun.
                self.assert_first(True, **{name: "1"})
                self.assert_first(True, **{name: "1", "WORLD_SIZE": "1"})
                self.assert_first(True, **{name: "0", "WORLD_SIZE": "2"})
                self.assert_first(False, **{name: "1", "WORLD_SIZE": "2"})
        self.assert_first(True, RANK="0", LOCAL_RANK="1", WORLD_SIZE="2")

    @needs("torch")
    def test_the_rank_in_a_process_group_of_torch_counts(self):
        # The module of the test has no group, and one of two processes would have to wait for the other.
        import torch

        from hypero.integrations import _shared

        group = {"is_initialized": True, "get_world_size": 2, "get_rank": 1}
        with contextlib.ExitStack() as stack:
            for name, value in group.items():
                stack.enter_context(unittest.mock.patch.object(torch.distributed, name, lambda value=value: value))
            self.assertEqual(_shared.distributed_rank(), (1, 2))
        self.assertEqual(_shared.distributed_rank(), (0, 1))


if __name__ == "__main__":
    unittest.main()
