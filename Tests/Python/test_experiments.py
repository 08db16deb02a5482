"""The life of an experiment, its hyper-parameters and its metadata."""

import enum
import math
import unittest
from pathlib import Path

from support import ServerTestCase


class EndTests(ServerTestCase):
    def status(self, error, **expected):
        with self.assertRaises(type(error)):
            with self.battery.experiment() as experiment:
                raise error
        stored = self.stored(experiment)
        self.assertEqual({key: stored[key] for key in expected}, expected)

    def test_the_end_of_the_block_is_done(self):
        with self.battery.experiment() as experiment:
            self.assertFalse(experiment.has_ended)
            self.assertEqual(self.stored(experiment)["status"], "running")
        self.assertTrue(experiment.has_ended)
        self.assertEqual(self.stored(experiment)["status"], "done")

    def test_an_exception_is_failed_with_its_text(self):
        self.status(ValueError("loss is nan"), status="failed", reason="ValueError: loss is nan")
        self.status(MemoryError(), status="failed", reason="MemoryError")
        self.status(SystemExit(3), status="failed", reason="SystemExit: 3")

    def test_an_interrupt_is_stopped_and_a_good_exit_is_done(self):
        self.status(KeyboardInterrupt(), status="stopped", reason="KeyboardInterrupt")
        self.status(SystemExit(0), status="done", reason=None)
        self.status(SystemExit(), status="done", reason=None)

    def test_an_exception_without_a_text_and_one_with_a_broken_text_end_the_experiment(self):
        class Broken(Exception):
            def __str__(self):
                raise RuntimeError

        self.status(Broken(), status="failed", reason="Broken")
        self.status(ValueError("a\0b\ud800"), status="failed", reason="ValueError: a\ufffdb?")

    def test_the_first_end_counts(self):
        with self.battery.experiment() as experiment:
            experiment.stop("no progress")
        self.assertEqual(self.stored(experiment)["status"], "stopped")
        self.assertEqual(self.stored(experiment)["reason"], "no progress")
        other = self.battery.experiment()
        other.fail()
        self.assertEqual((self.stored(other)["status"], self.stored(other)["reason"]), ("failed", None))
        third = self.battery.experiment()
        third.fail(3)
        self.assertEqual(self.stored(third)["reason"], "3")

    def test_an_experiment_is_resumed_from_a_checkpoint(self):
        experiment = self.battery.experiment()
        for epoch in range(1, 6):
            experiment.log(epoch, valid=epoch)
        resumed = self.battery.experiment(resume=experiment.id, start=3)
        self.assertEqual(resumed.id, experiment.id)
        resumed.log(3, valid=30)
        resumed.finish()
        stored = self.stored(resumed)
        self.assertEqual(stored["curves"], {"epoch": [1, 2, 3], "channels": {"valid": [1, 2, 30]}})
        self.assertEqual((stored["status"], stored["attempt"]), ("done", 2))
        self.assertEqual(self.stored(self.battery.experiment(resume=experiment.id, attempt=5))["attempt"], 5)

    def test_a_wrong_resumption_is_refused(self):
        id = self.battery.experiment().id
        for arguments, error in (
            ({"resume": "NO SUCH ID"}, "an id has 1 to 64 characters"), ({"resume": id, "start": -1}, "start must be 0"),
            ({"resume": id, "attempt": 0}, "attempt must be 1"), ({"start": 3}, "need resume="),
        ):
            with self.subTest(arguments), self.assertRaisesRegex(ValueError, error):
                self.battery.experiment(**arguments)


class ValueTests(ServerTestCase):
    def test_values_of_all_types_keep_their_type(self):
        class Colour(str, enum.Enum):
            RED = "red"

        class Array:
            """As those of numpy and torch."""

            def tolist(self):
                return [[1, 2], [3, 4]]

        values = {
            "int": 64, "big": 2**70, "float": 1e-300, "text": "ReLU", "digits": "0.01", "true": True, "none": None,
            "list": [128, 64], "tuple": (1, "two"), "dict": {"a": {"b": [1.5]}}, "empty": "", "path": Path("/models/17"),
            "enum": Colour.RED, "array": Array(), "minimum": -(2**63), "name with spaces ü": 1,
        }
        expected = {
            **values, "tuple": [1, "two"], "path": "/models/17", "enum": "red", "array": [[1, 2], [3, 4]]}
        with self.battery.experiment() as experiment:
            experiment.params(values, bs=32)
            experiment.meta(values, dataset="digits")
        stored = self.stored(experiment)
        self.assertEqual(stored["params"], {**expected, "bs": 32})
        self.assertEqual(stored["meta"], {**expected, "dataset": "digits"})

    def test_a_value_that_cannot_be_recorded_is_refused_by_its_name(self):
        experiment = self.battery.experiment()
        for value, error in ((object(), TypeError), ([math.nan], ValueError), ([object()], TypeError), ("a\0b", ValueError)):
            for call in (experiment.params, experiment.meta):
                with self.subTest(value=value), self.assertRaises(error):
                    call(optimizer=value)
        with self.assertRaisesRegex(TypeError, r"'optimizer' must be a number.*Pass str\(value\)"):
            experiment.params(optimizer=object())

    def test_a_nan_is_a_value(self):
        with self.battery.experiment() as experiment:
            experiment.params(lr=math.nan)
        self.stored(experiment)
        self.assertEqual(self.server.redis("HGET", f"{{hypero}}:experiment:{experiment.id}", "param.lr"), "nan")


if __name__ == "__main__":
    unittest.main()
