"""Objective functions in the form of Optuna: `hypero.search`, and programs of Optuna with one changed line."""

import importlib.util
import math
import os
import sys
import types
import unittest

import hypero
from hypero import optuna
from support import ServerTestCase, wait_until

#: Programs of Optuna's documentation and examples, shortened in the number of their trials. Only the line `import optuna` is changed.
QUADRATIC = """
import optuna


def objective(trial):
    x = trial.suggest_float("x", -10, 10)
    return (x - 2) ** 2


study = optuna.create_study()
study.optimize(objective, n_trials=40)

best_params = study.best_params
found_x = best_params["x"]
print("Found x: {}, (x - 2)^2: {}".format(found_x, (found_x - 2) ** 2))
print(len(study.trials))
"""
SKLEARN_SIMPLE = """
import optuna

import sklearn.datasets
import sklearn.ensemble
import sklearn.model_selection
import sklearn.svm


# FYI: Objective functions can take additional arguments
def objective(trial):
    iris = sklearn.datasets.load_iris()
    x, y = iris.data, iris.target

    classifier_name = trial.suggest_categorical("classifier", ["SVC", "RandomForest"])
    if classifier_name == "SVC":
        svc_c = trial.suggest_float("svc_c", 1e-10, 1e10, log=True)
        classifier_obj = sklearn.svm.SVC(C=svc_c, gamma="auto")
    else:
        rf_max_depth = trial.suggest_int("rf_max_depth", 2, 32, log=True)
        classifier_obj = sklearn.ensemble.RandomForestClassifier(
            max_depth=rf_max_depth, n_estimators=10
        )

    score = sklearn.model_selection.cross_val_score(classifier_obj, x, y, n_jobs=1, cv=3)
    accuracy = score.mean()
    return accuracy


if __name__ == "__main__":
    study = optuna.create_study(direction="maximize")
    study.optimize(objective, n_trials=20)
    print(study.best_trial)
"""
CONDITIONAL = """
import optuna


def objective(trial):
    # Categorical parameter
    optimizer = trial.suggest_categorical("optimizer", ["MomentumSGD", "Adam"])

    # Integer parameter
    num_layers = trial.suggest_int("num_layers", 1, 3)

    # Integer parameter (log)
    num_channels = trial.suggest_int("num_channels", 32, 512, log=True)

    # Integer parameter (discretized)
    num_units = trial.suggest_int("num_units", 10, 100, step=5)

    # Floating point parameter
    dropout_rate = trial.suggest_float("dropout_rate", 0.0, 1.0)

    # Floating point parameter (log)
    learning_rate = trial.suggest_float("learning_rate", 1e-5, 1e-2, log=True)

    # Floating point parameter (discretized)
    drop_path_rate = trial.suggest_float("drop_path_rate", 0.0, 1.0, step=0.1)

    for i in range(num_layers):
        trial.suggest_int("n_units_l{}".format(i), 4, 128, log=True)
    return dropout_rate + drop_path_rate + num_layers + (optimizer == "Adam") + num_units / 100 + num_channels / 512


study = optuna.create_study()
study.optimize(objective, n_trials=30)
print(len(study.trials), study.best_params)
"""
PRUNING = """
import logging
import sys

import optuna
import sklearn.datasets
import sklearn.linear_model
import sklearn.model_selection


def objective(trial):
    iris = sklearn.datasets.load_iris()
    classes = list(set(iris.target))
    train_x, valid_x, train_y, valid_y = sklearn.model_selection.train_test_split(
        iris.data, iris.target, test_size=0.25, random_state=0
    )

    alpha = trial.suggest_float("alpha", 1e-5, 1e-1, log=True)
    clf = sklearn.linear_model.SGDClassifier(alpha=alpha)

    for step in range(100):
        clf.partial_fit(train_x, train_y, classes=classes)

        # Report intermediate objective value.
        intermediate_value = 1.0 - clf.score(valid_x, valid_y)
        trial.report(intermediate_value, step)

        # Handle pruning based on the intermediate value.
        if trial.should_prune():
            raise optuna.TrialPruned()

    return 1.0 - clf.score(valid_x, valid_y)


# Add stream handler of stdout to show the messages
optuna.logging.get_logger("optuna").addHandler(logging.StreamHandler(sys.stdout))
study = optuna.create_study(pruner=optuna.pruners.MedianPruner())
study.optimize(objective, n_trials=20)
pruned_trials = [t for t in study.trials if t.state == optuna.trial.TrialState.PRUNED]
complete_trials = [t for t in study.trials if t.state == optuna.trial.TrialState.COMPLETE]
print(len(pruned_trials) + len(complete_trials), len(complete_trials) > 0, study.best_value)
"""
ASK_AND_TELL = """
import optuna

from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split


X, y = make_classification(n_features=10)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2)

study = optuna.create_study(direction="maximize")

n_trials = 10
for _ in range(n_trials):
    trial = study.ask()  # `trial` is a `Trial` and not a `FrozenTrial`.

    C = trial.suggest_float("C", 1e-7, 10.0, log=True)
    solver = trial.suggest_categorical("solver", ("lbfgs", "saga"))

    clf = LogisticRegression(C=C, solver=solver)
    clf.fit(X_train, y_train)
    val_accuracy = clf.score(X_test, y_test)

    study.tell(trial, val_accuracy)  # tell the pair of trial and objective value

print(len(study.trials), study.best_value)
"""


