"""Rows, maxima and whole curves."""

import math
import unittest
from decimal import Decimal
from fractions import Fraction

from support import ServerTestCase


class Scalar:
    """A number as those of numpy and torch, which inherit from no number of Python."""

    def __init__(self, value):
        self.value = value

    def __float__(self):
        return self.value


class Index:
    def __init__(self, value):
        self.value = value

    def __index__(self):
        return self.value


class RowTests(ServerTestCase):
    def test_rows_by_keyword_by_dict_and_by_both_are_one_row(self):
        with self.battery.experiment() as experiment:
            experiment.log(1, train=0.5, valid=0.25)
            experiment.log(1, {"train/loss": 0.125})
            experiment.log(2, {"train": 0.75}, valid=1)
            experiment.log(epoch=3, train=1)
            experiment.log(4, None, train=2)
        curves = self.stored(experiment)["curves"]
        self.assertEqual(curves["epoch"], [1, 2, 3, 4])
        self.assertEqual(
            curves["channels"],
            {"train": [0.5, 0.75, 1, 2], "valid": [0.25, 1, None, None], "train/loss": [0.125, None, None, None]})

    def test_a_value_is_anything_that_is_a_number(self):
        values = [0.1, 3, True, Decimal("0.5"), Fraction(1, 4), Scalar(0.75), Index(9), 2**60]
        with self.battery.experiment() as experiment:
            for epoch, value in enumerate(values):
                experiment.log(epoch, valid=value)
                experiment.log(epoch, {"by dict": value})
        channels = self.stored(experiment)["curves"]["channels"]
        self.assertEqual(channels["valid"], [0.1, 3, 1, 0.5, 0.25, 0.75, 9, 2**60])
        self.assertEqual(channels["by dict"], channels["valid"])

    def test_nan_and_the_infinities_are_values(self):
        with self.battery.experiment() as experiment:
            experiment.log(1, valid=math.nan, train=math.inf, test=-math.inf)
            experiment.log(2, valid=0.5)
        stored = self.stored(experiment)
        self.assertEqual(stored["maxima"], {"valid": 0.5})
        self.assertEqual(
            self.server.redis("HGET", f"{{hypero}}:experiment:{experiment.id}:curve", "1"), "valid=nan train=inf test=-inf")

    def test_an_epoch_is_an_integer_and_a_float_is_refused_with_advice(self):
        experiment = self.battery.experiment()
        experiment.log(Index(3), valid=1)
        for epoch in (1.0, 1.5, "1", None, [1]):
            with self.subTest(epoch=epoch):
                with self.assertRaisesRegex(TypeError, r"epoch must be an integer, not .*Pass int\(epoch\), or the number of the step"):
                    experiment.log(epoch, valid=1)
        self.assertEqual(self.stored(experiment)["epochs"], 3)

    def test_a_value_that_is_no_number_is_refused_by_its_channel(self):
        experiment = self.battery.experiment()
        for value in ("0.5", None, [0.5], {}, 1j, b"1"):
            for call in (lambda: experiment.log(1, valid=value), lambda: experiment.log(1, {"valid": value}),
                         lambda: experiment.maxima(valid=value), lambda: experiment.curves(valid=[1, value])):
                with self.subTest(value=value), self.assertRaisesRegex(TypeError, "channel 'valid' must be a number, not"):
                    call()
        self.assertEqual(self.client.counters.dropped, 0)

    def test_an_exception_of_a_value_passes(self):
        class Broken:
            def __float__(self):
                raise RuntimeError("no scalar")

        experiment = self.battery.experiment()
        for call in (lambda: experiment.log(1, valid=Broken()), lambda: experiment.log(1, {"valid": Broken()})):
            with self.assertRaisesRegex(RuntimeError, "no scalar"):
                call()

    def test_a_value_that_changes_its_dict_does_no_harm(self):
        row = {}

        class Thief:
            def __float__(self):
                row.clear()
                return 0.5

        row.update({"first": Thief(), "second" * 10: 1.0, "third": Thief()})
        with self.battery.experiment() as experiment:
            experiment.log(1, row)
        self.assertEqual(
            self.stored(experiment)["curves"]["channels"], {"first": [0.5], "second" * 10: [1], "third": [0.5]})

    def test_a_number_that_changes_the_dict_beside_it_does_no_harm(self):
        row = {}

        class Changing:
            def __init__(self, items):
                self.items = items

            def __float__(self):
                row.clear()
                row.update(self.items)
                return 0.5

            def __index__(self):
                return int(self.__float__() * 2)

        many = {f"added {index}": 1.0 for index in range(100)}
        name = "channel" * 10
        with self.battery.experiment() as experiment:
            row.update({name: 1.0})
            experiment.log(Changing(many), row)
            for epoch, items in enumerate(({}, many, {"other": 2.0}), start=2):
                row.clear()
                row.update({name: 1.0})
                experiment.log(epoch, row, valid=Changing(items))
        self.assertEqual(
            self.stored(experiment)["curves"],
            {"epoch": [1, 2, 3, 4], "channels": {name: [1] * 4, "valid": [None, 0.5, 0.5, 0.5]}})

    def test_wrong_arguments_are_type_errors(self):
        experiment = self.battery.experiment()
        for call in (lambda: experiment.log(), lambda: experiment.log(1, {}, 3), lambda: experiment.log(valid=1),
                     lambda: experiment.log(1, 0.5), lambda: experiment.log(1, {7: 1.0})):
            with self.assertRaises(TypeError):
                call()
        for call in (lambda: experiment.log(), lambda: experiment.log(1, 0.5), lambda: experiment.log(1, {}, 3)):
            with self.assertRaisesRegex(TypeError, "log takes an epoch and the values of channels"):
                call()
        with self.assertRaisesRegex(ValueError, "NUL"):
            experiment.log(1, {"a\0b": 1})
        with self.assertRaises(UnicodeEncodeError):
            experiment.log(1, {"\ud800": 1})

    def test_a_row_outside_the_limits_is_counted_and_does_not_raise(self):
        experiment = self.battery.experiment()
        with self.assertLogs("hypero", "WARNING"):
            for epoch in (-1, 2**53, 2**63, -(2**70)):
                experiment.log(epoch, valid=1)
            experiment.log(1)
            experiment.log(1, {})
            experiment.log(1, {"": 1})
            experiment.log(1, {"x" * 257: 1})
            experiment.log(1, {"a\nb": 1})
        with self.assertLogs("hypero", "WARNING") as logged:
            experiment.log(1, {f"channel {index}": index for index in range(1001)})
            self.client.flush("sent")
        self.assertIn("it has 1001 channels: at most 1000 are allowed", "".join(logged.output))
        self.assertEqual(self.client.counters.dropped_invalid, 10)
        self.assertEqual(self.client.counters.dropped, 10)

    def test_an_epoch_beyond_64_bits_is_reported_as_such(self):
        experiment = self.battery.experiment()
        with self.assertLogs("hypero", "WARNING") as logged:
            experiment.log(2**70, valid=1)
            self.client.flush("sent")
        self.assertIn(f"at epoch {2**63 - 1} ", logged.output[0])
        with self.assertLogs("hypero", "WARNING") as logged:
            experiment.maxima(valid=1, epoch=2**63)
            self.client.flush("sent")
        self.assertIn("epoch of maxima left out", logged.output[0])

    def test_a_wide_row_and_names_in_all_scripts_arrive(self):
        row = {f"channel {index}": index / 2 for index in range(1000)}
        with self.battery.experiment() as experiment:
            experiment.log(1, row)
            experiment.log(1, {"Genauigkeit äöü 精度 🎯": 0.5})
        channels = self.stored(experiment)["curves"]["channels"]
        self.assertEqual(channels, {**{name: [value] for name, value in row.items()}, "Genauigkeit äöü 精度 🎯": [0.5]})

    def test_a_row_after_the_end_is_counted(self):
        experiment = self.battery.experiment()
        experiment.finish()
        with self.assertLogs("hypero", "WARNING") as logged:
            experiment.log(1, valid=1)
            self.client.flush("sent")
        self.assertIn("has ended", logged.output[0])
        self.assertEqual(self.client.counters.dropped_ended, 1)


