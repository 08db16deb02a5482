"""Rows as a table."""

import json
import os
import pickle
import unittest
from unittest import mock

import hypero


def row(rank, **values):
    return {
        "rank": rank, "experiment": f"abc-{rank}", "battery": "b.v1.0", "name": "b", "version": 1, "value": 1 / rank,
        "status": "done", "epoch": rank, "last_seen": 1, "maxima": {"valid": 1 / rank, "train": 0.5, "test": rank},
        "params": {"bs": 64, "lr": 0.1 ** rank, "hidden": [rank]}, "meta": {"path": "/data"}, **values}


class TableTests(unittest.TestCase):
    def text(self, rows, width=None):
        with mock.patch.dict(os.environ, {"COLUMNS": str(width)} if width else {}):
            if not width:
                os.environ.pop("COLUMNS", None)
            return repr(hypero.Rows(rows))

    def test_rows_stay_a_list_of_dicts(self):
        rows = hypero.Rows([row(1), row(2), row(3)])
        rows.notes = "a note"
        self.assertEqual(rows, [row(1), row(2), row(3)])
        self.assertEqual(json.loads(json.dumps(rows)), rows)
        self.assertEqual(rows[-1]["rank"], 3)
        part = rows[1:]
        self.assertEqual((type(part), part, part.notes), (hypero.Rows, rows[1:], "a note"))
        copy = pickle.loads(pickle.dumps(rows))
        self.assertEqual((copy, copy.notes), (rows, "a note"))
        self.assertEqual(self.text([]), "no rows")
        self.assertEqual(self.text([1]), "[1]")

    def test_a_ranking_has_its_values_the_params_that_differ_and_the_other_maxima(self):
        lines = self.text([row(1), row(2)]).splitlines()
        self.assertEqual(lines[0].split(), ["rank", "experiment", "value", "status", "epoch", "hidden", "lr", "test", "train"])
        self.assertEqual(lines[2].split(), ["2", "abc-2", "0.5", "done", "2", "[2]", "0.01", "2", "0.5"])
        self.assertEqual(lines[3], "same in all rows: bs 64")
        self.assertEqual(len({len(line) for line in lines[:3]}), 1)
        self.assertIn("battery", self.text([row(1), row(2, battery="b.v2.1")]))
        self.assertIn("no memory", self.text([row(1, reason="no memory")]))
        self.assertIn(" bs ", self.text([row(1)]))

    def test_a_narrow_terminal_hides_columns_and_says_which(self):
        lines = self.text([row(1), row(2)], 36).splitlines()
        self.assertEqual(lines[0].split(), ["rank", "experiment", "value", "status"])
        self.assertEqual(
            " ".join(lines[3:]), "same in all rows: bs 64 5 columns left out: epoch, hidden, lr, test, train. to_pandas() has all")
        for width in range(1, 120):
            lines = self.text([row(1), row(2, status="\u65e5\u672c" * 30)], width).splitlines()
            self.assertTrue(all(len(line) <= width for line in lines if width > 20), width)
            self.assertGreaterEqual(len(lines), 3)

    def test_numbers_are_short_and_stay_different(self):
        values = [0.123456789012, 0.1234567891, 1e-12, 0.99999999, 123456789, float("nan"), None, "nan"]
        lines = self.text([{"channel": "c", "value": value} for value in values]).splitlines()[1:]
        shown = [line.split()[1] for line in lines]
        self.assertEqual(shown, ["0.123456789", "0.1234567891", "1e-12", "0.99999999", "123456789", "nan", "-", "nan"])
        self.assertEqual(self.text([{"value": 1 / 3}]).split(), ["value", "0.333333"])
        self.assertEqual(self.text([{"value": True}, {"value": {}}]).split(), ["value", "true", "{}"])

    def test_texts_are_escaped_and_measured(self):
        lines = self.text([{"name": "a\x1b[2J\n\u202eb\ud800", "x": 1}, {"name": "\u65e5\u672c e\u0301", "x": 2}]).splitlines()
        self.assertEqual(lines, [
            "name                     x", r"a\x1b[2J\n\u202eb\ud800  1", "\u65e5\u672c e\u0301" + " " * 17 + "  2"])
        self.assertNotIn("x" * 41, self.text([{"name": "x" * 500}]))
        self.assertIn("400 more rows", self.text([{"x": index} for index in range(500)]))

    def test_a_notebook_gets_escaped_html(self):
        page = hypero.Rows([row(1, status="<b>&\x1b"), row(2)])._repr_html_()
        self.assertIn("<td>&lt;b&gt;&amp;\\x1b</td>", page)
        self.assertIn("<p>same in all rows: bs 64</p>", page)
        self.assertEqual(page.count("<tr>"), 3)
        self.assertEqual(hypero.Rows()._repr_html_(), "<p>no rows</p>")

    def test_batteries_have_their_best_first_and_times_as_text(self):
        text = self.text([{
            "id": "b.v1.0", "name": "b", "version": 1, "description": "", "objective": "valid", "direction": "max",
            "created": 1763899200000, "updated": 1763899200000, "experiments": 3, "best": 0.5, "best_experiment": "abc-1",
            "best_status": "done"}])
        self.assertEqual(text.split()[:5], ["name", "version", "description", "experiments", "best"])
        self.assertRegex(text, r"2025-11-2\d \d\d:\d\d:\d\d")


if __name__ == "__main__":
    unittest.main()
