"""The page of a battery: what it shows, and what it does."""

import unittest
from pathlib import Path

import experiments
from browser import Browser
from page_case import PAGE, PageCase


@unittest.skipUnless(PAGE, "HYPERO_PAGE names no page: see Scripts/test")
class PageTests(PageCase):
    # What it shows.

    def test_the_demo_is_readable_without_script(self):
        self.browser.set_script_enabled(False)
        self.browser.open(PAGE)
        text = self.browser.evaluate("document.body.innerText")
        self.assertIn("digits mlp", text)
        self.assertRegex(text, r"0\.\d+ valid at epoch \d+")
        self.assertGreater(self.browser.evaluate("document.querySelectorAll('#table tbody tr').length"), 3)
        self.assertGreater(self.browser.evaluate("document.querySelectorAll('#curves svg path').length"), 3)

    def test_the_demo_is_shown_with_all_its_sections(self):
        self.show()
        self.assertRegex(self.browser.evaluate("document.title"), r"^0\.\d+ digits mlp")
        self.assertRegex(self.rows()[0][2], r"0\.\d+")
        for section in ["history", "curves", "parallel", "parameters", "compare", "running"]:
            self.browser.evaluate(f"document.getElementById('{section}').scrollIntoView()")
            self.browser.wait_for(f"Boolean(document.querySelector('#{section} canvas, #{section} table, #{section} ul, #{section} p'))")

    def test_the_table_begins_with_the_best_and_ends_with_those_without_a_value(self):
        self.show(experiments.data())
        first = self.rows()[0]
        self.assertEqual(first[0], "1")
        self.browser.evaluate("document.querySelector('#table .grid').scrollTop = 1e6")
        self.assertEqual(self.rows()[-1][2], "nan" if "nan" in self.rows()[-1][2] else "")

    def test_rows_within_the_noise_of_the_best_are_marked(self):
        self.show(experiments.data())
        marked = [row for row in self.rows() if "≈" in row[2]]
        self.assertTrue(marked)
        self.assertNotIn("≈", self.rows()[0][2])

    # What it does.

    def test_a_filter_is_written_into_the_fragment_and_restored(self):
        self.show(experiments.data())
        self.browser.click("#filter input")
        self.browser.type("act = relu and lr < 0.01")
        self.browser.frames(3)
        found = self.matches()
        self.assertRegex(found, r"^\d+ of 60$")
        address = self.browser.evaluate("location.href")
        self.assertIn("where=act", address)
        self.browser.open("about:blank")
        self.browser.open(address)
        self.assertEqual(self.matches(), found)
        self.assertEqual(self.browser.evaluate("document.querySelector('#filter input').value"), "act = relu and lr < 0.01")

    def test_an_error_of_a_filter_is_marked_in_it_and_the_rows_stay(self):
        self.show(experiments.data(), "where=vaild+%3E+1")
        self.assertIn("no field is called vaild", self.browser.evaluate("document.querySelector('#bar .error').innerText"))
        self.assertEqual(self.browser.evaluate("document.querySelector('#bar mark').textContent"), "vaild")
        self.assertEqual(self.rows()[0][0], "1")

    def test_a_header_sorts_and_missing_values_are_last_in_both_directions(self):
        self.show(experiments.data())
        click = "[...document.querySelectorAll('#table .head button')].find((one) => one.innerText.startsWith('test')).click()"
        orders = []
        for _ in range(2):
            self.browser.evaluate(click)
            self.browser.frames(3)
            orders.append(self.browser.evaluate("location.hash"))
            self.browser.evaluate("document.querySelector('#table .grid').scrollTop = 1e6")
            self.assertIn(self.rows()[-1][2], ("", "nan"))
            self.browser.evaluate("document.querySelector('#table .grid').scrollTop = 0")
        self.assertEqual(orders, ["#sort=-max.test", "#sort=max.test"])

    def test_a_click_pins_and_eight_is_the_limit(self):
        data = experiments.data()
        self.show(data, f"pin={data['columns'][0]['values']['texts'][0]}")
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('#table .sheet [class*=\"swatch pin\"]').length"), 1)
        for number in range(2, 11):
            self.browser.click(f"#table .sheet .row:nth-child({number}) .fixed")
            self.browser.frames(2)
        self.assertEqual(len(self.browser.evaluate("location.hash").split("=")[1].split(",")), 8)
        self.assertIn("Eight experiments", self.browser.evaluate("document.querySelector('#notice').textContent"))

    def test_hovering_a_row_lights_it_and_a_double_click_shows_all_fields(self):
        self.show(experiments.data())
        self.browser.evaluate("document.getElementById('table').scrollIntoView({ block: 'center', behavior: 'instant' })")
        self.browser.frames(3)
        box = self.browser.evaluate("(({ x, y }) => [x, y])(document.querySelector('#table .sheet .row:nth-child(3)').getBoundingClientRect())")
        self.browser.move(box[0] + 40, box[1] + 10)
        self.browser.frames(2)
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('#table .sheet .lit').length"), 1)
        self.browser.evaluate("document.querySelector('#table .sheet .lit .fixed').dispatchEvent(new MouseEvent('dblclick', { bubbles: true }))")
        self.assertIn("param.lr", self.browser.evaluate("document.querySelector('dialog').innerText"))
        self.browser.press("Escape")

    def test_groups_have_means_and_the_number_of_their_members(self):
        self.show(experiments.data(), "group=param.act")
        rows = self.rows()
        self.assertEqual(len(rows), 2)
        self.assertEqual({row[-1] for row in rows}, {"relu", "tanh"})
        self.assertGreater(float(rows[0][2]), float(rows[1][2]))

    def test_a_drag_on_an_axis_is_a_condition_of_the_filter(self):
        self.show(experiments.data())
        self.browser.evaluate("document.getElementById('parallel').scrollIntoView({ behavior: 'instant' })")
        self.browser.wait_for("Boolean(document.querySelector('#parallel canvas'))")
        self.browser.frames(4)
        axis = self.browser.evaluate("""(() => {
            const lines = [...document.querySelectorAll('#parallel svg line')].map((line) => line.getBoundingClientRect());
            const axis = lines.filter((line) => line.height > 100)[0];
            return axis && [axis.x + axis.width / 2, axis.y, axis.height];
        })()""")
        x, y, height = axis
        for kind, place in [("mousePressed", 0.2), ("mouseMoved", 0.4), ("mouseMoved", 0.6), ("mouseReleased", 0.6)]:
            self.browser.send("Input.dispatchMouseEvent", type=kind, x=x, y=y + height * place, button="left", buttons=1, clickCount=1)
        self.browser.frames(3)
        self.assertRegex(self.browser.evaluate("document.querySelector('#filter input').value"), r"^\w+ (between|>=|<=|in|=) ")
        self.assertNotEqual(self.matches(), "60 experiments")

    def test_files_have_the_rows_and_columns_that_are_shown(self):
        self.show(experiments.data(), "where=act+%3D+relu&cols=param.lr,max.valid")
        for form, end in [("CSV", "csv"), ("JSON", "jsonl"), ("Markdown", "md")]:
            self.browser.evaluate(f"[...document.querySelectorAll('#tools button')].find((one) => one.innerText === '{form}').click()")
            path = Path(self.browser.downloads, f"net.{end}")
            for _ in range(200):
                if path.exists() and path.stat().st_size:
                    break
                self.browser.frames(2)
            lines = path.read_text(encoding="utf-8").splitlines()
            count = int(self.matches().split()[0])
            self.assertEqual(len(lines), count + {"CSV": 1, "JSON": 0, "Markdown": 2}[form])
            self.assertIn("param.lr", lines[0])

    def test_keys_move_pin_and_open_the_list(self):
        self.show(experiments.data(), "pin=")
        self.browser.press("j")
        self.browser.press("p")
        self.assertRegex(self.browser.evaluate("location.hash"), r"pin=p\d+-1$")
        self.browser.press("?")
        self.assertIn("compare the pinned ones", self.browser.evaluate("document.querySelector('dialog').innerText"))
        self.browser.press("Escape")
        self.browser.wait_for("!document.querySelector('dialog')")
        self.browser.press("/")
        self.assertEqual(self.browser.evaluate("document.activeElement.type"), "search")

    # What it bears.

    def test_hostile_names_are_text(self):
        name = "\"><img src=x onerror=\"document.title='hacked'\"><script>document.title='hacked'</script>\u202e"
        data = experiments.data(name=name)
        for column in data["columns"]:
            if column["name"].startswith("param."):
                column["name"] += name
        data["columns"][0]["values"]["texts"][0] = name
        data["columns"][6]["values"]["texts"] = [name] * 60
        self.show(data, "group=seed")
        self.fragment("pin=")
        for section in ["history", "curves", "parallel", "parameters", "compare", "running"]:
            self.browser.evaluate(f"document.getElementById('{section}').scrollIntoView()")
            self.browser.frames(3)
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('img, body script:not([type]), [onerror]').length"), 0)
        self.assertNotEqual(self.browser.evaluate("document.title"), "hacked")

    def test_none_one_and_only_diverged_experiments_have_pages(self):
        for count in (0, 1, 10):
            data = experiments.data(count)
            if count == 10:
                for column in data["columns"]:
                    if column["kind"] == "max":
                        column["values"] = {"numbers": [None] * count}
            self.show(data)
            for section in ["history", "curves", "parallel", "parameters", "compare", "running"]:
                self.browser.evaluate(f"document.getElementById('{section}').scrollIntoView()")
                self.browser.frames(2)

    def test_a_narrow_screen_needs_no_sideways_scrolling(self):
        self.browser.set_size(375, 800, is_mobile=True)
        self.show(experiments.data())
        for section in ["history", "curves", "parallel", "parameters", "compare", "running"]:
            self.browser.evaluate(f"document.getElementById('{section}').scrollIntoView()")
            self.browser.frames(3)
        self.assertLessEqual(self.browser.evaluate("document.documentElement.scrollWidth"), 375)

    def test_it_prints_and_has_forced_colours(self):
        self.browser.emulate(forced_colors=True)
        self.show(experiments.data())
        self.browser.emulate()
        self.assertGreater(len(self.browser.pdf(landscape=True)), 20_000)

    def test_ten_thousand_experiments_of_fifty_columns_are_fast(self):
        self.show(experiments.data(10_000, more=36, curves=200, epochs=500))
        times = self.browser.evaluate("""(async () => {
            const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
            const time = async (work) => { const start = performance.now(); await work(); return performance.now() - start; };
            const set = (hash) => async () => { location.hash = hash; await frame(); };
            const paint = performance.getEntriesByType("paint").find((entry) => entry.name === "first-contentful-paint");
            return { paint: paint ? paint.startTime : -1, filter: await time(set("where=lr+<+0.01+and+p3+>+0.5+and+act+=+relu")),
                sort: await time(set("sort=-param.p5")), heap: performance.memory.usedJSHeapSize / 1e6 };
        })()""")
        print({key: round(value, 1) for key, value in times.items()})
        self.assertLess(times["heap"], 250)


