"""The API of Optuna beside the objective function: studies that are loaded, trials, names, wrong arguments and interrupts."""

import copy
import datetime
import importlib.util
import math
import os
import pickle
import signal
import types
import unittest
import unittest.mock

import hypero
from hypero import _queries, _stored, optuna
from test_study import StudyTestCase


class ApiTests(StudyTestCase):
    """The parts of Optuna's API that programs use at their end."""

    def setUp(self):
        super().setUp()
        os.environ["HYPERO_REDIS"] = self.server.url
        self.addCleanup(os.environ.pop, "HYPERO_REDIS")
        self.addCleanup(hypero.close)

    def run_study(self, count=4, **options):
        study = optuna.create_study(study_name=self.id(), **options)
        study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=count)
        hypero.flush(timeout=30)
        return study

    def test_the_stored_direction_and_objective_count(self):
        study = self.run_study(direction="maximize")
        best = max(trial.value for trial in study.trials)
        self.assertEqual((study.best_value, study.direction), (best, optuna.study.StudyDirection.MAXIMIZE))
        loaded = optuna.load_study(study_name=self.id())
        self.assertEqual((loaded.best_value, loaded.directions), (best, [optuna.study.StudyDirection.MAXIMIZE]))
        with self.assertLogs("hypero", "WARNING") as logs:
            other = optuna.create_study(study_name=self.id(), direction="minimize")
        self.assertIn("was declared with the direction 'maximize', which counts, and not 'minimize'", logs.output[0])
        self.assertEqual(other.best_value, best)
        with self.assertLogs("hypero", "WARNING") as logs:
            self.assertEqual(optuna.create_study(study_name=self.id()).best_value, best)
        self.assertIn("which counts, and not 'minimize'", logs.output[0])
        # A Battery that states another direction, and another objective.
        wrong = self.client.battery(self.id(), objective="loss", direction="min")
        self.assertEqual(optuna.Study(wrong, seed=1).battery.objective, "value")
        self.assertEqual(hypero.search(lambda trial: trial.suggest_float("x", 0, 1), 5, battery=wrong).best_value, max(
            trial.value for trial in study.trials))
        with self.assertLogs("hypero", "WARNING") as logs:
            found = hypero.search(lambda trial: 0, n_trials=1, battery=self.id(), direction="minimize")
        self.assertIn("which counts", logs.output[0])
        self.assertEqual(found.direction, optuna.study.StudyDirection.MAXIMIZE)

    def test_a_program_that_changes_its_direction_searches_in_the_new_one(self):
        first = optuna.create_study(direction="minimize")
        first.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
        hypero.flush(timeout=30)
        second = optuna.create_study(direction="maximize")
        self.assertEqual(second.direction, optuna.study.StudyDirection.MAXIMIZE)
        self.assertEqual(second.study_name, f"{first.study_name} maximize")

    def test_load_study_takes_the_search_that_exists(self):
        sampler = optuna.samplers.TPESampler(seed=7)
        study = self.run_study(sampler=sampler)
        self.assertEqual([optuna.load_study(study_name=self.id()).id, optuna.create_study(study_name=self.id()).id], [study.id] * 2)
        self.assertEqual(len(optuna.load_study(study_name=self.id()).trials), 4)
        other = self.run_study(sampler=optuna.samplers.RandomSampler(seed=8))
        self.assertNotEqual(other.id, study.id)
        with self.assertRaisesRegex(ValueError, f"has 2 searches. It has .*{other.id}") as raised:
            optuna.load_study(study_name=self.id())
        self.assertIn(f"{study.id} ('search', seed 7)", str(raised.exception))
        self.assertEqual(optuna.load_study(study_name=self.id(), sampler=sampler).id, study.id)
        with self.assertRaisesRegex(ValueError, "has no searches of the seed 9"):
            optuna.load_study(study_name=self.id(), sampler=optuna.samplers.TPESampler(seed=9))

    def test_load_study_of_an_unknown_name(self):
        self.run_study()
        with self.assertRaisesRegex(KeyError, f"unknown.*not found.*{self.id()}.*create_study"):
            optuna.load_study(study_name="unknown", storage="sqlite:///x.db")
        self.assertIn(self.id(), optuna.get_all_study_names())
        with hypero.battery(f"{self.id()} plain").experiment() as experiment:
            experiment.log(1, valid=1)
        hypero.flush(timeout=30)
        with self.assertRaisesRegex(KeyError, "its battery has no search"):
            optuna.load_study(study_name=f"{self.id()} plain")
        # A study that this process has made, and that has no trial yet: Redis may not have it yet.
        made = optuna.create_study(study_name=f"{self.id()} new", direction="maximize", sampler=optuna.samplers.TPESampler(seed=3))
        loaded = optuna.load_study(study_name=f"{self.id()} new")
        self.assertEqual((loaded.id, loaded.direction), (made.id, optuna.study.StudyDirection.MAXIMIZE))

    def test_another_process_loads_a_study_before_its_first_trial(self):
        code, _, errors = self.finished(
            "from hypero import optuna\nhypero.connect(url)\n"
            "optuna.create_study(study_name=name, direction='maximize', sampler=optuna.samplers.RandomSampler(seed=5))")
        self.assertEqual((code, errors), (0, ""))
        study = optuna.load_study(study_name=self.id())
        self.assertEqual((study.direction.name, study.trials), ("MAXIMIZE", []))
        study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
        self.assertEqual(len(study.trials), 2)
        self.assertIn('"sampler":"random"', self.server.query("search", self.id(), "--format", "json").stdout)

    def test_load_study_waits_for_the_search_of_its_seed_and_create_study_makes_none_while_redis_is_away(self):
        first = self.run_study(sampler=optuna.samplers.TPESampler(seed=1))
        child = self.child(
            "import time\nfrom hypero import optuna\nhypero.connect(url)\ntime.sleep(0.5)\n"
            "optuna.create_study(study_name=name, sampler=optuna.samplers.TPESampler(seed=2))")
        second = optuna.load_study(study_name=self.id(), sampler=optuna.samplers.TPESampler(seed=2))
        self.assertNotEqual(second.id, first.id)
        self.assertEqual(child.communicate(timeout=60)[1], "")
        with unittest.mock.patch.object(_stored, "searches", side_effect=OSError), self.assertNoLogs("hypero", "ERROR"):
            optuna.create_study(study_name=f"{self.id()} away")
        self.assertTrue(hypero.flush(timeout=30))
        with unittest.mock.patch.dict(optuna._created, clear=True), self.assertRaises(KeyError):
            optuna.load_study(study_name=f"{self.id()} away")

    def test_a_run_that_has_no_trial_left_reads_how_to_get_more(self):
        calls = []

        def objective(trial):
            calls.append(trial.number)
            return 0

        optuna.create_study(study_name=self.id()).optimize(objective, n_trials=3)
        hypero.flush(timeout=30)
        again = optuna.create_study(study_name=self.id())
        with self.assertLogs("hypero", "WARNING") as logs:
            again.optimize(objective, n_trials=2)
        messages = "\n".join(logs.output)
        self.assertIn(f"search {again.id}: all its trials have ended, and this process got none", messages)
        self.assertIn(f"search {again.id} has 3 trials: n_trials is the number of all processes and runs. For 2 more, pass n_trials=5", messages)
        optuna.create_study(study_name=self.id()).optimize(objective, n_trials=5)
        self.assertEqual(calls, list(range(5)))

    def test_a_call_takes_no_more_than_its_number(self):
        study = optuna.Study(self.battery, seed=1, sampler="random")
        study.optimize(lambda trial: study.stop() or 0, n_trials=1000)
        study.optimize(lambda trial: 0, n_trials=2)
        study.optimize(lambda trial: 0, n_trials=2, n_jobs=2)
        self.assertEqual(len(study.trials), 5)

    def test_a_timeout_and_a_stop_leave_no_trial_open(self):
        for number in range(5):
            study = optuna.Study(self.battery, seed=number, sampler="random")
            study.optimize(lambda trial: 0, timeout=0.02 * number)
            # Other threads ask for a trial when the study is stopped.
            study.optimize(lambda trial: study.stop() or 0, n_trials=50, n_jobs=4)
            self.client.flush(timeout=30)
            row = _stored.searches(self.client, study.id)[0]
            self.assertEqual((row["not_started"], row["running"]), (0, 0))

    def test_the_trials_of_a_study(self):
        def objective(trial):
            self.assertEqual(trial.system_attrs, {})
            x = trial.suggest_float("x", 0, 1)
            trial.suggest_int("n", 16, 256, step=16)
            trial.suggest_categorical("c", ["a", None])
            for step in range(3):
                trial.report(x * step, step)
            with self.assertRaisesRegex(ValueError, "step must be 0 or above, not -1"):
                trial.report(0, -1)
            if trial.number == 1:
                raise hypero.TrialPruned
            trial.set_user_attr("half", x / 2)
            return x

        ended = []
        study = optuna.create_study(study_name=self.id())
        study.optimize(objective, n_trials=3, callbacks=[lambda study, trial: ended.append(trial)])
        self.assertEqual(len(study.get_trials(deepcopy=False, states=[optuna.trial.TrialState.PRUNED])), 1)
        self.assertEqual(len(study.get_trials(states=(optuna.TrialState.COMPLETE, optuna.TrialState.PRUNED))), 3)
        for trial in (ended[0], study.trials[0], copy.deepcopy(study.trials[0]), pickle.loads(pickle.dumps(study.trials[0]))):
            self.assertLessEqual(trial.datetime_start, trial.datetime_complete)
            self.assertEqual(trial.duration, trial.datetime_complete - trial.datetime_start)
            self.assertLess(abs((datetime.datetime.now() - trial.datetime_start).total_seconds()), 600)
            self.assertEqual(trial.intermediate_values, {step: trial.value * step for step in range(3)})
            self.assertEqual((trial.last_step, trial.system_attrs), (2, {}))
            self.assertEqual(trial.distributions["x"], optuna.distributions.FloatDistribution(0, 1))
            self.assertEqual(trial.distributions["c"], optuna.distributions.CategoricalDistribution(("a", None)))
        self.assertEqual(ended[0].distributions["n"], optuna.distributions.IntDistribution(16, 256, step=16))
        self.assertEqual(study.trials[0].distributions["n"].low, 8)
        best = study.best_trial
        self.assertEqual((study.best_trials, study.study_name), ([best], self.id()))
        # The objective function runs again with the best values.
        again = types.SimpleNamespace(**{name: getattr(best, name) for name in ("suggest_float", "suggest_int")})
        self.assertEqual((again.suggest_float("x", 0, 1), again.suggest_int("n", 16, 256, step=16)), (best.params["x"], best.params["n"]))
        self.assertEqual(optuna.trial.FixedTrial({"x": 2}).suggest_float("x", 0, 1), 2)
        with self.assertRaisesRegex(ValueError, "'y': not found in the trial. It has: x"):
            optuna.trial.FixedTrial({"x": 2}).suggest_int("y", 0, 1)
        study.set_user_attr("a", 1)
        self.assertEqual(study.user_attrs, {"a": 1})

    @unittest.skipUnless(importlib.util.find_spec("pandas"), "pandas is not installed")
    def test_a_table_of_trials(self):
        study = self.run_study()
        table = study.trials_dataframe()
        self.assertEqual(
            list(table.columns), ["number", "value", "datetime_start", "datetime_complete", "duration", "params_x", "state"])
        self.assertEqual(list(table["params_x"]), list(table["value"]))
        self.assertEqual(list(study.trials_dataframe(attrs=("number", "state"))["state"]), ["COMPLETE"] * 4)

    def test_names_that_are_not_there_have_an_alternative(self):
        study = self.run_study(1)
        for call, error in (
            (lambda: study.add_trial, "a study of hypero.optuna has no add_trial: .*`hypero import`"),
            (lambda: study.best_trail, "has no best_trail. Similar: best_trial"),
            (lambda: study.trials[0].system_attributes, "a FrozenTrial of hypero.optuna has no .* Similar: system_attrs"),
            (lambda: study.trials[0].constraints, "raises TrialPruned"), (lambda: optuna.samplers.TPESamplr, "Similar: .*TPESampler"),
            (lambda: optuna.delete_study, "`hypero-ingest delete --battery NAME`"),
            (lambda: optuna.study.delete_study, "`hypero-ingest delete --battery NAME`"),
            (lambda: optuna.create_stduy, "Similar: create_study.* hypero.integrations.optuna"),
        ):
            with self.assertRaisesRegex(AttributeError, error):
                call()
        from hypero.optuna.trial import TrialState

        self.assertIs(TrialState, optuna.TrialState)

    def test_classes_that_are_not_there_become_the_default_with_a_warning(self):
        for sampler in (optuna.samplers.CmaEsSampler(n_startup_trials=3), optuna.samplers.GridSampler({"x": [1, 2]})):
            with self.assertLogs("hypero", "WARNING") as logs:
                self.assertEqual(optuna._sampler(sampler), "tpe")
            self.assertIn(f"the sampler {type(sampler).__name__} is not supported", logs.output[0])
        for pruner, first in (
            (optuna.pruners.PercentilePruner(25.0, n_warmup_steps=9), 9), (optuna.pruners.ThresholdPruner(upper=1.0), 3),
            (optuna.pruners.PatientPruner(optuna.pruners.MedianPruner(), patience=1), 3),
        ):
            with self.assertLogs("hypero", "WARNING"):
                self.assertEqual(optuna._stopping(pruner).first, first)
        storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend("x.log"))
        self.assertEqual(self.run_study(1, storage=storage).best_trial.number, 0)

    def test_values_that_are_no_number_are_warnings_and_the_reason_of_the_error(self):
        for number, (value, reason) in enumerate((
            (None, "the objective function must return a number, not None"), ((1, 2), r"must return a number, not \(1, 2\)"),
            (math.nan, "the objective function has returned nan"),
        )):
            study = optuna.Study(self.battery, seed=number)
            with self.assertLogs("hypero", "WARNING") as logs:
                study.optimize(lambda trial: value, n_trials=2)
            self.assertEqual(len(logs.output), 2)
            self.assertRegex(logs.output[1], rf"trial 1 \({study.id}-2\) has failed: .*{reason}")
            with self.assertRaisesRegex(ValueError, f"no trial is complete yet: 2 of 2 have failed, the last one .*{reason}"):
                study.best_trial
            self.assertEqual(study.best_trials, [])
        with self.assertRaisesRegex(ValueError, "no trial is complete yet$"):
            optuna.Study(self.battery, seed=99).best_value
        with self.assertLogs("hypero", "WARNING") as logs:
            hypero.search(lambda trial: 1 / 0, 1, battery=self.battery, name="caught", catch=ZeroDivisionError)
        self.assertIn("ZeroDivisionError: division by zero", logs.output[0])
        self.assertEqual(hypero.search(lambda trial: (3,), 1, battery=self.battery, name="one").best_value, 3)

    def test_wrong_arguments_take_no_trial(self):
        study = optuna.Study(self.battery, seed=1)
        for keywords, kind, error in (
            ({"callbacks": print}, TypeError, r"callbacks must be a list of functions, not .*callbacks=\[f\]"),
            ({"callbacks": [3]}, TypeError, "callbacks must be a list"), ({"catch": "x"}, TypeError, "catch must be an exception class"),
            ({"catch": (ValueError(),)}, TypeError, "catch"), ({"catch": 3}, TypeError, "catch"), ({"func": 7}, TypeError, "function"),
            ({"n_trials": 0}, ValueError, "n_trials must be from 1 to 1000000, not 0"), ({"n_trials": "3"}, TypeError, "an integer"),
            ({"n_jobs": 0}, ValueError, "n_jobs must be 1 or above, or -1"), ({"n_jobs": 1.5}, TypeError, "n_jobs must be an integer"),
            ({"timeout": "1"}, TypeError, "timeout must be a number of seconds"), ({"timeout": -1}, ValueError, "timeout must be 0"),
        ):
            with self.subTest(keywords), self.assertRaisesRegex(kind, error):
                study.optimize(**{"func": lambda trial: 0, "n_trials": 2, **keywords})
        with self.assertRaisesRegex(TypeError, "a point must be a mapping"):
            study.enqueue_trial([{"x": 1}])
        study.optimize(lambda trial: 0, n_trials=2)
        self.assertEqual([trial.number for trial in study.trials], [0, 1])

    def test_trials_that_are_asked_for_with_distributions_and_told_by_number(self):
        study = optuna.Study(self.battery, seed=1, sampler="random")
        trial = study.ask({
            "x": optuna.distributions.FloatDistribution(1e-3, 1, log=True), "n": optuna.distributions.IntDistribution(0, 10, step=5),
            "c": optuna.distributions.CategoricalDistribution([None])})
        self.assertIn(trial.params["n"], (0, 5, 10))
        self.assertIsNone(trial.params["c"])
        self.assertEqual(study.tell(trial.number, 3.0).value, 3)
        for number, error in ((trial.number, "has ended"), (77, "was not asked for")):
            with self.assertRaisesRegex(ValueError, error):
                study.tell(number, 1)
        self.assertEqual(study.tell(trial.number, 1, skip_if_finished=True).value, 3)
        with self.assertRaisesRegex(TypeError, "hypero.optuna.distributions"):
            study.ask({"x": 3})

    def test_callbacks_ask_redis_rarely(self):
        queries, values = [], []
        answer = _queries.answer

        def counted(query, *arguments, **options):
            queries.append(query)
            return answer(query, *arguments, **options)

        def look(study, trial):
            values.append((trial.number, trial.value, study.best_value, study.best_trial.number, len(study.trials)))

        # Trials of another process.
        hypero.search(lambda trial: 5, n_trials=3, battery=self.battery)
        self.client.flush(timeout=30)
        study = optuna.Study(self.battery, seed=1)
        _queries.answer = counted
        self.addCleanup(setattr, _queries, "answer", answer)
        study.optimize(lambda trial: 20 - trial.number, n_trials=33, callbacks=[look])
        self.assertEqual(values, [
            (number, 20 - number, min(5, 20 - number), 0 if number < 16 else number, number + 1) for number in range(3, 33)])
        self.assertLessEqual(len(queries), 2)
        self.assertEqual(study.best_value, -12)
        study.optimize(lambda trial: 0, n_trials=50, callbacks=[optuna.study.MaxTrialsCallback(40)])
        self.assertEqual(len(study.trials), 40)


