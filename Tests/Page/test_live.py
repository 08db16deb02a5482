"""The page of a server: changes of experiments while it is open."""

import json
import re
import unittest

import experiments
from live_server import LiveServer
from page_case import PAGE, PageCase

AGE = "document.querySelector('#age').innerText"
NEWER = "document.querySelector('#newer')"
#: The visible rows of the table by their places: the texts of the rank, the id and the objective.
ROWS = """[...document.querySelectorAll('#table .sheet .row')].filter((row) => !row.hidden)
    .sort((a, b) => a.getAttribute('aria-rowindex') - b.getAttribute('aria-rowindex'))
    .map((row) => [...row.children].slice(0, 3).map((cell) => cell.innerText.trim()))"""


@unittest.skipUnless(PAGE, "HYPERO_PAGE names no page: see Scripts/test")
class LiveTests(PageCase):
    def setUp(self):
        super().setUp()
        self.server = LiveServer(self.page)
        self.addCleanup(self.server.close)
        self.allowed += (self.server.address,)
        self.data = self.server.data = experiments.data(12, curves=12)

    def show(self, fragment="", **times):
        self.server.times = times
        self.browser.open("about:blank")
        self.browser.open(f"{self.server.address}/battery?name=net%20a#{fragment}")
        self.browser.wait_for("Boolean(document.querySelector('#table .sheet .row .fixed'))")
        self.wait("live")

    def wait(self, text):
        self.browser.wait_for(f"{AGE}.includes({json.dumps(text)})")

    def ids(self):
        return [row[1] for row in self.browser.evaluate(ROWS)]

    def row(self, id, **values):
        """Returns a row of an experiment: its values, and those that have changed."""
        known = {}
        for column in self.data["columns"]:
            held = column["values"]
            texts = held.get("numbers") or held.get("texts") or [held["words"][index] for index in held["index"]]
            ids = self.data["columns"][0]["values"]["texts"]
            known[column["name"]] = texts[ids.index(id)] if id in ids else None
        changed = {{"valid": "max.valid", "lr": "param.lr"}.get(name, name): value for name, value in values.items()}
        return [id, *[value for name, value in ({**known, **changed}).items() if name not in ("id", "rank")]]

    def send(self, *rows, lines=(), total=12, columns=()):
        names = [column["name"] for column in self.data["columns"] if column["name"] not in ("id", "rank")]
        now = self.data["now"] + 60_000 * (len(self.server.streams) + self.server._number)
        self.server.send("rows", {"now": now, "total": total, "columns": [*names, *columns], "rows": list(rows), "lines": list(lines)})

    def hover(self, number):
        """Moves the pointer onto a row of the table, and returns the id of its experiment."""
        self.browser.evaluate("document.getElementById('table').scrollIntoView({ behavior: 'instant' })")
        self.browser.frames(3)
        x, y = self.browser.evaluate(
            f"(({{ x, y }}) => [x, y])(document.querySelector('#table .sheet .row:nth-child({number})').getBoundingClientRect())")
        self.browser.move(x + 40, y + 10)
        self.browser.wait_for("document.querySelector('#table .grid').matches(':hover')")
        return self.ids()[number - 1]

    # Changes.

    def test_a_known_and_a_new_experiment_get_their_places_and_ties_share_a_rank(self):
        self.show()
        ids = self.ids()
        second = self.data["columns"][9]["values"]["numbers"][1]
        self.send(self.row(ids[4], valid=second), self.row("new-1", valid=0.5, status="running", lr=0.5),
                  self.row("new-2", status="running"), total=14)
        self.browser.wait_for("document.querySelector('#matches').textContent.startsWith('14 experiments')")
        rows = self.rows()
        self.assertEqual([row[0] for row in rows[:4]], ["1", "2", "2", "4"])
        self.assertEqual({rows[1][1], rows[2][1]}, {ids[1], ids[4]})
        self.assertEqual([row[:2] for row in rows if row[1] == "new-1"], [["12", "new-1"]])
        self.assertEqual([rows[-1][0], rows[-1][1]], ["", "new-2"])
        self.wait("live, ")
        self.assertIn("running", self.browser.evaluate("document.querySelector('#counts').innerText"))

    def test_a_new_column_and_new_curves_are_shown(self):
        self.show("pin=new-1&channel=loss")
        self.browser.evaluate("document.getElementById('curves').scrollIntoView({ behavior: 'instant' })")
        self.browser.wait_for("document.querySelector('#curves .message')?.textContent === '' || Boolean(document.querySelector('#curves canvas'))")
        line = {"id": "new-1", "channel": "loss", "first": 1, "step": 1, "y": [0.9, 0.5, "nan"]}
        self.send([*self.row("new-1", valid=0.5), "lion"], lines=[line], columns=["param.opt"], total=13)
        self.browser.wait_for("[...document.querySelectorAll('#curves svg text')].some((text) => text.textContent.includes('nan@3'))")
        self.browser.wait_for("[...document.querySelectorAll('#table .head button')].some((one) => one.innerText.startsWith('opt'))")
        self.assertIn("loss", self.browser.evaluate("document.querySelector('#curves .controls').innerText"))
        # A longer curve of the same experiment.
        self.send([*self.row("new-1", valid=0.5), "lion"], lines=[{**line, "y": [0.9, 0.5, 0.4, "inf"]}], columns=["param.opt"], total=13)
        self.browser.wait_for("[...document.querySelectorAll('#curves svg text')].some((text) => text.textContent.includes('inf@4'))")

    def test_an_empty_battery_gets_its_first_experiment(self):
        self.data = experiments.data(2)
        self.server.data = {**experiments.data(0), "columns": []}
        self.server.times = {}
        self.browser.open("about:blank")
        self.browser.open(f"{self.server.address}/battery?name=net")
        self.wait("live")
        self.send(self.row("p0-1"), self.row("p1-1"), total=2)
        self.browser.wait_for("document.title.startsWith('0.')")
        self.browser.wait_for(f"{ROWS}.length === 2")

    def test_a_new_best_result_is_in_the_title_and_leads_the_page(self):
        self.show()
        first = self.ids()[3]
        self.send(self.row(first, valid=0.99, epoch=21))
        self.browser.wait_for("document.title === '0.99 net version 1 – hypero'")
        self.browser.wait_for(f"{ROWS}[0][1] === {json.dumps(first)}")
        text = self.browser.evaluate("document.querySelector('#best').innerText")
        self.assertIn("0.99 valid at epoch 21", text)
        self.assertIn(f"Experiment {first}.", text)
        # Also what decides whether it is real: the test, and its hyper-parameters.
        self.assertRegex(text, r"0\.99 valid at epoch 21, 0\.\d+ test\n")
        self.assertRegex(text, r"With lr [\d.e-]+, act (relu|tanh), seed [012]\.")

    def test_the_page_is_read_again_after_a_new_best_result(self):
        self.show(SOON="200")
        self.data = json.loads(json.dumps(self.data))
        self.data["noise"]["text"] = "within 7 of the best"
        self.data["noise"]["limit"] = 7
        self.server.data = self.data
        self.send(self.row(self.ids()[3], valid=0.99, epoch=21))
        self.server.wait_for(lambda server: server.reads == 2 and len(server.streams) == 2, "the page is read again")
        self.browser.wait_for("document.querySelector('#table').innerText.includes('within 7 of the best')")
        self.wait("live")
        self.assertEqual(self.server.streams[-1], ("net a", "s-8", None))
        # The text of the battery under test comes from the page that was read.
        self.assertNotIn("at epoch 21", self.browser.evaluate("document.querySelector('#best').innerText"))

    def test_the_searches_are_those_of_the_page_that_is_read_again(self):
        def page(text):
            return re.sub('<section id="search">.*?</section>', f'<section id="search">{text}</section>', self.page, flags=re.S)

        self.server.page = page("<h2>Search</h2><p>given out 3 of 9</p>")
        self.assertIn("given out 3", self.server.page)
        self.show()
        shown = "document.querySelector('#search').innerText"
        self.assertIn("given out 3 of 9", self.browser.evaluate(shown))
        self.server.page = page("<h2>Search</h2><p>given out 9 of 9</p>")
        self.server.send("reload", {"reason": "a test"})
        self.browser.wait_for(f"{shown}.includes('given out 9 of 9')")
        self.assertNotIn("given out 3", self.browser.evaluate(shown))

    def test_the_page_is_read_again_while_an_experiment_runs(self):
        self.data["columns"][1]["values"]["texts"][3] = "running"
        self.show(LATER="200")
        self.data = self.server.data = experiments.data(14)
        self.browser.wait_for("document.querySelector('#matches').textContent === '14 experiments'")

    def test_a_page_that_cannot_be_read_again_is_tried_again(self):
        self.expected = "503"
        self.show(SOON="300")
        self.server.failures = 2
        self.data = self.server.data = experiments.data(14)
        self.server.send("reload", {"reason": "a test"})
        self.wait("the server does not answer, last data of")
        self.browser.wait_for("document.querySelector('#matches').textContent === '14 experiments'")
        self.wait("● live")
        self.assertEqual(self.server.reads, 4)

    # What stays.

    def test_pins_filter_order_and_scroll_position_stay_and_the_row_of_the_keys_moves_with_its_experiment(self):
        ids = self.data["columns"][0]["values"]["texts"]
        self.show(f"pin={ids[2]},{ids[5]}&where=lr+%3E+0&sort=-max.test")
        self.browser.evaluate("""(() => {
            document.querySelector('#table .grid').style.maxHeight = '200px';
            document.querySelector('#table .grid').scrollTop = 60;
        })()""")
        for _ in range(3):
            self.browser.press("j")
        self.browser.frames(3)
        active = self.browser.evaluate("document.querySelector('#table .active .id').innerText")
        before = self.browser.evaluate("[location.hash, document.querySelector('#table .grid').scrollTop]")
        self.send(self.row("new-1", valid=0.5, lr=0.5, **{"max.test": 0.999}), total=13)
        self.browser.wait_for("document.querySelector('#matches').textContent === '13 of 13'")
        self.browser.frames(3)
        self.assertEqual(self.browser.evaluate("[location.hash, document.querySelector('#table .grid').scrollTop]"), before)
        self.assertEqual(self.browser.evaluate("document.querySelector('#table .active .id').innerText"), active)
        pinned = "[...document.querySelectorAll('#table .row:not([hidden]) .id')].filter((one) => one.querySelector('[class*=\"swatch pin\"]')).map((one) => one.innerText).sort()"
        shown = self.browser.evaluate(pinned)
        self.assertTrue(set(shown) <= {ids[2], ids[5]} and shown)
        # The rows of a page that is read again are others.
        self.data = self.server.data = experiments.data(12, curves=12)
        for column in self.data["columns"]:
            values = column["values"]
            key = "index" if "index" in values else "texts" if "texts" in values else "numbers"
            values[key] = values[key][3:] + values[key][:3]
        self.server.send("reload", {"reason": "a test"})
        self.browser.wait_for("document.querySelector('#matches').textContent === '12 of 12'")
        self.browser.frames(3)
        self.assertEqual(self.browser.evaluate("location.hash"), before[0])
        self.assertTrue(set(self.browser.evaluate(pinned)) <= {ids[2], ids[5]})
        self.assertEqual(self.browser.evaluate("document.querySelector('#table .active .id').innerText"), active)

    def test_no_row_moves_under_the_pointer_until_r_is_pressed(self):
        self.show()
        before = self.ids()
        first = self.hover(1)
        # A change that moves no row is shown at once.
        self.send(self.row(first, epoch=29))
        self.browser.wait_for("document.querySelector('#table .sheet .row').innerText.includes('29')")
        self.send(self.row("new-1", valid=0.999), self.row("new-2", valid=0.998), total=14)
        self.browser.wait_for(f"!{NEWER}.hidden && {NEWER}.innerText === '2 newer experiments, press r'")
        self.browser.wait_for("document.title.startsWith('0.999 ')")
        self.assertEqual(self.ids(), before)
        self.browser.press("r")
        self.browser.wait_for(f"{NEWER}.hidden")
        self.browser.frames(3)
        self.assertEqual(self.ids()[:3], ["new-1", "new-2", first])
        # What waits is shown when the pointer leaves the table.
        self.send(self.row("new-3", valid=0.9999), total=15)
        self.browser.wait_for(f"{NEWER}.innerText === '1 newer experiment, press r' && !{NEWER}.hidden")
        self.browser.move(2, 2)
        self.browser.wait_for(f"{NEWER}.hidden && {ROWS}[0][1] === 'new-3'")

    def test_no_row_moves_while_a_text_is_selected_or_the_table_has_the_focus(self):
        self.show()
        first = self.ids()[0]
        self.browser.evaluate("getSelection().selectAllChildren(document.querySelector('#best h2'))")
        self.send(self.row("new-1", valid=0.99), total=13)
        self.browser.wait_for(f"!{NEWER}.hidden")
        self.assertEqual(self.ids()[0], first)
        self.browser.evaluate("getSelection().empty()")
        self.browser.wait_for(f"{NEWER}.hidden && {ROWS}[0][1] === 'new-1'")
        self.browser.press("Tab")
        self.browser.evaluate("document.querySelector('#table .grid').focus()")
        self.send(self.row("new-2", valid=0.999), total=14)
        self.browser.wait_for(f"!{NEWER}.hidden")
        self.assertEqual(self.ids()[0], "new-1")
        self.browser.click("#newer")
        self.browser.wait_for(f"{ROWS}[0][1] === 'new-2'")

    def test_a_page_that_is_read_again_waits_under_the_pointer(self):
        self.show()
        before = self.ids()
        self.hover(2)
        self.data = self.server.data = experiments.data(14, seed=3)
        self.server.send("reload", {"reason": "a test"})
        self.browser.wait_for(f"{NEWER}.innerText === '2 newer experiments, press r' && !{NEWER}.hidden")
        self.assertEqual(self.ids(), before)
        self.browser.press("r")
        self.browser.wait_for("document.querySelector('#matches').textContent === '14 experiments'")
        self.wait("live")

    def test_tables_keep_their_place_and_buttons_the_focus_during_changes(self):
        self.show("cols=" + ",".join(f"param.p{number}" for number in range(3)) + "&diff=0")
        self.browser.evaluate("document.getElementById('compare').scrollIntoView({ behavior: 'instant' })")
        self.browser.set_size(420, 800)
        self.browser.wait_for("Boolean(document.querySelector('#compare .scroll'))")
        scroll = "(() => { const one = document.querySelector('#compare .scroll'); one.scrollLeft = 90; return one.scrollLeft === 90; })()"
        self.browser.wait_for(scroll)
        label = "[...document.querySelectorAll('#counts button')].find((one) => one.textContent.includes('failed'))"
        self.browser.evaluate(f"({label} ?? document.querySelector('#counts button')).focus()")
        words = self.browser.evaluate("document.activeElement.textContent.replace(/\\d+/g, '')")
        self.send(self.row(self.ids()[3], status="running"), self.row("new-1", status="lost"), total=13)
        self.browser.wait_for("document.querySelector('#matches').textContent.startsWith('13')")
        self.assertEqual(self.browser.evaluate("document.querySelector('#compare .scroll').scrollLeft"), 90)
        self.assertEqual(self.browser.evaluate("document.activeElement.textContent.replace(/\\d+/g, '')"), words)

    def test_a_filter_with_an_error_shows_no_other_experiments_after_a_reading(self):
        self.show(SOON="200")
        self.browser.evaluate("location.hash = 'where=act+%3D+relu'")
        self.browser.frames(3)
        self.browser.evaluate("location.hash = 'where=act+%3D'")
        self.browser.frames(3)
        self.server.data = self.data = experiments.data(4, curves=4)
        self.server.send("reload", {"reason": "deleted"})
        self.server.wait_for(lambda server: server.reads == 2 and len(server.streams) == 2, "the page is read again")
        self.browser.wait_for(f"{ROWS}.length === 4")

    def test_a_curve_that_was_shown_stays_after_a_reading_without_it(self):
        self.show(SOON="200")
        id = self.ids()[5]
        self.data = json.loads(json.dumps(self.data))
        self.data["curves"]["lines"] = self.data["curves"]["lines"][:3]
        self.server.data = self.data
        self.server.send("reload", {"reason": "test"})
        self.server.wait_for(lambda server: server.reads == 2 and len(server.streams) == 2, "the page is read again")
        self.browser.evaluate(f"location.hash = 'pin={id}'")
        self.browser.evaluate("document.getElementById('curves').scrollIntoView({ behavior: 'instant' })")
        self.browser.wait_for("document.querySelector('#curves figcaption')?.textContent.includes('1 pinned experiment in colour')")

    # The connection.

    def test_a_problem_of_redis_is_shown_until_it_is_over(self):
        self.show()
        self.server.send("problem", {"text": "Redis at example:6379 does not answer", "since": self.data["now"]})
        self.browser.wait_for(f"/^○ Redis at example:6379 does not answer since \\d\\d:\\d\\d$/.test({AGE})")
        self.server.send("problem", {"text": None})
        self.browser.wait_for(f"/^● live, \\d\\d:\\d\\d:\\d\\d$/.test({AGE})")
        self.assertEqual(self.browser.evaluate("document.querySelector('#age [role=status]').textContent"), "live")

    def test_a_hidden_page_closes_the_stream_and_a_visible_one_goes_on_after_the_last_change(self):
        self.show()
        self.send(self.row("new-1", valid=0.5), total=13)
        self.browser.wait_for("document.querySelector('#matches').textContent.startsWith('13')")
        hide = """((isHidden) => {
            Object.defineProperty(document, 'hidden', { value: isHidden, configurable: true });
            document.dispatchEvent(new Event('visibilitychange'));
        })"""
        self.browser.call(hide, True)
        self.server.wait_for(lambda server: server.open_count == 0, "the stream is closed")
        self.wait("○ stopped while hidden")
        self.browser.call(hide, False)
        self.server.wait_for(lambda server: server.open_count == 1, "the stream is open again")
        self.assertEqual(self.server.streams, [("net a", "s-7", None), ("net a", "s-8", None)])
        self.wait("● live")

    def test_a_stream_that_ends_is_opened_again_by_the_browser(self):
        self.show()
        self.send(self.row("new-1", valid=0.5), total=13)
        self.browser.wait_for("document.querySelector('#matches').textContent.startsWith('13')")
        self.server.end_streams()
        self.server.wait_for(lambda server: len(server.streams) == 2 and server.open_count == 1, "the stream is open again")
        self.assertEqual(self.server.streams[-1][2], "s-8")
        self.wait("● live")

    def test_a_refused_stream_is_tried_again_and_the_page_says_so(self):
        self.expected = "503"
        self.server.refusals = 3
        self.server.times = {"FIRST_RETRY": "400"}
        self.browser.open("about:blank")
        self.browser.open(f"{self.server.address}/battery?name=net")
        self.browser.wait_for(
            f"/^○ the server does not answer, last data of \\d\\d:\\d\\d:\\d\\d, next attempt at \\d\\d:\\d\\d:\\d\\d$/.test({AGE})")
        self.wait("● live")
        self.assertEqual(len(self.server.streams), 4)

    def test_the_live_page_prints_and_fits_a_narrow_screen(self):
        self.browser.set_size(375, 800, is_mobile=True)
        self.show()
        self.server.send("problem", {"text": "Redis at a-host-with-a-rather-long-name.example:6379 does not answer", "since": self.data["now"]})
        self.wait("since")
        self.assertLessEqual(self.browser.evaluate("document.documentElement.scrollWidth"), 375)
        self.assertGreater(len(self.browser.pdf()), 10_000)
