"""The draws of hyper-parameters. Scripts/test compares those of golden_draws.py with those of Swift."""

import math
import unittest

import hypero
from support import ServerTestCase


class DrawTests(ServerTestCase):
    def test_a_draw_is_recorded_with_its_distribution(self):
        with self.battery.experiment() as experiment:
            drawn = {
                "lr": experiment.log_uniform("lr", 1e-5, 0.1), "p": experiment.uniform("p", low=0, high=0.5),
                "n": experiment.normal("n", mean=600, deviation=200), "depth": experiment.randint("depth", 1, 7),
                "size": experiment.categorical("size", [16, 32, 64]),
                "decay": experiment.categorical("decay", {"linear": 0.8, "adaptive": 0.2}),
                "widths": experiment.categorical("widths", ([64], [64, 128])),
            }
        self.assertEqual(self.stored(experiment)["params"], drawn)
        self.assertTrue(1e-5 <= drawn["lr"] <= 0.1 and 0 <= drawn["p"] <= 0.5 and 1 <= drawn["depth"] <= 7)
        self.assertIs(type(drawn["depth"]), int)
        space = self.server.redis("HGETALL", f"{{hypero}}:battery:{self.battery.id}:space")
        for text in ("logUniform 1e-05 0.1", "randint 1 7", "normal 600"):
            self.assertIn(text, space)

    def test_the_seed_and_the_number_of_the_experiment_decide(self):
        def draws(seed):
            client = hypero.connect(self.server.url, seed=seed)
            self.addCleanup(client.close)
            battery = client.battery(self.id())
            return [experiment.uniform("x", 0, 1) for experiment in (battery.experiment(), battery.experiment())]

        self.assertEqual(draws(3), draws(3))
        self.assertNotEqual(draws(3), draws(4))
        self.assertEqual(len(set(draws(3))), 2)

    def test_a_draw_does_not_depend_on_other_draws(self):
        experiment = self.battery.experiment()
        first = experiment.uniform("x", 0, 1)
        self.assertNotEqual(experiment.uniform("y", 0, 1), first)
        self.assertEqual(experiment.uniform("x", 0, 1), first)

    def test_a_choice_is_the_object_that_was_given(self):
        class Choice(float):
            pass

        experiment = self.battery.experiment()
        choices = [Choice(index) for index in range(8)]
        self.assertIn(id(experiment.categorical("x", choices)), [id(choice) for choice in choices])
        self.assertEqual(experiment.categorical("one", {("a", 1): 1, "never": 0}), ("a", 1))

    def test_choices_without_an_order_are_refused(self):
        experiment = self.battery.experiment()
        for choices in ({"adam", "sgd"}, frozenset("ab"), "abc", b"abc"):
            with self.assertRaisesRegex(TypeError, "the choices of 'c' must be a list, or a dict"):
                experiment.categorical("c", choices)

    def test_wrong_bounds_are_value_errors_with_the_reason(self):
        experiment = self.battery.experiment()
        for call, error in (
            (lambda: experiment.log_uniform("lr", 0, 1), '"lr".*log_uniform needs .*0 < low <= high'),
            (lambda: experiment.uniform("x", 1, 0), "low <= high"),
            (lambda: experiment.uniform("x", 0, math.inf), "finite"),
            (lambda: experiment.normal("x", 0, -1), "a finite deviation >= 0"),
            (lambda: experiment.randint("x", 2, 1), "low <= high"),
            (lambda: experiment.categorical("x", []), "'x' must not be empty"),
            (lambda: experiment.categorical("x", {"a": 0}), "weight"),
            (lambda: experiment.categorical("x", {"a": -1, "b": 2}), "weight"),
            (lambda: experiment.categorical("x", {"a": math.nan}), "weight"),
            (lambda: experiment.categorical("x", [math.inf]), "must not contain nan"),
            (lambda: experiment.uniform("a\0b", 0, 1), "null character|NUL"),
        ):
            with self.subTest(error), self.assertRaisesRegex(ValueError, error):
                call()
        for call in (
            lambda: experiment.uniform("x", "0", 1), lambda: experiment.uniform(7, 0, 1), lambda: experiment.uniform("x", 0),
            lambda: experiment.randint("x", 0.5, 1), lambda: experiment.categorical("x", [object()]),
        ):
            with self.assertRaises(TypeError):
                call()
        with self.assertRaises(OverflowError):
            experiment.randint("x", 0, 2**63)


if __name__ == "__main__":
    unittest.main()