class StudyTestCase(ServerTestCase):
    def setUp(self):
        super().setUp()
        self.battery = self.client.battery(self.id(), objective="value", direction="min")

    def statuses(self, study):
        self.assertTrue(self.client.flush(timeout=30))
        return [
            (trial.state.name, self.server.redis("HGET", f"{{hypero}}:experiment:{trial.experiment}", "reason"))
            for trial in study.trials]


class SearchTests(StudyTestCase):
    def test_an_objective_function_of_optuna(self):
        def objective(trial):
            x = trial.suggest_float("x", -10, 10)
            self.assertEqual(trial.suggest_float("x", 0, 1), x)
            trial.set_user_attr("square", x * x)
            return (x - 2) ** 2

        found = []
        study = hypero.search(
            objective, n_trials=30, battery=self.battery, callbacks=[lambda study, trial: found.append((trial.number, trial.value))])
        self.assertEqual([number for number, _ in found], list(range(30)))
        best = min(found, key=lambda item: item[1])
        self.assertEqual((study.best_trial.number, study.best_value), best)
        self.assertAlmostEqual((study.best_params["x"] - 2) ** 2, best[1])
        self.assertLess(best[1], 4)
        self.assertEqual(study.best_trial.user_attrs["square"], study.best_params["x"] ** 2)
        self.assertEqual([trial.number for trial in study.trials], list(range(30)))
        self.assertEqual(study.best_trial.experiment, f"{study.id}-{study.best_trial.number + 1}")
        # The search is complete, and a later call has its result.
        again = hypero.search(objective, n_trials=30, battery=self.battery)
        self.assertEqual((len(found), again.best_value), (30, study.best_value))
        hypero.search(objective, n_trials=31, battery=self.battery)
        self.assertEqual(len(study.trials), 31)

    def test_the_ends_of_trials(self):
        def objective(trial):
            trial.report(0.5, step=1)
            if trial.number == 1:
                raise optuna.TrialPruned
            if trial.number == 2:
                raise ValueError("bad batch")
            return [1.0, 0, 0, math.nan, None, math.inf][trial.number]

        states = []
        study = hypero.search(
            objective, n_trials=6, battery=self.battery, catch=ValueError, sampler="random",
            callbacks=[lambda study, trial: states.append(trial.state.name)])
        expected = [
            ("COMPLETE", ""), ("PRUNED", "pruned"), ("FAIL", "ValueError: bad batch"),
            ("FAIL", "the objective function has returned nan"), ("FAIL", "the objective function must return a number, not None"),
            ("COMPLETE", "")]
        self.assertEqual(self.statuses(study), expected)
        self.assertEqual(states, [state for state, _ in expected])
        self.assertEqual(study.best_value, 1.0)
        with self.assertRaisesRegex(ValueError, "bad batch"):
            hypero.search(objective, n_trials=9, battery=self.battery, name="other", sampler="random")

    def test_a_rule_prunes(self):
        def objective(trial):
            loss = trial.suggest_float("loss", 0, 1)
            for step in range(1, 300):
                trial.report(loss, step)
                self.client.flush()
                if trial.number == 1 and step == 1:
                    for key in self.server.redis("KEYS", "{hypero}:producer:*").splitlines():
                        self.server.redis("HSET", key, f"stop.{trial.experiment.id}", "rung 3: 2nd of 2")
                if trial.should_prune():
                    raise optuna.TrialPruned
                if trial.number != 1 and step == 2:
                    break
            return loss

        study = hypero.search(objective, n_trials=3, battery=self.battery, sampler="random", stopping=hypero.halving(81))
        self.assertEqual(self.statuses(study)[1], ("PRUNED", "rung 3: 2nd of 2"))

    def test_steps_and_logarithms(self):
        values = {}

        def objective(trial):
            for name, value in (
                ("step", trial.suggest_int("step", 10, 100, step=5)), ("odd", trial.suggest_int("odd", 1, 9, step=3)),
                ("log", trial.suggest_int("log", 1, 4, log=True)), ("grid", trial.suggest_float("grid", 0.0, 1.0, step=0.25)),
                ("any", trial.suggest_categorical("any", [None, True, 3, "three"])), ("int", trial.suggest_int("int", -1, 1)),
                ("old", trial.suggest_discrete_uniform("old", 0, 1, 0.5)),
            ):
                values.setdefault(name, set()).add(value)
                self.assertEqual(trial.params[name], value)
            return 0

        study = hypero.search(objective, n_trials=60, battery=self.battery, sampler="random")
        self.assertLessEqual(values["step"], set(range(10, 101, 5)))
        self.assertGreater(len(values["step"]), 10)
        self.assertEqual(values["odd"], {1, 4, 7})
        self.assertEqual(values["log"], {1, 2, 3, 4})
        self.assertEqual(values["grid"], {0.0, 0.25, 0.5, 0.75, 1.0})
        self.assertEqual(values["any"], {None, True, 3, "three"})
        self.assertEqual((values["int"], values["old"]), ({-1, 0, 1}, {0, 0.5, 1}))
        # What is recorded is what the function got.
        trial = study.trials[7]
        self.assertIn(trial.params["step"], values["step"])
        self.assertIn(trial.params["log"], values["log"])
        for trial in study.trials[::7]:
            self.assertEqual(trial.user_attrs, {})
            explained = self.server.query("explain", trial.experiment)
            self.assertEqual((explained.returncode, "differs" in explained.stdout), (0, False), explained.stdout)

        def wrong(trial):
            for call in (
                lambda: trial.suggest_float("a", 0, 1, step=0.1, log=True), lambda: trial.suggest_int("b", 1, 8, step=2, log=True),
                lambda: trial.suggest_int("c", 0, 8, log=True), lambda: trial.suggest_float("d", 1, 0),
                lambda: trial.suggest_float("e", 0, 1, step=0), lambda: trial.suggest_int("f", 3, 1, step=2),
                lambda: trial.suggest_categorical("g", []),
            ):
                with self.assertRaises(ValueError):
                    call()
            return 0

        hypero.search(wrong, n_trials=1, battery=self.battery, name="wrong")

    def test_a_grid_is_drawn_evenly(self):
        counts = [0] * 4

        def objective(trial):
            counts[round(trial.suggest_float("x", 0, 3, step=1))] += 1
            return 0

        hypero.search(objective, n_trials=200, battery=self.battery, sampler="random")
        self.assertTrue(all(30 <= count <= 70 for count in counts), counts)

    def test_threads_a_timeout_and_a_stop(self):
        seen = []

        def objective(trial):
            seen.append(trial.number)
            if len(seen) == 20:
                study.stop()
            return trial.suggest_float("x", 0, 1)

        study = optuna.Study(self.battery, seed=1, sampler="random")
        study.optimize(objective, n_trials=1000, n_jobs=3)
        self.assertTrue(20 <= len(seen) <= 23, seen)
        self.assertEqual(len(set(seen)), len(seen))
        before = len(seen)
        study.optimize(lambda trial: wait_until(lambda: True) and 1, timeout=0.3)
        self.assertGreater(len(study.trials), before)

        def fails(trial):
            raise KeyError("in a thread")

        with self.assertRaises(KeyError):
            optuna.Study(self.battery, seed=2).optimize(fails, n_trials=10, n_jobs=2)

    def test_an_interrupt_gives_the_trial_back(self):
        def objective(trial):
            if trial.experiment.attempt == 1:
                raise KeyboardInterrupt
            return trial.experiment.attempt

        for attempts in (1, 2):
            try:
                study = hypero.search(objective, n_trials=1, battery=self.battery, sampler="random")
            except KeyboardInterrupt:
                self.assertEqual(attempts, 1)
        self.assertEqual((attempts, study.best_value), (2, 2))

    def test_enqueued_and_asked_trials(self):
        study = optuna.Study(self.battery, seed=1, sampler="random")
        study.enqueue_trial({"x": 0.25, "n": 7})
        trial = study.ask()
        self.assertEqual((trial.suggest_float("x", 0, 1), trial.suggest_int("n", 1, 9, step=2)), (0.25, 7))
        self.assertEqual(study.tell(trial, 0.5).value, 0.5)
        with self.assertRaisesRegex(ValueError, "has ended"):
            study.tell(trial, 0.5)
        study.tell(trial, 0.5, skip_if_finished=True)
        study.tell(study.ask(), state=optuna.TrialState.PRUNED)
        study.tell(study.ask(), state=optuna.trial.TrialState.FAIL)
        study.optimize(lambda trial: trial.number, n_trials=2)
        self.assertEqual([state for state, _ in self.statuses(study)], ["COMPLETE", "PRUNED", "FAIL", "COMPLETE", "COMPLETE"])

    def test_samplers_and_pruners(self):
        class CmaEsSampler:
            pass

        class PatientPruner:
            pass

        class SuccessiveHalvingPruner:
            # As that of Optuna keeps its options.
            _min_resource, _reduction_factor = 9, 4

        for sampler, expected in (
            (None, "tpe"), (optuna.samplers.TPESampler(seed=3), "tpe"), (optuna.samplers.RandomSampler(3), "random"),
        ):
            self.assertEqual(optuna._sampler(sampler), expected)
        with self.assertLogs("hypero", "WARNING") as logs:
            self.assertEqual(optuna._sampler(CmaEsSampler()), "tpe")
            self.assertEqual(repr(optuna._stopping(PatientPruner())), "hypero.median(epochs=1000000, first=3)")
        self.assertEqual(len(logs.output), 2)
        for pruner, expected in (
            (None, "hypero.median(epochs=1000000, first=3)"), (optuna.pruners.NopPruner(), "None"),
            (optuna.pruners.MedianPruner(n_warmup_steps=10), "hypero.median(epochs=1000000, first=10)"),
            (optuna.pruners.SuccessiveHalvingPruner(), "hypero.halving(epochs=1000000, first=3, factor=4)"),
            (SuccessiveHalvingPruner(), "hypero.halving(epochs=1000000, first=9, factor=4)"),
            (optuna.pruners.HyperbandPruner(max_resource=27), "hypero.halving(epochs=27, first=3, factor=3)"),
            (hypero.median(5), "hypero.median(epochs=5)"),
        ):
            self.assertEqual(repr(optuna._stopping(pruner)), expected)
        self.assertEqual((optuna._seed(optuna.samplers.TPESampler(seed=3)), optuna._seed(None)), (3, None))
        for direction in ("up", 3):
            with self.assertRaises(ValueError):
                hypero.search(lambda trial: 0, n_trials=1, battery="x", direction=direction)
        with self.assertRaisesRegex(ValueError, "states no direction"):
            hypero.search(lambda trial: 0, n_trials=1, battery=self.client.battery("none"))
        with self.assertRaisesRegex(AttributeError, "hypero.optuna has no visualization: hypero.report"):
            optuna.visualization
        with self.assertRaisesRegex(ValueError, "one direction"):
            optuna.create_study(directions=["minimize", "maximize"])

    def test_the_exception_of_optuna_itself(self):
        class TrialPruned(Exception):
            pass

        def objective(trial):
            raise TrialPruned

        before = sys.modules.get("optuna")
        sys.modules["optuna"] = types.SimpleNamespace(TrialPruned=TrialPruned)
        try:
            study = hypero.search(objective, n_trials=1, battery=self.battery)
        finally:
            del sys.modules["optuna"]
            if before is not None:
                sys.modules["optuna"] = before
        self.assertEqual([state for state, _ in self.statuses(study)], ["PRUNED"])