class InterruptTests(StudyTestCase):
    def test_an_interrupt_gives_the_trials_of_threads_back(self):
        process = self.child("""
import time
battery = hypero.connect(url).battery(name, objective="value", direction="min")
def objective(trial):
    if trial.experiment.attempt > 1:
        return 1
    print(trial.number, flush=True)
    while True:
        time.sleep(0.01)
try:
    hypero.search(objective, 2, battery=battery, n_jobs=2, callbacks=[lambda study, trial: print("callback", flush=True)])
except KeyboardInterrupt:
    print("interrupted")
""")
        self.addCleanup(process.kill)
        self.assertEqual(sorted(process.stdout.readline() + process.stdout.readline()), ["\n", "\n", "0", "1"])
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=30)
        self.assertEqual((process.returncode, output, errors), (0, "interrupted\n", ""))
        study = hypero.search(lambda trial: trial.experiment.attempt, 2, battery=self.battery)
        self.assertEqual([(trial.state.name, trial.value) for trial in study.trials], [("COMPLETE", 2)] * 2)

    def test_an_interrupt_ends_the_wait_of_threads_for_a_trial(self):
        process = self.child("""
battery = hypero.connect(url).battery(name, objective="value", direction="min")
def objective(trial):
    print(trial.number, flush=True)
    import time
    time.sleep(600)
hypero.search(objective, 1, battery=battery)
""")
        self.addCleanup(process.kill)
        self.assertEqual(process.stdout.readline(), "0\n")
        waiting = self.child("""
import threading
battery = hypero.connect(url).battery(name, objective="value", direction="min")
def interrupt(study, trial):
    print("got", trial.number, flush=True)
    threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
try:
    hypero.search(lambda trial: 1, 2, battery=battery, n_jobs=2, callbacks=[interrupt])
except KeyboardInterrupt:
    print("interrupted")
""")
        output, errors = waiting.communicate(timeout=30)
        self.assertEqual((waiting.returncode, output, errors), (0, "got 1\ninterrupted\n", ""))
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


if __name__ == "__main__":
    unittest.main()
