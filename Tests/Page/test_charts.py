"""The charts of the page: what is drawn, read from their images and their axes."""

import re
import unittest
import urllib.parse
from pathlib import Path

import experiments
from page_case import PAGE, PageCase

SECTIONS = ["history", "curves", "parallel", "parameters"]


def column(data, name):
    return next(column for column in data["columns"] if column["name"] == name)


def curve(row, values, channel=0):
    return {"row": row, "channel": channel, "first": 1, "step": 1, "y": values}


def places(path):
    """Returns the positions in the path of an image file."""
    return [tuple(map(float, pair)) for pair in re.findall(r"[ML]([-\d.]+) ([-\d.]+)", path)]


@unittest.skipUnless(PAGE, "HYPERO_PAGE names no page: see Scripts/test")
class ChartTests(PageCase):
    def draw(self, data, section, fragment=""):
        self.show(data, fragment)
        self.browser.evaluate(f"document.getElementById('{section}').scrollIntoView({{ behavior: 'instant' }})")
        self.browser.wait_for(f"Boolean(document.querySelector('#{section} .plot text'))")
        self.browser.frames(3)

    def texts(self, section):
        return self.browser.evaluate(
            f"[...document.querySelectorAll('#{section} .plot text')].map((one) => one.textContent)")

    def heights(self, section):
        """Returns the heights of the texts of a chart, by these."""
        return dict(self.browser.evaluate(f"""[...document.querySelectorAll('#{section} .plot text')]
            .map((one) => [one.textContent, +one.getAttribute('y')])"""))

    def image(self, section):
        """Returns the attributes of the drawn paths, from the image file."""
        folder = Path(self.browser.downloads)
        for old in folder.glob("*.svg"):
            old.unlink()
        self.browser.evaluate(f"""[...document.querySelectorAll('#{section} .tools button')]
            .find((one) => one.textContent === 'SVG').click()""")
        text = ""
        for _ in range(500):
            self.browser.frames(2)
            text = "".join(file.read_text(encoding="utf-8") for file in folder.glob("*.svg"))
            if text.endswith("</svg>"):
                break
        return [dict(re.findall(r'([\w-]+)="([^"]*)"', path)) for path in re.findall(r"<path [^>]*>", text)]

    # The pointer.

    def test_a_tap_shows_an_experiment_and_a_second_one_pins_it(self):
        self.draw(experiments.data(20), "history")
        tap = """() => {
            const plot = document.querySelector("#history .plot");
            const { x, y } = plot.getBoundingClientRect();
            const { xs, ys } = plot.figure.points.find((one) => one.row === 3);
            const place = { clientX: x + xs[0], clientY: y + ys[0], pointerType: "touch", bubbles: true };
            for (const type of ["pointerdown", "pointerup", "pointerleave"]) plot.dispatchEvent(new PointerEvent(type, place));
            plot.dispatchEvent(new PointerEvent("click", place));
            return plot.querySelector(".readout").hidden;
        }"""
        self.assertFalse(self.browser.call(tap))
        self.browser.frames(3)
        self.assertNotIn("pin=", self.browser.evaluate("location.hash"))
        self.assertFalse(self.browser.call(tap))
        self.browser.wait_for("location.hash.includes('pin=')")

    # Curves.

    def test_a_curve_that_ended_early_ends_with_a_dot_and_not_at_its_label(self):
        data = experiments.data(3, curves=0)
        long = [0.5 + 0.01 * epoch for epoch in range(40)]
        data["curves"]["lines"] = [curve(0, long), curve(1, [0.4, 0.5, 0.6, 0.65, 0.7])]
        self.draw(data, "curves")
        paths = self.image("curves")
        colour = self.browser.evaluate("""(() => {
            const one = document.body.appendChild(document.createElement('i'));
            one.style.color = 'var(--pin1)';
            return getComputedStyle(one).color;
        })()""")
        width = self.browser.evaluate("document.querySelector('#curves .plot').clientWidth")
        spans = [[x for x, _ in places(path["d"])] for path in paths if path.get("stroke") == colour]
        inside = [max(span) for span in spans if min(span) < width - 160]
        self.assertTrue(inside)
        self.assertLess(max(inside), width / 4)
        self.assertEqual(len([path for path in paths if path.get("fill") == colour]), 1)

    def test_the_cross_of_a_diverged_curve_is_within_the_axis(self):
        data = experiments.data(20, curves=0)
        lines = [curve(row, [0.9 - 0.02 * epoch for epoch in range(30)]) for row in range(2, 12)]
        lines += [curve(0, [0.9] * 10 + [50, 4e5, 7e12, "nan", "nan"]), curve(1, [0.9, "-inf"] + [0.8] * 28)]
        data["curves"]["lines"] = lines
        data["battery"]["direction"] = "min"
        self.draw(data, "curves", "pin=" + data["columns"][0]["values"]["texts"][5])
        height = self.browser.evaluate("document.querySelector('#curves .plot').clientHeight")
        crosses = [places(path["d"]) for path in self.image("curves") if path.get("stroke-width") == "1.5"]
        strokes = [cross for cross in crosses if len(cross) == 2 and abs(cross[0][0] - cross[1][0]) == 6]
        self.assertEqual(len(strokes), 4)
        for stroke in strokes:
            for _, y in stroke:
                self.assertTrue(0 < y < height, y)
        # The axis is that of the curves that have not diverged.
        self.assertNotIn("e12", " ".join(self.texts("curves")))
        caption = self.browser.evaluate("document.querySelector('#curves figcaption').textContent")
        self.assertIn("Not all values", caption)

    def test_a_drag_over_the_curves_selects_epochs_for_both_axes(self):
        data = experiments.data(3, curves=0)
        data["curves"]["lines"] = [curve(0, [0.1 * epoch for epoch in range(10)] + [0.9 + 0.001 * epoch for epoch in range(31)])]
        self.draw(data, "curves")
        hash = self.browser.evaluate("location.hash")
        plot = "document.querySelector('#curves .plot')"
        x, y, low, high = self.browser.evaluate(f"""(() => {{
            const {{ x, y }} = {plot}.getBoundingClientRect();
            const {{ left, right, top }} = {plot}.figure.box;
            return [x, y + top + 20, x + left + (right - left) / 2, x + right - 2];
        }})()""")
        self.browser.drag((low, y), (high, y))
        self.browser.wait_for("location.hash.includes('from=')")
        self.browser.frames(3)
        found = dict(part.split("=") for part in self.browser.evaluate("location.hash.slice(1)").split("&"))
        self.assertAlmostEqual(int(found["from"]), 21, delta=1)
        self.assertAlmostEqual(int(found["to"]), 41, delta=1)
        self.assertNotIn("pin", found)
        ticks = [float(text) for text in self.texts("curves") if re.fullmatch(r"0\.\d+", text)]
        self.assertTrue(ticks and all(0.9 < tick < 0.94 for tick in ticks), ticks)
        fields = self.browser.evaluate("[...document.querySelectorAll('#curves .epochs input')].map((one) => one.value)")
        self.assertEqual(fields, [found["from"], found["to"]])
        # A page with the fragment shows the same part, and a double click all.
        self.draw(data, "curves", "from=2&to=5")
        self.assertNotIn("0.9", self.texts("curves"))
        self.browser.evaluate(f"{plot}.dispatchEvent(new MouseEvent('dblclick', {{ bubbles: true }}))")
        self.browser.frames(3)
        self.assertEqual(self.browser.evaluate("location.hash"), hash)
        # Epochs that no curve has.
        self.fragment("from=500")
        self.assertIn("at these epochs", self.browser.evaluate("document.querySelector('#curves .message').textContent"))

    def groups(self, lines, members=None):
        """Shows groups of seeds: lines by row, and the number of members of the one group if there are more."""
        data = experiments.data(members or len(lines), curves=0)
        column(data, "param.lr")["values"] = {"numbers": [0.1] * data["rows"]}
        column(data, "param.act")["values"] = {"texts": ["relu"] * data["rows"]}
        data["curves"]["lines"] = lines
        self.draw(data, "curves", "group=seed")
        return [[(x, y) for x, y in places(path["d"])] for path in self.image("curves")
                if path.get("stroke-width") in ("2", "1") and path.get("opacity", "1") == "1"]

    def test_a_mean_of_curves_of_other_epochs_does_not_jump_between_them(self):
        sparse = {"row": 0, "channel": 0, "x": list(range(0, 31, 5)), "y": [0.9] * 7}
        other = {"row": 1, "channel": 0, "x": list(range(0, 31, 3)), "y": [0.3] * 11}
        means = self.groups([sparse, other])
        heights = {y for mean in means for _, y in mean if len(mean) > 12}
        self.assertTrue(heights)
        self.assertLess(max(heights) - min(heights), 1.5, heights)

    def test_a_mean_breaks_where_members_end_and_counts_those_that_go_on(self):
        self.groups([curve(0, [0.9] * 30), curve(1, [0.8] * 30), curve(2, [0.1] * 10), curve(3, [0.2] * 10)])
        self.assertTrue(any(text.endswith("×2 of 4") for text in self.texts("curves")), self.texts("curves"))
        self.assertIn("A gap: fewer members go on", self.browser.evaluate("document.querySelector('#curves figcaption').textContent"))

    def test_a_mean_of_the_best_members_only_is_not_drawn(self):
        self.groups([curve(0, [0.9] * 30), curve(1, [0.8] * 30)], members=6)
        self.assertFalse(any("×" in text for text in self.texts("curves")), self.texts("curves"))
        caption = self.browser.evaluate("document.querySelector('#curves figcaption').textContent")
        self.assertIn("The page has 2 curves of valid, not those of all members.", caption)

    def test_a_result_of_0_leaves_the_log_axis_to_the_others(self):
        data = experiments.data(30)
        values = [0] + [10 ** (-8 + row / 2.2) for row in range(29)]
        column(data, "max.valid")["values"] = column(data, "max.test")["values"] = {"numbers": values}
        data["battery"]["direction"] = "min"
        self.draw(data, "history")
        texts = " ".join(self.texts("history"))
        self.assertIn("valid\u2069 (log)", texts)
        self.assertIn("1 without a place", texts)
        # The best of many by the lowest value has a smaller difference.
        self.assertIn("makes its difference smaller", self.browser.evaluate("document.querySelector('#history').textContent"))

    def test_a_slice_says_where_the_best_are_if_they_are_in_the_middle(self):
        data = experiments.data(200)
        column(data, "max.valid")["values"] = {"numbers": [1 - abs(row - 100) / 100 for row in range(200)]}
        column(data, "param.lr").update(scale="linear", values={"numbers": list(range(200))})
        column(data, "status")["values"] = {"texts": ["done"] * 200}
        self.draw(data, "parameters")
        text = self.browser.evaluate("document.querySelector('#parameters .slice').innerText")
        # The best 20 are 90 to 109 or 91 to 110, without two at each end.
        self.assertRegex(text, r"best tenth mostly 9[23] to 10[78]")

    def test_the_time_axis_of_the_best_is_in_the_address(self):
        self.draw(experiments.data(20), "history", "by=time")
        self.assertIn("since the first start", " ".join(self.texts("history")))
        self.browser.call("""() => [...document.querySelectorAll('#history button')]
            .find((one) => one.textContent === 'by number').click()""")
        self.browser.frames(3)
        self.assertIn("experiments by end", " ".join(self.texts("history")))
        self.assertNotIn("by=", self.browser.evaluate("location.hash"))

    # Axes.

    def outliers(self):
        data = experiments.data(40)
        values = [round(0.93 - 0.0007 * row, 5) for row in range(38)] + [0.1, 0.1]
        column(data, "max.valid")["values"] = column(data, "max.test")["values"] = {"numbers": values}
        return data

    def test_outliers_are_counted_and_are_not_drawn_as_values_at_the_edge(self):
        self.draw(self.outliers(), "history")
        self.assertIn("2 below", self.texts("history"))
        self.assertIn("2 below, 2 left", self.texts("history"))
        self.browser.evaluate("document.getElementById('parallel').scrollIntoView({ behavior: 'instant' })")
        self.browser.wait_for("Boolean(document.querySelector('#parallel .plot text'))")
        heights = self.heights("parallel")
        self.assertIn("2 below", heights)
        ticks = [height for text, height in heights.items() if re.fullmatch(r"0\.9\d*", text)]
        self.assertGreaterEqual(len(ticks), 2)
        self.assertLess(max(ticks), heights["2 below"] - 8)

    def test_numbers_without_a_distribution_are_on_axes_of_numbers(self):
        data = experiments.data(18)
        lr = column(data, "param.lr")
        lr["scale"] = "category"
        lr["values"] = {"texts": [str(10 ** (-4 + row / 6)) for row in range(18)]}
        column(data, "param.seed").update(scale="category", values={"numbers": [16, 32, 128] * 6})
        self.draw(data, "parallel")
        heights = self.heights("parallel")
        self.assertIn("log", heights)
        ticks = [(float(text), height) for text, height in heights.items() if text in ("0.001", "0.01")]
        self.assertEqual(len(ticks), 2)
        self.assertGreater(dict(ticks)[0.001], dict(ticks)[0.01])
        # A tick per value, in proportion: the middle one is far below the middle of the axis.
        self.assertTrue(heights["128"] < heights["32"] < heights["16"])
        self.assertGreater(heights["32"] - heights["128"], 1.5 * (heights["16"] - heights["32"]))

    def test_ticks_have_few_digits(self):
        data = experiments.data(12)
        values = [0.1 + 0.2, 0.2, 0.1, 0.6000000000000001] * 3
        column(data, "param.seed").update(scale="category", values={"texts": [str(value) for value in values]})
        column(data, "param.act").update(scale="category", values={"texts": ["relu", str(0.1 + 0.2)] * 6})
        self.draw(data, "parallel")
        self.browser.evaluate("document.getElementById('parameters').scrollIntoView({ behavior: 'instant' })")
        self.browser.wait_for("Boolean(document.querySelector('#parameters .plot text'))")
        texts = self.texts("parallel") + self.texts("parameters")
        self.assertIn("0.3", texts)
        self.assertEqual([text for text in texts if len(text) > 12], [])

    def test_a_log_axis_with_one_zero_stays_a_log_axis(self):
        data = experiments.data(10)
        fractions, whole = [10 ** (-10 + row) for row in range(9)], [1, 1, 2, 2, 4, 4, 9, 9, 5000]
        for scale, numbers in [("log", [0, *fractions]), ("linear", [0, *fractions]), ("linear", [0, *whole])]:
            column(data, "param.lr").update(scale=scale, values={"numbers": numbers})
            self.draw(data, "parallel")
            self.assertIn("log", self.texts("parallel"))
            self.assertIn("1 ≤ 0, nan or null", self.texts("parallel"))

    def test_missing_values_are_called_missing(self):
        data = experiments.data(24)
        column(data, "param.seed")["values"] = {"numbers": [None] * 16 + list(range(8))}
        self.draw(data, "parallel")
        self.assertIn("16 missing", self.texts("parallel"))
        self.assertNotIn("16", self.texts("parallel"))

    def test_a_limit_on_null_keeps_the_rows_with_null(self):
        data = experiments.data(24)
        column(data, "param.act")["values"] = {"words": ["null", "x", "y"], "index": [row % 3 for row in range(24)]}
        self.draw(data, "parallel", "axes=param.act")
        heights = self.heights("parallel")
        box = self.browser.evaluate("document.querySelector('#parallel .plot').getBoundingClientRect().toJSON()")
        first, last = heights["null"] - 8, heights["x"] + 2
        for kind, y in [("mousePressed", first), ("mouseMoved", last), ("mouseReleased", last)]:
            self.browser.send("Input.dispatchMouseEvent", type=kind, x=box["x"] + 14, y=box["y"] + y, button="left",
                              buttons=1, clickCount=1)
        self.browser.frames(4)
        where = urllib.parse.unquote_plus(self.browser.evaluate("location.hash"))
        self.assertIn("(act is null or act in ('x'))", where)
        self.assertEqual(self.matches(), "16 of 24")
        # The filter is read back as the limits of the axis.
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('#parallel .brush').length"), 2)

    # Sizes.

    def test_long_names_do_not_widen_a_narrow_screen(self):
        self.browser.set_size(375, 800, is_mobile=True)
        data = experiments.data()
        for one in data["columns"]:
            if one["name"].startswith("param."):
                one["name"] += "_" + "w" * 120
        self.show(data)
        for section in SECTIONS:
            self.browser.evaluate(f"document.getElementById('{section}').scrollIntoView({{ behavior: 'instant' }})")
            self.browser.frames(3)
        self.assertLessEqual(self.browser.evaluate("document.documentElement.scrollWidth"), 375)

    def test_a_print_has_all_charts_in_the_colours_of_paper(self):
        self.browser.emulate(dark=True)
        self.show(experiments.data())
        drawn = """(() => {
            const figures = [...document.querySelectorAll("figure.chart")];
            globalThis.drawn = figures.map((figure) => {
                const canvas = figure.querySelector("canvas");
                const { width, height } = canvas;
                const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
                copy.drawImage(canvas, 0, 0);
                const { data } = copy.getImageData(0, 0, width, height);
                const texts = figure.querySelectorAll(".plot text").length;
                return [texts, data.some((value) => value > 0), canvas.clientWidth];
            });
            globalThis.surface = getComputedStyle(document.body).backgroundColor;
        })"""
        self.browser.evaluate(f"addEventListener('beforeprint', {drawn})")
        self.browser.evaluate("dispatchEvent(new Event('beforeprint'))")
        found, surface = self.browser.evaluate("[drawn, surface]")
        self.browser.evaluate("dispatchEvent(new Event('afterprint'))")
        self.assertGreaterEqual(len(found), 6)
        for texts, has_ink, width in found:
            self.assertGreater(texts, 3)
            self.assertTrue(has_ink)
            self.assertLessEqual(width, 1032)
        self.assertEqual(surface, "rgb(255, 255, 255)")
        self.assertNotEqual(
            self.browser.evaluate("getComputedStyle(document.body).backgroundColor"), surface)
        self.assertGreater(len(self.browser.pdf(landscape=True, preferCSSPageSize=True)), 20_000)
