"""The leaderboard, the filter's buttons, and files of the page."""

import json
import unittest
import urllib.parse
from pathlib import Path

import experiments
from browser import Browser
from page_case import PAGE, PageCase


def search(results, *, objective="valid", params=(), curves=()):
    """Returns experiments with an lr and a seed by their results: {"value", "lr", "seed"} with further columns.

    params: further columns: (name, values).
    curves: the values of the objective by epoch: (row, values).
    """
    count = len(results)
    data = experiments.data(count, curves=0)
    data["battery"]["objective"] = objective
    data["curves"] = {"channels": [objective], "lines": [
        {"row": row, "channel": 0, "first": 1, "step": 1, "y": values} for row, values in curves]}
    data["noise"] = None
    known = {each["name"]: each for each in data["columns"]}
    for name in ("max.test", "param.act"):
        data["columns"].remove(known[name])
    values = [each.get("value") for each in results]
    isLost = [value is None for value in values]
    texts = [each.get("status", "failed" if lost else "done") for each, lost in zip(results, isLost)]
    known["status"]["values"] = {"texts": texts}
    known["reason"]["values"] = {"texts": [each.get("reason") for each in results]}
    known["epochs"]["values"] = {"numbers": [9] * count}
    known["epoch"]["values"] = {"numbers": [None if lost else 5 for lost in isLost]}
    known["nonfinite"]["values"] = {"numbers": [3 if lost else None for lost in isLost]}
    known["rank"]["values"] = {"numbers": [None if lost else row + 1 for row, lost in enumerate(isLost)]}
    known["max.valid"]["values"] = {"numbers": values}
    for name in ("lr", "seed"):
        known[f"param.{name}"]["values"] = {"numbers": [each.get(name, row) for row, each in enumerate(results)]}
    known["id"]["values"] = {"texts": [f"e-{row + 1}" for row in range(count)]}
    for name, held in params:
        data["columns"].append({"name": name, "kind": name.split(".")[0], "scale": "linear", "values": held})
    return data