CONTRAST = """((names, back) => {
    const probe = document.body.appendChild(document.createElement("i"));
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const colour = (name) => {
        probe.style.color = `var(--${name})`;
        canvas.fillStyle = getComputedStyle(probe).color;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map((part) => part / 255);
    };
    return names.map(colour);
})"""

# Machado, Oliveira, Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency", 2009, severity 1.
VISIONS = {
    "normal": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def linear(colour):
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour]


def luminance(colour):
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear(colour)))


def contrast(left, right):
    low, high = sorted((luminance(left), luminance(right)))
    return (high + 0.05) / (low + 0.05)


def lab(rgb):
    """Returns CIE 1976 L*a*b* of linear sRGB, D65."""
    matrix = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = [sum(a * b for a, b in zip(row, rgb)) / white for row, white in zip(matrix, (0.95047, 1, 1.08883))]
    f = [part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116 for part in xyz]
    return 116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])


def seen(colour, vision):
    rgb = linear(colour)
    return lab([min(max(sum(a * b for a, b in zip(row, rgb)), 0), 1) for row in VISIONS[vision]])


@unittest.skipUnless(PAGE, "HYPERO_PAGE names no page: see Scripts/test")
class ColourTests(unittest.TestCase):
    """The colours, by numbers: contrast of WCAG 2.2, differences of CIE 1976 under four kinds of vision."""

    def test_texts_and_pins_have_contrast_and_pins_differ_for_all_kinds_of_vision(self):
        with Browser() as browser:
            for dark in (False, True):
                browser.emulate(dark=dark)
                browser.open(PAGE)
                names = ["surface", "raised", "ink", "muted", "link", "bad", "good"] + [f"pin{number}" for number in range(8)]
                colours = dict(zip(names, browser.call(CONTRAST, names)))
                for name in ("ink", "muted", "link", "bad", "good"):
                    for back in ("surface", "raised"):
                        self.assertGreaterEqual(contrast(colours[name], colours[back]), 4.5, (dark, name, back))
                pins = [colours[f"pin{number}"] for number in range(8)]
                self.assertGreaterEqual(min(contrast(pin, colours["surface"]) for pin in pins), 3, dark)
                for vision in VISIONS:
                    places = [seen(pin, vision) for pin in pins]
                    least = min(sum((a - b) ** 2 for a, b in zip(left, right)) ** 0.5
                                for index, left in enumerate(places) for right in places[:index])
                    self.assertGreaterEqual(least, 15, (dark, vision))