class MaximaTests(ServerTestCase):
    def test_stated_maxima_win_over_those_of_the_rows(self):
        with self.battery.experiment() as experiment:
            experiment.log(1, train=0.5, valid=0.25)
            experiment.log(12, valid=0.125)
            experiment.maxima({"train/top 5": 0.875}, valid=0.75, epoch=12)
        stored = self.stored(experiment)
        self.assertEqual(stored["maxima"], {"valid": 0.75, "train/top 5": 0.875})
        self.assertEqual(set(stored["stated"]), {"valid", "train/top 5"})
        self.assertEqual(stored["stated_epoch"], 12)
        with self.assertRaisesRegex(ValueError, "epoch must be 0 or above"):
            experiment.maxima(valid=1, epoch=-1)
        with self.assertRaises(TypeError):
            experiment.maxima(valid=1, epoch=1.5)


class CurveTests(ServerTestCase):
    def test_whole_curves_arrive_from_a_first_epoch(self):
        class Array:
            def tolist(self):
                return [0.5, 0.75]

        with self.battery.experiment() as experiment:
            experiment.curves(train=[1, 0.5, 0.25], valid=Array())
            experiment.curves({"test": (value for value in (0.5, 1))}, first=2)
        curves = self.stored(experiment)["curves"]
        self.assertEqual(curves["epoch"], [1, 2, 3])
        self.assertEqual(
            curves["channels"], {"train": [1, 0.5, 0.25], "valid": [0.5, 0.75, None], "test": [None, 0.5, 1]})
        with self.assertRaises(TypeError):
            experiment.curves(train=[1], first=1.5)
        class Scalar:
            def tolist(self):
                return 0.5

        for value in (3, None, Scalar()):
            with self.assertRaisesRegex(TypeError, "the curve of channel 'train' must be a list of numbers, not"):
                experiment.curves(train=value)

    def test_a_number_that_changes_its_curve_does_no_harm(self):
        curve = []

        class Changing:
            def __init__(self, value):
                self.value = value

            def __float__(self):
                curve.clear()
                if self.value is None:
                    raise TypeError
                return self.value

            def __repr__(self):
                return "changing"

        class Array:
            def tolist(self):
                return curve

        with self.battery.experiment() as experiment:
            curve += [Changing(epoch / 2) for epoch in range(100)]
            experiment.curves(train=Array())
            for _ in range(20):
                curve += [Changing(None) for _ in range(1000)]
                with self.assertRaisesRegex(TypeError, "channel 'valid' must be a number, not changing"):
                    experiment.curves(valid=Array())
            # The list itself, which the package does not copy.
            curve += [Changing(epoch / 2) for epoch in range(100)]
            experiment._curves(1, {"test": curve})
        channels = self.stored(experiment)["curves"]["channels"]
        self.assertEqual(channels, {name: [epoch / 2 for epoch in range(100)] for name in ("train", "test")})


if __name__ == "__main__":
    unittest.main()
