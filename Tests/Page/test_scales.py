"""The ticks of the axes, the same as in Swift, and numbers, times and spans as text."""

import json
import unittest

import page
from browser import Browser

TICKS = json.loads((page.FIXTURES / "ticks.json").read_text(encoding="utf-8"))

FOUND = """(cases) => cases.map(({ scale, low, high, count, loose, integer }) => (
    scale === "log" ? Scale.logTicks : Scale.linearTicks)(low, high, count, { isLoose: loose, isInteger: integer }))"""

EXTREMES = [
    (-1e308, 1.7e308), (-1.7976931348623157e308, 1.7976931348623157e308), (0, 5e-324), (5e-324, 1e-323), (1e16, 1e16 + 2),
    (0.1, 0.10000000000000002), (-1e-320, 1e308), (9e18, 9.2e18), (1.7e308, 1.7e308), (1e-300, 1e300), (3, 3), (0, 0),
]


class ScaleTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.browser = Browser(time_zone="UTC")
        cls.addClassCleanup(cls.browser.close)
        cls.browser.open_html(page.html(["format", "scales"]))

    def texts(self, function, values):
        return self.browser.evaluate(f"[{', '.join(values)}].map((value) => Format.{function}(value))")

    def test_ticks_and_their_texts_are_those_of_the_golden_file(self):
        self.assertGreaterEqual(len(TICKS), 180)
        for case, found in zip(TICKS, self.browser.call(FOUND, TICKS)):
            with self.subTest(case):
                self.assertEqual([each["value"] for each in found], case["ticks"])
                self.assertEqual([each["text"] for each in found], case["texts"])

    def test_ticks_of_extreme_ranges_are_finite_ascending_and_few(self):
        for low, high in EXTREMES:
            for loose in [False, True]:
                for integer in [False, True]:
                    with self.subTest((low, high, loose, integer)):
                        case = {"low": low, "high": high, "count": 6, "loose": loose, "integer": integer}
                        kinds = ["linear", "log"] if low > 0 else ["linear"]
                        for found in self.browser.call(FOUND, [{"scale": kind, **case} for kind in kinds]):
                            values = [each["value"] for each in found]
                            self.assertLess(len(values), 40)
                            self.assertTrue(all(value is not None for value in values), "not finite")
                            self.assertTrue(all(left < right for left, right in zip(values, values[1:])))

    def test_places_and_values_are_inverse_to_each_other(self):
        for low, high in EXTREMES:
            for kind in ["linear", "log"] if low > 0 else ["linear"]:
                with self.subTest((kind, low, high)):
                    places, back = self.browser.evaluate(f"""(() => {{
                        const scale = Scale.{kind}({low!r}, {high!r}, 20, 220);
                        const places = [scale.low, scale.high].map(scale.at);
                        return [places, [20, 70, 220].map((pixel) => scale.at(scale.inverse(pixel)))];
                    }})()""")
                    self.assertAlmostEqual(places[0], 20, places=6)
                    self.assertAlmostEqual(places[1], 220, places=6)
                    # The least doubles have one digit.
                    if high > 1e-300:
                        for pixel, found in zip([20, 70, 220], back):
                            self.assertAlmostEqual(found, pixel, places=3)

    def test_equal_values_are_in_the_middle(self):
        self.assertEqual(self.browser.evaluate("[Scale.linear(3, 3, 0, 100).at(3), Scale.log(3, 3, 0, 100).at(3)]"), [50, 50])

    def test_a_scale_has_whole_ticks_if_it_is_told_so(self):
        texts = self.browser.evaluate("Scale.linear(1, 4, 0, 100, { isInteger: true }).ticks(8).map(({ text }) => text)")
        self.assertEqual(texts, ["1", "2", "3", "4"])

    def test_numbers_have_six_digits_or_more_where_they_would_look_whole(self):
        values = ["0.9999999", "1 / 3", "12345.678", "123456789.5", "1e-5", "1e16", "0.912345678", "NaN", "-Infinity", "100", "-0"]
        expected = [
            "0.9999999", "0.333333", "12345.7", "123456789.5", "1e-05", "1e+16", "0.912346", "nan", "-inf", "100", "-0"]
        self.assertEqual(self.texts("number", values), expected)

    def test_short_numbers_have_four_digits(self):
        values = ["0.912345678", "0.99996", "12345.678", "0.000012345", "1234567", "5.00001", "1e300", "-0.5"]
        expected = ["0.9123", "0.99996", "12346", "1.234e-05", "1234567", "5.00001", "1e+300", "-0.5"]
        self.assertEqual(self.texts("short", values), expected)

    def test_times_and_spans_are_those_of_the_commands(self):
        self.assertEqual(self.texts("time", ["1795780800000", "NaN"]), ["2026-11-27 12:00", "nan ms"])
        spans = ["-5", "850", "12e3", "200e3", "18240e3", "183600e3"]
        self.assertEqual(self.texts("span", spans), ["0 ms", "850 ms", "12 s", "3 min 20 s", "5 h 4 min", "2 d 3 h"])
        ago = self.browser.evaluate("[-9, 0.5, 12, 200, 18240, 183600].map((each) => Format.ago(1e12 - each * 1000, 1e12))")
        self.assertEqual(ago, ["now", "now", "12 s ago", "3 min ago", "5 h ago", "2 d ago"])


if __name__ == "__main__":
    unittest.main()