@unittest.skipUnless(PAGE, "HYPERO_PAGE names no page: see Scripts/test")
class LeaderboardTests(PageCase):
    def text(self, selector):
        return self.browser.evaluate(f"document.querySelector({json.dumps(selector)}).innerText")

    def filter(self, where):
        self.fragment("where=" + urllib.parse.quote(where))

    def where(self):
        return self.browser.evaluate("document.querySelector('#filter input').value")

    def press(self, text, parent="#counts"):
        """Clicks the first button with a text in it."""
        self.browser.call("""(text, parent) => [...document.querySelectorAll(`${parent} button`)]
            .find((each) => each.textContent.includes(text)).click()""", text, parent)
        self.browser.frames(3)

    def file(self, form, end):
        path = Path(self.browser.downloads, f"net.{end}")
        path.unlink(missing_ok=True)
        self.press(form, "#tools")
        for _ in range(200):
            if path.exists() and path.stat().st_size:
                break
            self.browser.frames(2)
        return path.read_text(encoding="utf-8").splitlines()

    # Groups.

    def test_groups_count_their_members_without_a_value_and_name_the_best_one_with_a_value(self):
        good = [{"value": value, "lr": 0.1, "seed": seed} for seed, value in enumerate([0.78, 0.77, 0.76])]
        bad = [{"value": None, "lr": 0.5, "seed": seed} for seed in (3, 2, 1)]
        data = search([{"value": 0.8, "lr": 0.5, "seed": 0}, *good, *bad])
        data["noise"] = {"limit": 0.2, "text": "within 0.2 of the best"}
        self.show(data, "sort=-param.seed&group=seed")
        self.assertEqual([row[:3] + row[4:5] for row in self.rows()],
                         [["1", "e-1", "0.8", "1 of 4"], ["2", "e-2", "≈ 0.77", "3"]])
        first = json.loads(self.file("JSON", "jsonl")[0])
        self.assertEqual((first["experiment"], first["n"], first["std"]), ("e-1", "1 of 4", None))

    def test_groups_tell_missing_and_infinite_values_apart_and_not_spellings(self):
        texts = [None, "null", "inf", "-inf", "true", "True", "[1,2]", "[1, 2]", "0.1", "1e-1", "9007199254740993", "9007199254740992"]
        clip = ("param.clip", {"texts": texts})
        self.show(search([{"value": 0.9 - row / 100, "lr": 1, "seed": 1} for row in range(len(texts))], params=[clip]), "group=param.clip")
        self.assertEqual([row[4] for row in self.rows()], ["2", "1", "1", "2", "2", "2", "1", "1"])

    def test_groups_with_equal_means_share_a_rank_and_versions_are_no_replicas(self):
        results = [{"value": value, "lr": lr} for value, lr in [(0.9, 1), (0.8, 2), (0.8, 3), (0.7, 1)]]
        version = {"name": "version", "kind": "attribute", "values": {"numbers": [2, 2, 2, 1]}}
        data = search(results)
        data["columns"].append(version)
        self.show(data, "group=seed")
        self.assertEqual([row[0] for row in self.rows()], ["1", "2", "2", "4"])

    # Experiments that diverged.

    def test_an_experiment_that_ends_in_nan_is_marked_and_its_button_finds_it(self):
        curves = [(0, [0.5, 0.9]), (1, [0.8, None, "inf", "nan"]), (2, [0.1, "nan", 0.7])]
        data = search([{"value": 0.9}, {"value": 0.8}, {"value": 0.7}, {"value": 0.6}, {"value": None}], curves=curves)
        nonfinite = next(each for each in data["columns"] if each["name"] == "nonfinite")
        # The fourth one has no curve on the page, and its values may be those of another channel.
        nonfinite["values"] = {"numbers": [0, 2, 1, 4, 3]}
        self.show(data)
        self.assertEqual([row[2].split() for row in self.rows()], [["0.9"], ["inf@3", "0.8"], ["0.7"], ["0.6"], ["nan"]])
        self.press("4 with nan or inf")
        self.assertEqual([row[1] for row in self.rows()], ["e-2", "e-3", "e-4", "e-5"])

    def test_the_keys_go_on_from_the_row_that_was_clicked(self):
        self.show(search([{"value": 0.9}, {"value": 0.8}, {"value": 0.7}]))
        self.browser.call("""() => [...document.querySelectorAll(".grid .row")]
            .find((row) => row.textContent.includes("e-2")).click()""")
        self.browser.frames(3)
        self.assertIn("e-2", self.text(".row.active"))

    def test_a_null_and_quotes_leave_numbers_what_they_are(self):
        rates = ("param.rate", {"texts": ["1e-05", "0.001", "null", *[str(10 ** (-5 + row / 10)) for row in range(40)]]})
        sizes = ("param.size", {"texts": [f'"{2 ** (row % 6 + 3)}"' for row in range(43)]})
        self.show(search([{"value": 0.9 - row / 100} for row in range(43)], params=[rates, sizes]), "sort=param.size,-param.rate")
        sizes = [next(cell for cell in row if cell in ("8", "16", "32", "64", "128", "256")) for row in self.rows()[:10]]
        self.assertEqual(sizes, sorted(sizes, key=int))
        self.browser.evaluate("document.getElementById('parameters').scrollIntoView({ behavior: 'instant' })")
        self.browser.wait_for("document.getElementById('parameters').textContent.includes('rank correlation')")
        self.assertIn("without 1 ≤ 0, nan or null", self.text("#parameters"))

    def test_the_best_of_many_words_is_found_and_what_is_not_drawn_is_counted(self):
        words = ("param.model", {"texts": [f"m{row:02}" for row in range(80)]})
        data = search([{"value": 0.5 + (0.4 if row == 79 else row / 1000)} for row in range(80)], params=[words])
        self.show(data)
        self.browser.evaluate("document.getElementById('parameters').scrollIntoView({ behavior: 'instant' })")
        self.browser.wait_for("document.getElementById('parameters').textContent.includes('best median')")
        self.assertIn("best median 0.9 with m79 (1), without 50 of other values", self.text("#parameters"))

    def test_a_channel_whose_lowest_value_is_best_sorts_by_it_first(self):
        data = experiments.data(20)
        data["battery"]["directions"] = {"test": "min"}
        self.show(data)
        self.browser.call("""() => [...document.querySelectorAll('#table .head button')]
            .find((each) => each.textContent.startsWith('test')).click()""")
        self.browser.frames(3)
        self.assertIn("sort=max.test", self.browser.evaluate("location.hash"))

    def test_early_ends_count_in_no_median(self):
        values = [0.9, 0.8, 0.1, 0.2]
        results = [{"value": value, "status": "done" if value > 0.5 else "failed"} for value in values]
        acts = ("param.act", {"words": ["relu", "tanh"], "index": [0, 1, 0, 0]})
        data = search(results, params=[acts])
        next(each for each in data["columns"] if each["name"] == "param.act")["scale"] = "category"
        self.show(data)
        self.browser.evaluate("document.getElementById('parameters').scrollIntoView({ behavior: 'instant' })")
        self.browser.wait_for("document.getElementById('parameters').textContent.includes('best median')")
        self.assertIn("best median 0.9 with relu (1), of the 2 done", self.text("#parameters"))

    def test_a_filter_that_is_not_valid_counts_no_matches(self):
        self.show(search([{"value": 0.9}, {"value": 0.8}]), "where=lr+%3C")
        self.assertEqual(self.matches(), "2 experiments")

    def test_a_filter_with_an_error_leaves_the_experiments_of_the_last_one_everywhere(self):
        self.show(experiments.data(60), "where=act+%3D+relu")
        before = self.matches()
        self.browser.evaluate("document.querySelector('#filter input').focus()")
        self.browser.type(" and")
        self.browser.frames(3)
        self.assertEqual(self.where(), "act = relu and")
        self.assertEqual(self.matches(), before)
        self.assertIn("The page shows the experiments with act = relu.", self.text("#bar .error"))
        # A link shows the same.
        self.assertIn("where=act+%3D+relu", self.browser.evaluate("location.hash"))
        self.assertNotIn("relu+and", self.browser.evaluate("location.hash"))
        self.press("failed")
        self.assertEqual(self.browser.evaluate("decodeURIComponent(location.hash).replaceAll('+', ' ')"),
                         "#where=act = relu and status = failed")

    def test_the_first_click_pins_only_what_was_clicked_and_its_end_gives_the_colours_back(self):
        self.show(search([{"value": 0.9 - row / 100} for row in range(8)]))
        click = """(id) => [...document.querySelectorAll('.grid .row')].find((row) => row.textContent.includes(id)).click()"""
        self.browser.call(click, "e-1")
        self.browser.frames(3)
        self.assertEqual(self.browser.evaluate("location.hash"), "#pin=e-1")
        self.browser.call(click, "e-7")
        self.browser.frames(3)
        self.assertEqual(self.browser.evaluate("location.hash"), "#pin=e-1,e-7")
        for id in ("e-1", "e-7"):
            self.browser.call(click, id)
            self.browser.frames(3)
        self.assertEqual(self.browser.evaluate("location.hash"), "")
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('.grid .row i.pin0').length"), 1)

    def test_a_filter_that_nothing_fulfils_says_what_its_fields_have(self):
        self.show(experiments.data(60))
        hint = "#bar .hint"
        for where, text in [
            ("lr > 5 and act = relu", "No experiment fulfils the filter: lr is "), ("act = Relu", "act is relu or tanh"),
            ("max.test is nan", "nonfinite > 0"), ("valid > 2", "valid is 0."), ("lr in (7, 8)", "lr has other values, "),
            ("reason = CUDA", "reason like '%CUDA%' is fulfilled, for example by CUDA out of memory"), ("status = lost", "status is done"),
        ]:
            self.filter(where)
            self.assertIn(text, self.text(hint), where)
        for where in ["act = relu", "lr is nan", "nosuch = 1", "not act = relu and not act = tanh"]:
            self.filter(where)
            self.assertEqual(self.text(hint), "", where)

    def test_the_order_of_the_table_does_not_change_the_colours(self):
        self.show(experiments.data(60))
        pins = "[...document.querySelectorAll('#compare th bdi, #compare thead bdi')].map((one) => one.textContent)"
        best = self.rows()[:5]
        self.browser.evaluate("document.getElementById('compare').scrollIntoView({ behavior: 'instant' })")
        self.browser.wait_for(f"{pins}.length >= 5")
        found = self.browser.evaluate(pins)
        self.assertEqual([row[1] for row in best], found[:5])
        self.fragment("sort=param.lr")
        self.assertNotEqual([row[1] for row in self.rows()[:5]], found[:5])
        self.assertEqual(self.browser.evaluate(pins), found)

    def test_the_list_of_keys_has_filters_that_are_valid(self):
        self.show(experiments.data(60))
        self.browser.press("?")
        self.browser.wait_for("Boolean(document.querySelector('dialog dt code'))")
        filters = self.browser.evaluate("[...document.querySelectorAll('dialog dt code')].map((one) => one.textContent)")
        self.browser.press("Escape")
        self.assertIn("valid >= best - 0.01", filters)
        for where in filters:
            self.filter(where)
            self.assertEqual(self.text("#bar .error"), "", where)

    def test_a_battery_whose_experiments_all_diverged_says_so_and_a_filter_finds_them(self):
        data = search([{"value": None}] * 3, curves=[(0, ["nan"])])
        data["columns"] = [each for each in data["columns"] if each["name"] != "max.valid"]
        self.show(data)
        self.assertEqual([row[2] for row in self.rows()], ["nan@1", "nan", "nan"])
        self.press("3 diverged")
        self.assertEqual((self.where(), self.matches()), ("valid is nan", "3 of 3"))

    # The filter.

    def test_a_button_adds_a_condition_and_takes_only_its_own_away(self):
        self.show(experiments.data(), "where=lr+%3E+0.05+or+act+%3D+relu")
        self.press("done")
        self.assertEqual(self.where(), "(lr > 0.05 or act = relu) and status = done")
        self.press("failed")
        self.assertEqual(self.where(), "(lr > 0.05 or act = relu) and status = failed")
        self.press("diverged")
        self.press("failed")
        self.assertEqual(self.where(), "(lr > 0.05 or act = relu) and valid is nan")
        self.fragment("where=lr+between+0.001+and+0.1+and+status+%3D+done")
        self.press("done")
        self.assertEqual(self.where(), "lr between 0.001 and 0.1")

    def test_reasons_that_differ_in_numbers_are_one_and_status_is_not_a_hyper_parameter(self):
        reasons = ["tried 5.00 GiB", "tried 7.00 GiB", "it's\nover", "x"]
        results = [{"value": None, "reason": reason} for reason in reasons]
        names = [("param.status", {"numbers": [1, 2, 3, 4]}), ("meta.reason", {"texts": ["a", "b", "c", "d"]})]
        self.show(search(results, params=names))
        self.press("4 failed")
        self.assertEqual((self.where(), self.matches()), ("hypero.status = failed", "4 of 4"))
        self.browser.evaluate("document.getElementById('running').scrollIntoView({ behavior: 'instant' })")
        self.browser.wait_for("Boolean(document.querySelector('#running h3'))")
        lines = self.text("#running ul").splitlines()
        self.assertIn("2 × tried … GiB", lines[0])
        for place, count in enumerate([2, 1, 1]):
            self.fragment("where=lr+%3E%3D+0")
            self.browser.evaluate(f"document.querySelectorAll('#running ul .link')[{place}].click()")
            self.browser.frames(3)
            self.assertEqual(self.matches(), f"{count} of 4", self.where())

    def test_the_best_under_a_filter_is_told_from_the_best_of_all(self):
        self.show(experiments.data(), "where=rank+%3E+3")
        self.assertRegex(self.text("#best"), r"those of all 60 experiments\. The best of the \d+ with [^:]+: p\d+-1 with 0\.")
        self.assertIn("The best is that of the filtered experiments.", self.text("#table > p:last-child"))
        self.fragment("")
        self.assertNotIn("fulfil", self.text("#best"))

    # Columns.

    def test_names_with_commas_sort_group_and_stay_in_the_columns(self):
        names = [("param.a, b", {"numbers": [3, 1, 2]}), ("param.50%2C", {"numbers": [1, 2, 3]})]
        data = search([{"value": 0.9}, {"value": 0.8}, {"value": 0.7}], params=names)
        self.show(data)
        self.press("a, b", "#table .head")
        self.assertEqual([row[1] for row in self.rows()], ["e-2", "e-3", "e-1"])
        for name in ("a, b", "50%2C"):
            self.browser.call("""(name) => {
                const select = document.querySelector("#table select");
                select.selectedIndex = [...select.options].findIndex((each) => each.text === name);
                select.dispatchEvent(new Event("change"));
            }""", name)
            self.assertEqual(len(self.rows()), 3, name)
        address = self.browser.evaluate("location.href")
        self.browser.open("about:blank")
        self.browser.open(address)
        self.assertEqual(len(self.rows()), 3)
        self.fragment("group=param.nope")
        self.assertIn("No column is called param.nope.", self.text("#table > p:last-child"))

    def test_a_tick_in_the_menu_of_columns_keeps_the_other_columns(self):
        titles = "[...document.querySelectorAll('#table .head button')].map((each) => each.innerText)"
        data = search([{"value": 0.9}, {"value": 0.8}], params=[("meta.host, name", {"texts": ["u", "v"]})])
        self.show(data)
        before = self.browser.evaluate(titles)
        self.assertIn("curve", before)
        self.browser.evaluate("""(() => {
            const search = document.querySelector("#table .menu input");
            search.value = "host";
            search.dispatchEvent(new Event("input"));
            document.querySelector("#table .list input").click();
        })()""")
        self.browser.frames(3)
        self.assertEqual(self.browser.evaluate(titles), [*before, "host, name"])
        self.browser.evaluate("document.querySelector('#table .list input').click()")
        self.browser.frames(3)
        self.assertEqual(self.browser.evaluate(titles), before)

    # Files and paper.

    def test_files_have_all_digits_nan_and_times_with_a_zone(self):
        wholes = ["12345678901234567891", "12345678901234567892"]
        names = [("param.big", {"texts": wholes}), ("param.text", {"texts": ['"10"', "[64, 32]"]})]
        self.show(search([{"value": 0.9}, {"value": None}], params=names))
        self.assertIn(wholes[0], self.rows()[0])
        rows = self.file("JSON", "jsonl")
        self.assertIn(f'"param.big":{wholes[1]},"param.text":[64, 32]', rows[1])
        self.assertEqual([json.loads(row)["max.valid"] for row in rows], [0.9, "nan"])
        self.assertEqual(json.loads(rows[0])["param.text"], "10")
        head, *lines = self.file("CSV", "csv")
        cells = dict(zip(head.split(","), lines[0].split(",")))
        self.assertEqual((cells["experiment"], cells["param.text"]), ("e-1", "10"))
        self.assertRegex(cells["updated"], r"^2026-\d\d-\d\dT[\d:]+\.\d{3}Z$")
        self.assertIn("e-2,nan,", lines[1])
        self.press("All columns", "#table")
        self.assertIn("started,", self.file("CSV", "csv")[0])

    def test_a_file_for_a_spreadsheet_has_no_formulas_and_json_has_empty_texts(self):
        texts = ["=1+1", "+1+cmd|x", "@SUM(1)", "-x", " =2", "-0.5", "", "-inf"]
        self.show(search([{"value": 0.9 - row / 100} for row in range(8)], params=[("param.note", {"texts": texts})]))
        head, *lines = self.file("CSV", "csv")
        place = head.split(",").index("param.note")
        self.assertEqual([line.split(",")[place] for line in lines],
                         ["'=1+1", "'+1+cmd|x", "'@SUM(1)", "'-x", "' =2", "-0.5", "", "'-inf"])
        self.assertEqual([json.loads(row)["param.note"] for row in self.file("JSON", "jsonl")], texts[:5] + [-0.5, "", "-inf"])

    def test_numbers_are_before_words_and_missing_values_are_last(self):
        texts = ["10", "9", "1a", "2", '"5"', "nan", "null", None, "", "inf", "16-mixed"]
        data = search([{"value": 0.9 - row / 100} for row in range(len(texts))], params=[("param.p", {"texts": texts})])
        data["columns"] = [each for each in data["columns"] if each["name"] not in ("param.lr", "param.seed")]
        self.show(data, "sort=param.p&cols=param.p")
        self.assertEqual([row[2] for row in self.rows()][:8], ["2", '"5"', "9", "10", "inf", "", "16-mixed", "1a"])
        self.fragment("sort=-param.p&cols=param.p,param.p")
        self.assertEqual([row[2] for row in self.rows()][:8], ["1a", "16-mixed", "", "inf", "10", "9", '"5"', "2"])

    def test_an_address_with_foreign_keys_and_values_is_the_page_without_them(self):
        self.show(experiments.data(20), "toString=1&__proto__=x&smooth=abc&y=x&theme=evil&from=a&diff=7&sort=param.lr")
        self.browser.evaluate("document.getElementById('curves').scrollIntoView({ behavior: 'instant' })")
        self.browser.wait_for("Boolean(document.querySelector('#curves .plot text'))")
        self.fragment("sort=param.act&smooth=abc")
        self.assertEqual(self.browser.evaluate("document.querySelector('#curves output').textContent.trim()"), "0")
        self.browser.evaluate("document.querySelector('#table .head button:nth-child(3)').click()")
        self.browser.frames(3)
        self.assertNotIn("abc", self.browser.evaluate("location.hash"))

    def test_the_printed_table_has_the_first_hundred_rows(self):
        self.show(experiments.data(120, more=30))
        self.browser.pdf(landscape=True)
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('.print-only tbody tr').length"), 100)
        caption = self.browser.evaluate("document.querySelector('.print-only caption').textContent")
        self.assertRegex(caption, r"^The first 100 of 120\. Not printed: .*p29")

    def test_the_time_of_the_page_has_its_zone(self):
        with Browser(time_zone="America/New_York") as browser:
            browser.open(PAGE)
            browser.wait_for("document.querySelector('#age').textContent.includes('GMT')")
            self.assertRegex(browser.evaluate("document.querySelector('#age').textContent"), r"GMT-0[45]00, as all times")
