"""The queries by hypero-query."""

import os
import tempfile
import unittest
import unittest.mock

import hypero
from support import ServerTestCase


class QueryTests(ServerTestCase):
    def setUp(self):
        super().setUp()
        self.experiments = []
        for index in range(4):
            experiment = self.battery.experiment()
            experiment.params(lr=index, size=[index])
            if index < 3:
                experiment.log(1, valid=index / 4, train=1 - index)
                experiment.finish()
            else:
                experiment.fail("no memory")
            self.experiments.append(experiment.id)
        self.assertTrue(self.client.flush(timeout=30))

    def query(self, function, *arguments, **options):
        return function(*arguments, redis=self.server.url, **options)

    def test_rank_has_the_best_first(self):
        rows = self.query(hypero.rank, self.id())
        self.assertEqual([row["experiment"] for row in rows], self.experiments[2::-1])
        self.assertEqual(rows[0]["params"], {"lr": 2, "size": [2]})
        self.assertIn("1", rows.notes)
        self.assertEqual(len(self.query(hypero.rank, self.id(), limit=1, version=1)), 1)
        self.assertEqual(self.query(hypero.rank, self.id(), by="train")[0]["value"], 1)
        self.assertEqual(self.query(hypero.rank, self.id(), best_of="train", ascending=True)[0]["value"], -1)
        self.assertEqual(self.query(hypero.rank, self.id(), status=["failed", "stopped"]), [])

    def test_a_filter_leaves_experiments_out(self):
        rows = self.query(hypero.rank, self.id(), where="lr < 2 and valid >= 0")
        self.assertEqual([row["experiment"] for row in rows], self.experiments[1::-1])
        rows = self.query(hypero.experiments, self.id(), where="-1 < lr and status = failed")
        self.assertEqual([row["experiment"] for row in rows], self.experiments[3:])
        self.assertEqual(self.query(hypero.rank, self.id(), where="nothing > 1", lenient=True), [])
        with self.assertRaisesRegex(hypero.QueryError, r"^no field is called vaild. do you mean valid\?") as caught:
            self.query(hypero.rank, self.id(), where="vaild > 1")
        self.assertEqual(caught.exception.code, 64)

    def test_the_other_queries_return_their_rows(self):
        self.assertEqual([row["experiment"] for row in self.query(hypero.experiments, self.id())], self.experiments[::-1])
        failed = self.query(hypero.experiments, self.id(), status="failed", unranked=True)
        self.assertEqual([(row["experiment"], row["reason"]) for row in failed], [(self.experiments[3], "no memory")])
        self.assertIn(self.id(), [row["name"] for row in self.query(hypero.batteries)])
        self.assertEqual(self.query(hypero.show, self.experiments[0])["params"]["lr"], 0)
        self.assertEqual(self.query(hypero.status)["partitions"][0]["dead"], 0)
        self.assertEqual(self.query(hypero.dead), [])

    def test_a_report_is_a_page_that_shows_itself_in_a_notebook_without_reaching_it(self):
        report = self.query(hypero.report, self.id(), where="lr < 2")
        self.assertTrue(report.html.startswith("<!doctype html>"))
        self.assertIn(self.experiments[1], report.html)
        self.assertNotIn(self.experiments[2], report.html)
        frame = report._repr_html_()
        self.assertIn('<iframe sandbox="allow-scripts allow-downloads"', frame)
        self.assertEqual(frame.count("<"), 2)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "page.html")
            report.save(path)
            with open(path, encoding="utf-8", newline="") as file:
                self.assertEqual(file.read(), report.html)
        with self.assertRaises(hypero.QueryError) as caught:
            self.query(hypero.report, "no such battery")
        self.assertEqual(caught.exception.code, 3)

    def test_partitions_that_do_not_answer_are_in_the_notes(self):
        with tempfile.TemporaryDirectory() as folder:
            program = os.path.join(folder, "hypero-query")
            with open(program, "w") as file:
                file.write("#!/bin/sh\necho '{\"value\":1}'\necho 'hypero-query: {hypero:1} is left out: no reply' >&2\nexit 2\n")
            os.chmod(program, 0o755)
            with unittest.mock.patch.dict(os.environ, HYPERO_BIN_DIR=folder), self.assertLogs("hypero", "WARNING"):
                rows = self.query(hypero.rank, "digits")
        self.assertEqual(rows, [{"value": 1}])
        self.assertEqual(rows.notes, "{hypero:1} is left out: no reply")

    def test_a_failure_has_the_message_and_the_code_of_the_program(self):
        with self.assertRaises(hypero.QueryError) as caught:
            self.query(hypero.rank, "no such battery")
        self.assertEqual(caught.exception.code, 3)
        self.assertIn("no such battery", str(caught.exception))
        with self.assertRaises(hypero.QueryError) as caught:
            hypero.batteries(redis=f"unix://{self.server.folder}/nothing.sock")
        self.assertEqual(caught.exception.code, 4)
        with self.assertRaises(hypero.QueryError) as caught:
            self.query(hypero.rank, self.id(), limit=0)
        self.assertEqual(caught.exception.code, 64)

    def test_handles_and_rows_stand_for_their_ids_and_anything_else_is_refused(self):
        row = next(row for row in self.query(hypero.batteries) if row["name"] == self.id())
        for battery in (self.battery, self.battery.id, row):
            self.assertEqual(len(self.query(hypero.rank, battery)), 3)
            self.assertEqual(len(self.query(hypero.experiments, battery)), 4)
        ranked = self.query(hypero.rank, self.battery)
        with self.battery.experiment() as experiment:
            experiment.log(1, valid=0)
        self.client.flush(timeout=30)
        self.assertEqual(self.query(hypero.show, experiment)["experiment"], experiment.id)
        self.assertEqual(self.query(hypero.show, ranked[0])["experiment"], ranked[0]["experiment"])
        for battery in (5, None, ranked[0], experiment):
            with self.assertRaisesRegex(TypeError, "a battery must be a name or id, a Battery, or a row of batteries"):
                self.query(hypero.rank, battery)
        for experiment in (None, 5, row, self.battery):
            with self.assertRaisesRegex(TypeError, "an experiment must be an id, an Experiment, or a row of rank"):
                self.query(hypero.show, experiment)
        with self.assertRaisesRegex(TypeError, "ascending must be True, False or None, not 'no'"):
            self.query(hypero.rank, self.battery, ascending="no")

    def test_notes_are_logged_and_kept(self):
        with self.assertLogs("hypero", "WARNING") as logged:
            rows = self.query(hypero.rank, self.id())
        self.assertEqual([record.getMessage() for record in logged.records], [f"rank: {rows.notes}"])
        self.assertIn(f"hypero.experiments({self.id()!r}, unranked=True)", rows.notes)
        self.assertEqual(rows[:2].notes, rows.notes)
        unranked = self.query(hypero.experiments, self.id(), unranked=True, by="train")
        self.assertEqual([row["status"] for row in unranked], ["failed"])

    def test_messages_name_the_parameters_of_python(self):
        for options, error in (
            ({"limit": 0}, "^limit= must be between 1 and 100000, not 0$"), ({"version": 7}, "Try version=1$"),
            ({"by": "a", "best_of": "b"}, "^by= and best_of= must not be combined$"),
            ({"version": 1.5}, "is invalid for version=$"),
            ({"status": "ended"}, "^status= must be one of .* not 'ended'$"),
        ):
            with self.subTest(options), self.assertRaisesRegex(hypero.QueryError, error):
                self.query(hypero.rank, self.id(), **options)

    def test_curves_are_rows_of_one_value_each(self):
        experiment = self.battery.experiment()
        experiment.log(1, valid=0.5)
        experiment.log(2, {"loss/train": float("nan")}, valid=0.25)
        experiment.finish()
        self.client.flush(timeout=30)
        rows = self.query(hypero.curves, experiment, "valid")
        self.assertIsInstance(rows, hypero.Rows)
        self.assertEqual(rows, [
            {"experiment": experiment.id, "epoch": epoch, "channel": "valid", "value": value}
            for epoch, value in ((1, 0.5), (2, 0.25))])
        rows = self.query(hypero.curves, experiment.id)
        self.assertEqual(sorted((row["channel"], row["epoch"]) for row in rows), [("loss/train", 2), ("valid", 1), ("valid", 2)])
        self.assertNotEqual(*[row["value"] for row in rows if row["channel"] == "loss/train"] * 2)
        with self.assertRaisesRegex(hypero.QueryError, "channel not found: 'test'. Experiment .* has: ") as caught:
            self.query(hypero.curves, experiment, "test")
        self.assertEqual(caught.exception.code, 3)

    def test_an_export_has_all_experiments_with_the_columns_that_are_asked_for(self):
        rows = self.query(hypero.export, self.id())
        self.assertIsInstance(rows, hypero.Rows)
        self.assertEqual([row["experiment"] for row in rows], self.experiments)
        self.assertEqual([row["status"] for row in rows], ["done"] * 3 + ["failed"])
        self.assertEqual((rows[2]["max.valid"], rows[2]["param.lr"], rows[2]["param.size"]), (0.5, 2, [2]))
        self.assertEqual((rows[3]["max.valid"], rows[3]["reason"]), (None, "no memory"))
        some = self.query(
            hypero.export, self.battery, params="l*", metas=[], maxima=["valid"], order_by="valid", desc=True, version=1)
        self.assertEqual([row["experiment"] for row in some], [*self.experiments[2::-1], self.experiments[3]])
        self.assertEqual([key for key in some[0] if "." in key], ["max.valid", "param.lr"])
        self.assertEqual(
            [key for key in self.query(hypero.export, self.id(), params=["size", "lr"])[0] if key.startswith("param.")],
            ["param.size", "param.lr"])
        self.assertEqual(self.query(hypero.export, self.id(), order_by="lr")[3]["param.lr"], 3)
        self.assertEqual(
            [row["param.lr"] for row in self.query(hypero.export, self.id(), where="lr >= 1 and status = done")], [1, 2])
        with self.assertRaisesRegex(hypero.QueryError, "column not found: 'nothing'") as caught:
            self.query(hypero.export, self.id(), order_by="nothing")
        self.assertEqual(caught.exception.code, 3)
        with self.assertRaisesRegex(hypero.QueryError, "^version not found: 7.*Try version=1$"):
            self.query(hypero.export, self.id(), version=7)
        with self.assertRaisesRegex(hypero.QueryError, "^wide= needs curves=$"):
            self.query(hypero.export, self.id(), wide=True)

    def test_an_export_may_have_names_with_commas_and_values_that_are_no_numbers(self):
        battery = self.client.battery(f"{self.id()} odd")
        with battery.experiment() as experiment:
            experiment.params({"a,b": 1, 'c"d': 2, "e": "nan"})
            experiment.log(1, {"loss": float("nan"), "gain": float("-inf")}, valid=1)
        self.client.flush(timeout=30)
        row = self.query(hypero.export, battery, params=["a,b", 'c"d', "e"])[0]
        self.assertEqual([(key, row[key]) for key in row if key.startswith("param.")], [
            ("param.a,b", 1), ('param.c"d', 2), ("param.e", "nan")])
        self.assertNotEqual(row["max.loss"], row["max.loss"])
        self.assertEqual(row["max.gain"], float("-inf"))

    def test_an_export_of_curves_has_one_row_per_value_or_per_epoch(self):
        rows = self.query(hypero.export, self.id(), curves=True, maxima="valid")
        self.assertEqual(rows, [
            {"experiment": experiment, "epoch": 1, "channel": "valid", "value": index / 4}
            for index, experiment in enumerate(self.experiments[:3])])
        wide = self.query(hypero.export, self.id(), curves=True, wide=True)
        self.assertEqual([(row["epoch"], row["curve.train"], row["curve.valid"]) for row in wide], [
            (1, 1 - index, index / 4) for index in range(3)])

    def test_a_name_may_look_like_an_option(self):
        name = "--limit"
        with self.client.battery(name).experiment() as experiment:
            experiment.log(1, valid=1)
        self.client.flush(timeout=30)
        self.assertEqual(self.query(hypero.rank, name)[0]["experiment"], experiment.id)

    def test_a_text_may_have_the_line_separators_of_unicode(self):
        text = "a\u2028b\u2029c\x85d\x1ce\vf\r\ng"
        with self.client.battery(text.split("\x85")[0]).experiment() as experiment:
            experiment.meta(note=text)
            experiment.log(1, {"channel\u2028": 1}, valid=1)
        self.client.flush(timeout=30)
        self.assertEqual(self.query(hypero.show, experiment.id)["meta"]["note"], text)
        row = self.query(hypero.rank, "a\u2028b\u2029c")[0]
        self.assertEqual(row["maxima"], {"channel\u2028": 1, "valid": 1})

    def test_a_missing_program_is_named_with_its_places(self):
        os.environ["HYPERO_BIN_DIR"], before = "/nowhere", os.environ.get("HYPERO_BIN_DIR")
        try:
            with self.assertRaisesRegex(FileNotFoundError, "hypero-query: not found in HYPERO_BIN_DIR, /nowhere"):
                self.query(hypero.batteries)
        finally:
            del os.environ["HYPERO_BIN_DIR"]
            if before is not None:
                os.environ["HYPERO_BIN_DIR"] = before

    def test_rows_become_a_table_of_pandas(self):
        try:
            import pandas
        except ImportError:
            self.skipTest("pandas is not installed")
        self.assertEqual(list(self.query(hypero.curves, self.experiments[0]).to_pandas()["channel"].unique()), ["train", "valid"])
        table = self.query(hypero.rank, self.id()).to_pandas()
        self.assertIsInstance(table, pandas.DataFrame)
        self.assertEqual(list(table["maxima.valid"]), [0.5, 0.25, 0])
        self.assertEqual(list(table["params.lr"]), [2, 1, 0])
        exported = self.query(hypero.export, self.id(), maxima=["valid"]).to_pandas()
        self.assertEqual(exported["max.valid"].dtype, float)
        self.assertEqual(exported["max.valid"].max(), 0.5)
        self.assertEqual(list(exported["param.lr"]), [0, 1, 2, 3])

    def test_inner_objects_become_columns(self):
        from hypero._queries import _flat

        self.assertEqual(_flat({"a": 1, "b": {"c": {"d": [2]}, "e": None}}), {"a": 1, "b.c.d": [2], "b.e": None})


if __name__ == "__main__":
    unittest.main()