class ProgramTests(ServerTestCase):
    def run_program(self, program, *, sklearn=False):
        if sklearn and importlib.util.find_spec("sklearn") is None:
            self.skipTest("scikit-learn is not installed")
        changed = program.replace("import optuna\n", "import hypero.optuna as optuna\n")
        self.assertEqual(program.count("import optuna\n"), 1)
        path = os.path.join(self.journal, "program.py")
        with open(path, "w") as file:
            file.write(changed)
        status, output, errors = self.finished(
            f"import runpy; sys.argv = [{path!r}]; runpy.run_path({path!r}, run_name='__main__')", HYPERO_REDIS=self.server.url)
        self.assertEqual(status, 0, errors)
        return output

    def test_the_quadratic_function(self):
        lines = self.run_program(QUADRATIC).splitlines()
        self.assertLess(float(lines[0].split()[-1]), 4)
        self.assertEqual(lines[1], "40")
        # A second run is a search of its own.
        self.assertEqual(self.run_program(QUADRATIC).splitlines()[1], "40")

    def test_classifiers_of_sklearn(self):
        self.assertIn("state=COMPLETE", self.run_program(SKLEARN_SIMPLE, sklearn=True))

    def test_a_space_with_all_kinds_of_hyper_parameters(self):
        count, _, best = self.run_program(CONDITIONAL).partition(" ")
        self.assertEqual(count, "30")
        self.assertIn("'drop_path_rate'", best)

    def test_a_program_that_prunes(self):
        count, complete, _ = self.run_program(PRUNING, sklearn=True).split()
        self.assertEqual((count, complete), ("20", "True"))

    def test_a_program_that_asks_and_tells(self):
        self.assertEqual(self.run_program(ASK_AND_TELL, sklearn=True).split()[0], "10")

    def test_a_study_with_a_name_is_shared(self):
        named = QUADRATIC.replace("create_study()", "create_study(study_name='shared', load_if_exists=True)")
        self.assertEqual(self.run_program(named).splitlines()[1], "40")
        self.assertEqual(self.run_program(named).splitlines()[1], "40")


if __name__ == "__main__":
    unittest.main()
