"""The filter of the page: the same filters, rows and errors as in Swift."""

import json
import random
import unittest

import page
from browser import Browser

DOCUMENT = json.loads((page.FIXTURES / "filters.json").read_text(encoding="utf-8"))
# The fields of every experiment, by the names that the page has for them.
FIELDS = {name: name for name in ["started", "updated", "epochs", "seed", "host", "reason", "pid", "attempt", "nonfinite"]}
FIELDS["epoch"] = "max.epoch"

# Returns the ids of the rows that fulfil a filter, or its error.
RESULT = """(text, isLenient) => {
    try {
        const matches = Filter.compile(text, isLenient);
        const rows = [];
        for (let row = 0; row < Data.rows; row += 1) if (!matches || matches(row)) rows.push(Data.id(row));
        return { rows };
    } catch (error) {
        if (error instanceof Error) throw error;
        return { error };
    }
}"""
RESULTS = f"(filters) => filters.map(([text, isLenient]) => ({RESULT})(text, isLenient))"


def texts(name, kind, values):
    return {"name": name, "kind": kind, "values": {"texts": values}}


def numbers(name, kind, values):
    return {"name": name, "kind": kind, "values": {"numbers": values}}


def data(columns, rows, *, channels=(), now=0, directions=None):
    """Returns the data of a page, as Data.load reads them."""
    battery = {"ids": [], "objective": "valid", "direction": "max", "directions": directions or {}}
    return {
        "now": now, "live": False, "battery": battery, "total": rows, "rows": rows, "columns": columns,
        "curves": {"channels": list(channels), "lines": []},
    }


def golden_data():
    """Returns the experiments of filters.json as the data of a page."""
    experiments = DOCUMENT["experiments"]
    columns = [texts(name, "attribute", [each[name] for each in experiments]) for name in ["id", "battery", "status"]]
    for name, key in [("version", "version"), ("seen", "last_seen"), ("rank", "rank")]:
        columns.append(numbers(name, "attribute", [each[key] for each in experiments]))
    for name, field in FIELDS.items():
        columns.append(texts(name, "attribute", [each["fields"].get(field) for each in experiments]))
    for name in DOCUMENT["columns"]:
        kind = name.split(".")[0]
        if kind != "curve":
            columns.append(texts(name, kind, [each["fields"].get(name) for each in experiments]))
    channels = [name.removeprefix("curve.") for name in DOCUMENT["columns"] if name.startswith("curve.")]
    return data(columns, len(experiments), channels=channels, now=DOCUMENT["now"], directions={"loss": "min"})


def utf16(text, offset):
    """Returns the index in UTF-16 of an offset in UTF-8."""
    return len(text.encode()[:offset].decode(errors="ignore").encode("utf-16-le")) // 2


class FilterTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.browser = Browser(time_zone=DOCUMENT["time_zone"])
        cls.addClassCleanup(cls.browser.close)
        cls.browser.open_html(page.html(page.FILTER))

    def setUp(self):
        self.browser.call("(json) => Data.load(json)", golden_data())

    def tearDown(self):
        self.assertEqual(self.browser.exceptions, [])
        self.assertEqual(self.browser.messages, [])
        self.assertEqual(len(self.browser.requests), 1, "a script of the page has requested something")

    def results(self, expressions, is_lenient=False):
        return self.browser.call(RESULTS, [[each, is_lenient] for each in expressions])

    def rows(self, expression):
        result = self.results([expression])[0]
        self.assertIn("rows", result, expression)
        return result["rows"]

    def complete(self, text, caret=None):
        return self.browser.call("(text, caret) => Filter.complete(text, caret)", text, len(text) if caret is None else caret)

    def test_each_filter_of_the_golden_file_has_its_rows_or_its_error(self):
        entries = DOCUMENT["filters"]
        self.assertGreaterEqual(len(entries), 460)
        found = self.browser.call(RESULTS, [[each["expression"], each.get("lenient", False)] for each in entries])
        for entry, result in zip(entries, found):
            text = entry["expression"]
            with self.subTest(text[:80]):
                if "rows" in entry:
                    self.assertEqual(result, {"rows": entry["rows"]})
                    continue
                error = result["error"]
                place = {"start": utf16(text, entry["error"]["from"]), "end": utf16(text, entry["error"]["to"])}
                self.assertEqual(error, {**entry["error"], **place})

    def test_offsets_of_errors_are_within_the_text_whatever_is_cut_from_a_filter(self):
        parts = set()
        for entry in DOCUMENT["filters"]:
            text = entry["expression"]
            if len(text) < 200:
                parts.update(part for index in range(len(text)) for part in [text[index:], text[:index]])
        parts = sorted(parts)
        self.assertGreater(len(parts), 10_000)
        for text, result in zip(parts, self.results(parts)):
            error = result.get("error")
            if error:
                length = len(text.encode("utf-16-le")) // 2
                self.assertTrue(0 <= error["from"] <= error["to"] <= len(text.encode()), text)
                self.assertTrue(0 <= error["start"] <= error["end"] <= length, text)

    def test_an_empty_filter_has_no_function(self):
        self.assertTrue(self.browser.evaluate("Filter.compile('') === null && Filter.compile(' ') === null"))

    def test_names_and_values_that_objects_of_javascript_have_are_ordinary_ones(self):
        hostile = ["__proto__", "constructor", "toString", "hasOwnProperty"]
        columns = [texts("id", "attribute", ["a-1", "a-2"])]
        columns += [texts(f"param.{name}", "param", [name, "other"]) for name in hostile]
        self.browser.call("(json) => Data.load(json)", data(columns, 2))
        for name in hostile:
            with self.subTest(name):
                self.assertEqual(self.rows(f"{name} = '{name}'"), ["a-1"])
                self.assertEqual(self.rows(f"{name} in ({name.upper()}, other)"), ["a-2"])
                for text in [f"id ~ '[[:{name}:]]'", f"id {name} 1", f"id.{name}(1)", f"{name}x.y = 1", f"id is {name}"]:
                    self.assertIn("error", self.results([text])[0], text)

    def test_numbers_are_compared_alike_however_they_are_stored(self):
        stored = ["0.5", "1e-05", None, "nan", "inf", "auto", "007", "\"3\"", "[1,9]"]
        ids = [str(index) for index in range(len(stored))]
        columns = [texts("id", "attribute", ids), texts("param.x", "param", stored)]
        self.browser.call("(json) => Data.load(json)", data(columns, len(stored)))
        self.assertEqual(self.rows("x < 0.1"), ["1"])
        self.assertEqual(self.rows("x > 2"), ["4", "7", "8"])
        self.assertEqual(self.rows("x != 0.5"), ["1", "4", "5", "6", "7", "8"])
        self.assertEqual(self.rows("x = 7"), [])
        self.assertEqual(self.rows("x = 007"), ["6"])
        self.assertEqual(self.rows("x like '1e-05'"), ["1"])
        self.assertEqual(self.rows("x is nan"), ["3"])
        self.assertEqual(self.rows("x is null"), ["2"])

    def test_the_text_of_a_number_is_that_of_redis(self):
        columns = [texts("id", "attribute", ["a", "b"]), numbers("param.x", "param", [1e-05, 1e16])]
        self.browser.call("(json) => Data.load(json)", data(columns, 2))
        self.assertEqual(self.rows("x ~ '^1e-05$'"), ["a"])
        self.assertEqual(self.rows("x like '1e+16'"), ["b"])

    def test_patterns_need_no_exponential_time(self):
        values = ["a" * 4000, "ab" * 2000, "a" * 4000 + "b"]
        columns = [texts("id", "attribute", ["x-1", "x-2", "x-3"]), texts("param.t", "param", values)]
        self.browser.call("(json) => Data.load(json)", data(columns, 3))
        self.assertEqual(self.rows("t ~ '^(a*)*b$'"), ["x-3"])
        self.assertEqual(self.rows("t ~ '(a|b)*a(a|b){20}c'"), [])
        self.assertEqual(self.rows("t ~ '(x+x+)+y|^(a|aa)+$'"), ["x-1"])
        self.assertEqual(self.rows("t like '%a%a%a%a%a%a%a%a%a%a%c'"), [])
        # The first 4 KiB of a text are matched.
        self.browser.call("(json) => Data.load(json)", data([texts("id", "attribute", ["a" * 4096 + "b"])], 1))
        self.assertEqual(self.rows("id ~ 'b'"), [])
        self.assertEqual(self.rows("id ~ 'a$'"), [])

    def test_a_pattern_that_takes_too_long_is_an_error_and_no_page_that_stands_still(self):
        letters = random.Random(7)
        values = ["".join(letters.choice("abk") for _ in range(4000)) for _ in range(300)]
        columns = [texts("id", "attribute", [f"x-{row}" for row in range(300)]), texts("meta.config", "meta", values)]
        self.browser.call("(json) => Data.load(json)", data(columns, 300))
        found = self.browser.call("""(where) => {
            const matches = Filter.compile(where);
            try {
                for (let row = 0; row < Data.rows; row += 1) matches(row);
            } catch (error) {
                return error.message;
            }
            return null;
        }""", "config ~ 'k.{100}k.{100}q'")
        self.assertEqual(found, "the pattern takes too long here: its repetitions and the texts are long")
        # A pattern of like needs no states.
        self.assertEqual(self.rows("config like '" + "%a" * 200 + "%q'"), [])
        self.assertEqual(self.rows("config like '%" + "_" * 1500 + "zz%'"), [])

    def test_values_of_any_depth_are_values(self):
        depths = [2_000, 100_000]
        values = ["[" * depth + "]" * depth for depth in depths]
        columns = [texts("id", "attribute", ["x-1", "x-2"]), texts("param.t", "param", values)]
        self.browser.call("(json) => Data.load(json)", data(columns, 2))
        self.assertEqual(self.rows(f"t = '{values[0]}'"), ["x-1"])
        self.assertEqual(self.rows("t like '[[[%'"), ["x-1", "x-2"])
        self.assertEqual(self.rows("t = x"), [])

    def test_all_rows_count_that_come_after_a_change(self):
        self.browser.evaluate("Data.apply([{ columns: ['max.valid', 'param.opt'], rows: [['new-1', 0.99, 'lion']] }], {}), null")
        self.assertEqual(self.rows("valid > 0.985 and opt = lion"), ["new-1"])
        self.assertEqual(self.rows("valid = best"), ["new-1"])

    def test_completions_are_names_in_the_form_that_the_filter_needs(self):
        self.assertEqual(self.complete("va"), {"from": 0, "to": 2, "names": ["valid"]})
        self.assertEqual(self.complete("`lr")["names"], ["lr", "`lr decay`"])
        self.assertEqual(self.complete("lr < 1 and lr d")["names"], [])
        self.assertEqual(self.complete("lr < 1 and DECAY"), {"from": 11, "to": 16, "names": ["`lr decay`"]})
        self.assertEqual(self.complete("warm")["names"], ["param.warmup", "max.warmup", "warm"])
        self.assertEqual(self.complete("config.lr")["names"], ["config.lr", "config.`lr decay`"])
        self.assertEqual(self.complete("param.`lr")["names"], ["param.lr", "param.`lr decay`"])
        self.assertEqual(self.complete("hypero.see")["names"], ["hypero.seen", "hypero.seed"])
        self.assertEqual(self.complete("0.9 < vali")["names"], ["valid"])
        # The rest of the word is replaced too.
        self.assertEqual(self.complete("valid > 0.9", 2), {"from": 0, "to": 5, "names": ["valid"]})

    def test_completions_are_those_of_their_place(self):
        self.assertEqual(self.complete("valid > ")["names"], ["best"])
        self.assertEqual(self.complete("status in (done, f")["names"], ["failed"])
        self.assertEqual(self.complete("(valid > 0.9 ")["names"], ["and", "or", ")"])
        self.assertEqual(self.complete("valid b")["names"], ["between"])
        self.assertEqual(self.complete("valid is not n")["names"], ["null", "nan"])
        self.assertEqual(self.complete("valid between 1 ")["names"], ["and"])
        self.assertEqual(self.complete("valid > 0.9 & ")["names"], [])

    def test_each_name_of_a_completion_is_understood(self):
        names = self.complete("")["names"]
        self.assertGreater(len(names), 50)
        for name in names:
            if name != "not":
                with self.subTest(name):
                    self.rows(f"{name} is not null")
        for name in DOCUMENT["columns"]:
            if not name.startswith("curve."):
                with self.subTest(name):
                    self.rows(f"{self.browser.call('(name) => Filter.quoted(name)', name)} is null")


if __name__ == "__main__":
    unittest.main()
