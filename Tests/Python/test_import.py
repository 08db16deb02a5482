"""hypero import on files of known content. integrations/test_import.py has those that the real tools write."""

import json
import os
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib
from pathlib import Path

import hypero
from hypero import _programs
from hypero.importing import wandb
from hypero.importing.damage import masked_crc32c
from hypero.importing.report import Report
from support import ServerTestCase


def varint(number):
    found = b""
    while number > 127:
        found += bytes([number & 127 | 128])
        number >>= 7
    return found + bytes([number])


def message(*fields):
    """Returns a protocol buffer of fields: each a number, and an int or bytes."""
    return b"".join(
        varint(number << 3) + varint(value) if isinstance(value, int) else varint(number << 3 | 2) + varint(len(value)) + value
        for number, value in fields)


def tfrecord(data):
    head = struct.pack("<Q", len(data))
    return head + struct.pack("<I", masked_crc32c(head)) + data + struct.pack("<I", masked_crc32c(data))


def event(tag, step, value, time=0.0):
    summary = message((1, message((1, tag.encode())) + b"\x15" + struct.pack("<f", value)))
    return tfrecord(b"\x09" + struct.pack("<d", time) + message((2, step), (5, summary)))


def wandb_file(*records):
    """Returns a log of wandb: fragments that end with the blocks of 32 KiB."""
    found = b":W&B\xe1\xbe\x00"
    for record in records:
        kinds, rest = [1, 2], record
        while rest or kinds == [1, 2]:
            left = 32768 - len(found) % 32768
            if left < 7:
                found += bytes(left)
                continue
            fragment, rest = rest[:left - 7], rest[left - 7:]
            kind = (1 if kinds == [1, 2] else 4) if not rest else (2 if kinds == [1, 2] else 3)
            kinds = []
            body = bytes([kind]) + fragment
            found += struct.pack("<IH", zlib.crc32(body), len(fragment)) + body
    return found


def wandb_run(id, project, start, **config):
    return message((17, message(
        (1, id.encode()), (3, project.encode()),
        (4, message(*((1, item(name, value)) for name, value in config.items()))), (17, message((1, start))))))


def item(name, value):
    return message((1, name.encode()), (16, json.dumps(value).encode()))


def wandb_row(step, **values):
    return message((2, message(*((1, item(name, value)) for name, value in {"_step": step, **values}.items()))))


WANDB_END = message((18, message((1, 0))))


class ImportTests(ServerTestCase):
    def setUp(self):
        super().setUp()
        self.folder = Path(tempfile.mkdtemp(prefix="hypero-import.", dir="/tmp"))
        self.addCleanup(shutil.rmtree, self.folder)

    def run_import(self, *arguments):
        result = subprocess.run(
            [sys.executable, "-m", "hypero", "import", *map(str, arguments)], capture_output=True, text=True,
            env={**os.environ, "HYPERO_REDIS": self.server.url})
        return result.returncode, result.stdout, result.stderr

    def write(self, name, content):
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())

    def write_mlruns(self):
        self.write("mlruns/1/meta.yaml", f"experiment_id: '1'\nname: {self.id()}\n")
        self.write("mlruns/1/abc/meta.yaml", "run_id: abc\nrun_name: first\nstatus: 3\n")
        self.write("mlruns/1/abc/params/lr", "0.5")
        self.write("mlruns/1/abc/tags/mlflow.user", "someone")
        self.write("mlruns/1/abc/metrics/valid/acc", "1 0.25 0\n2 0.75 1\n")
        self.write("mlruns/1/abc/metrics/epoch", "1 7 0\n")

    def test_a_dry_run_shows_and_an_import_logs_the_same_once(self):
        self.write_mlruns()
        text = f"{self.id()}: 1 runs of mlflow, 2 rows"
        shown = f"{text}. Objective: valid/acc, with the direction of its name. Channels: epoch_, valid/acc\n"
        self.assertEqual(self.run_import(self.folder, "--dry-run", "--objective", "valid/acc"), (0, shown, ""))
        code, output, errors = self.run_import(self.folder, "--dry-run")
        self.assertEqual((code, output), (0, shown.replace(": valid/acc", ": valid", 1)))
        self.assertIn("no run has the channel 'valid', the objective", errors)
        self.assertEqual(self.applied(), [])
        for again in ("1 new", "0 new, 1 unchanged"):
            self.assertEqual(self.run_import(self.folder, "--objective", "valid/acc"), (0, f"{text}, {again}\n", ""))
        # The battery keeps its objective.
        self.assertEqual(self.run_import(self.folder), (0, f"{text}, 0 new, 1 unchanged\n", ""))
        (row,) = self.applied()
        stored = hypero.show(row["experiment"], redis=self.server.url)
        self.assertEqual((stored["status"], stored["params"], stored["value"] if "value" in stored else row["value"]),
                         ("done", {"lr": 0.5}, 0.75))
        stored["meta"].pop("import")
        self.assertEqual(stored["meta"], {"run": "abc", "name": "first", "source": "mlflow abc"})
        self.assertEqual(
            stored["curves"], {"epoch": [0, 1], "channels": {"epoch_": [7, None], "valid/acc": [0.25, 0.75]}})

    def test_a_file_that_is_being_written_is_read_up_to_its_last_record(self):
        record = event("valid", 3, 0.5)
        self.write("board/events.out.tfevents.1", record * 2 + record[:20])
        code, output, errors = self.run_import(self.folder, "--dry-run")
        self.assertEqual((code, errors), (0, ""))
        self.assertIn("1 runs of tensorboard, 1 rows", output)

    def test_a_path_without_runs_is_an_error(self):
        self.write("notes.txt", "nothing")
        database = sqlite3.connect(self.folder / "other.db")
        database.execute("CREATE TABLE metrics (a)")
        database.close()
        for path, error in ((self.folder, "has no run of"), (self.folder / "missing", "not found")):
            code, output, errors = self.run_import(path)
            self.assertEqual((code, output), (1, ""))
            self.assertIn(error, errors)
            self.assertEqual(errors.count("\n"), 1)

    def test_a_damaged_file_is_an_error_that_names_it(self):
        self.write("damaged.db", b"SQLite format 3\0" + bytes(100))
        self.write("journal.log", '{"op_code": 4, nonsense\n')
        for name in ("damaged.db", "journal.log"):
            code, _, errors = self.run_import(self.folder / name)
            self.assertEqual(code, 1)
            self.assertIn(name, errors)
            self.assertEqual(errors.count("\n"), 1)

    def experiments(self, name=None):
        """Returns the experiments of a battery, the oldest first."""
        rows = hypero.experiments(name or self.id(), limit=1000, redis=self.server.url)
        return [hypero.show(row["experiment"], redis=self.server.url) for row in rows[::-1]]

    def test_the_checksum_is_that_of_the_standard(self):
        # The check value of CRC-32C.
        crc = (masked_crc32c(b"123456789") - 0xA282EAD8) & 0xFFFFFFFF
        self.assertEqual((crc << 15 | crc >> 17) & 0xFFFFFFFF, 0xE3069283)

    def test_a_damaged_source_is_named_and_the_others_are_imported(self):
        good = wandb_file(wandb_run("good", self.id(), 1), wandb_row(0, valid=1.0), WANDB_END)
        self.write("a/run-damaged.wandb", b":W&B\xe1\xbe\x00" + bytes(40))
        self.write("a/run-head.wandb", bytes(40))
        self.write("b.db", b"SQLite format 3\0" + bytes(100))
        self.write("c.log", '{"op_code": 4, nonsense\n')
        self.write("d/events.out.tfevents.1", b"\x08" * 100)
        self.write("mlruns/1/abc/meta.yaml", "status: 3\n")
        self.write("mlruns/1/abc/params/lr", b"\xff\xfe")
        self.write("mlruns/1/abc/metrics/valid", "1 0.25 0\n")
        self.write("z/run-good.wandb", good)
        for missing in ((), (self.folder / "missing",)):
            code, output, errors = self.run_import(self.folder, *missing)
            self.assertEqual(code, 1)
            for name in ("run-damaged.wandb", "run-head.wandb", "b.db", "c.log", "/d: ", "mlruns/1/abc", *map(str, missing)):
                self.assertEqual(errors.count(name), 1, errors)
            self.assertEqual(len(errors.splitlines()), 6 + len(missing))
            self.assertIn(f"{self.id()}: 1 runs of wandb, 1 rows", output)
        self.assertEqual([run["curves"]["channels"] for run in self.experiments()], [{"valid": [1]}])

    def test_a_damaged_record_is_counted_and_not_believed(self):
        self.write("board/r/events.out.tfevents.1", b"".join(event("valid", step, 0.5) for step in range(5)))
        self.write("run.wandb", wandb_file(
            wandb_run("r", "board", 1), *(wandb_row(step, valid=0.5, pad="x" * 9000) for step in range(9)), WANDB_END))
        for name, position, rows in (("board/r/events.out.tfevents.1", -5, 4), ("run.wandb", 20000, 8)):
            file = self.folder / name
            content = bytearray(file.read_bytes())
            content[position] ^= 0x40
            file.write_bytes(content)
            code, output, errors = self.run_import(file.parent if "board" in name else file)
            self.assertEqual(code, 1)
            self.assertIn(f"{name}: 1 record is damaged", errors)
            self.assertIn(f"1 runs of {'tensorboard' if 'board/' in name else 'wandb'}, {rows} rows", output)
        for run in self.experiments("board"):
            self.assertEqual(set(run["curves"]["channels"]["valid"]), {0.5})
        # The rest of a file is lost if the length of a record is.
        content = b"".join(event("valid", step, 0.5) for step in range(5))
        self.write("board/r/events.out.tfevents.1", content[:len(content) // 5 * 2] + bytes(200))
        code, output, errors = self.run_import(self.folder / "board", "--dry-run")
        self.assertEqual((code, output), (
            1, "board: 1 runs of tensorboard, 2 rows. Objective: valid, with the direction of its name. Channels: valid\n"))
        self.assertIn("nothing after byte", errors)

    def test_records_of_wandb_may_begin_anywhere_in_a_block(self):
        for left in range(20):
            # The second row begins this far from the end of the first block.
            records = [wandb_run("r", "blocks", 1), wandb_row(0, valid=1, pad="x" * 32000)]
            missing = 32768 - left - len(wandb_file(*records))
            records[1] = wandb_row(0, valid=1, pad="x" * (32000 + missing))
            self.assertEqual(len(wandb_file(*records)), 32768 - left)
            records += [wandb_row(1, valid=2), wandb_row(2, valid=3, pad="x" * 70000), WANDB_END]
            self.write(f"{left}/run.wandb", wandb_file(*records))
            report = Report()
            part = wandb.part(self.folder / f"{left}/run.wandb", report)
            (run,) = wandb.from_parts([part], report)
            self.assertEqual((report.problems, list(run.rows()), run.status), (
                0, [(0, {"valid": 1}), (1, {"valid": 2}), (2, {"valid": 3})], "done"), left)

    def test_a_run_that_has_just_started_is_not_imported(self):
        self.write("a/run-1.wandb", b":W&B\xe1\xbe\x00")
        self.write("a/run-2.wandb", b"")
        self.write("b/run-3.wandb", wandb_file(wandb_run("3", self.id(), 1), wandb_row(0, valid=1)))
        code, output, errors = self.run_import(self.folder)
        self.assertEqual((code, output), (0, f"{self.id()}: 1 runs of wandb, 1 rows, 1 new\n"))
        self.assertEqual(errors.count("Import it again later"), 2)
        self.assertEqual(self.run_import(self.folder / "a")[0], 1)

    def wandb_parts(self):
        self.write("a/run-r.wandb", wandb_file(
            wandb_run("r", self.id(), 1, lr=0.5, none=None), *(wandb_row(step, valid=step) for step in range(5)), WANDB_END))
        self.write("b/run-r.wandb", wandb_file(
            wandb_run("r", self.id(), 2, lr=0.5, none=None), *(wandb_row(step, valid=step * 10) for step in range(4, 8)),
            WANDB_END))
        return [0, 1, 2, 3, 40, 50, 60, 70]

    def test_parts_of_a_run_are_merged_in_one_command_and_in_several(self):
        merged = self.wandb_parts()
        for paths in ([[self.folder / "b", self.folder / "a"]], [[self.folder / "a"], [self.folder / "b"]]):
            for path in [*paths, *paths]:
                code, _, errors = self.run_import(*path)
                self.assertEqual((code, errors), (0, ""))
            (run,) = self.experiments()
            self.assertEqual(run["curves"]["channels"]["valid"], merged)
            self.assertEqual((run["status"], run["params"]), ("done", {"lr": 0.5, "none": None}))
            self.run_import(self.folder / "a", "--replace")
            (run,) = self.experiments()
            self.assertEqual(run["curves"]["channels"]["valid"], [0, 1, 2, 3, 4])

    def test_a_part_does_not_replace_more_complete_data(self):
        self.wandb_parts()
        self.run_import(self.folder / "b")
        before = self.experiments()
        code, _, errors = self.run_import(self.folder / "a")
        self.assertEqual(code, 1)
        self.assertIn("an earlier import had 1 file of this run that is not among the named ones", errors)
        content = (self.folder / "b/run-r.wandb").read_bytes()
        (self.folder / "b/run-r.wandb").write_bytes(content[:-60])
        code, _, errors = self.run_import(self.folder / "b")
        self.assertEqual(code, 1)
        self.assertIn("an earlier import had 4 values where this has 2", errors)
        self.assertEqual(self.experiments(), before)

    def test_an_unchanged_source_sends_nothing_and_a_killed_import_is_repaired(self):
        killed = """
import signal
from pathlib import Path
from hypero import _client
from hypero._experiment import Experiment
from hypero.importing import command
logged = Experiment.log
def log(self, step, row):
    logged(self, step, row)
    if step == 5:
        assert sys.argv[2] == "unsent" or client[0].flush("applied", 30)
        os.kill(os.getpid(), signal.SIGKILL)
Experiment.log = log
client, connect = [], _client.connect
def connected():
    client.append(connect())
    return client[0]
_client.connect = connected
command.main([Path(sys.argv[1])], False, command.Choice())
"""
        merged = self.wandb_parts()
        for kind in ("unsent", "sent"):
            with self.subTest(kind):
                code, _, _ = self.finished(killed, str(self.folder), kind, HYPERO_REDIS=self.server.url)
                self.assertEqual(code, -9)
                for _ in range(2):
                    self.assertEqual(self.run_import(self.folder)[::2], (0, ""))
                    # The events that the killed process has left arrive last.
                    adopted = subprocess.run(
                        [_programs.path("hypero-ingest"), "adopt", "--redis", self.server.url], capture_output=True, text=True)
                    self.assertEqual(adopted.returncode, 0, adopted.stderr)
                self.assertTrue(self.run_import(self.folder)[1].endswith(", 0 new, 1 unchanged\n"))
                events = self.server.events()
                self.assertTrue(self.run_import(self.folder)[1].endswith(", 0 new, 1 unchanged\n"))
                self.assertEqual(self.server.events(), events)
                (run,) = self.experiments()
                self.assertEqual((run["status"], run["reason"]), ("done", None))
                self.assertEqual(run["curves"]["channels"]["valid"], merged)
                # So that the second kind begins with a change.
                self.write("b/run-r.wandb", (self.folder / "b/run-r.wandb").read_bytes() + wandb_file(wandb_row(8, valid=80))[7:])
                merged.append(80)

    def test_a_moved_folder_of_tensorboard_is_the_same_run(self):
        self.write("moved/r/events.out.tfevents.1", event("valid", 0, 0.5, 1.0) + event("valid", 1, 0.75, 2.0))
        self.run_import(self.folder / "moved")
        (self.folder / "elsewhere").mkdir()
        (self.folder / "moved").rename(self.folder / "elsewhere/moved")
        for path in ("elsewhere/moved", "elsewhere/moved/r"):
            self.assertEqual(self.run_import(self.folder / path)[::2], (0, ""))
        self.assertEqual([run["meta"]["folder"] for run in self.experiments("moved")], [str(self.folder / "elsewhere/moved/r")])

    def optuna(self, name, trials, directions=("MAXIMIZE",)):
        """Writes a study. Each trial: state, start, index of the choice, values."""
        database = sqlite3.connect(self.folder / name)
        database.executescript("""
CREATE TABLE studies (study_id INTEGER PRIMARY KEY, study_name TEXT);
CREATE TABLE study_directions (study_id INTEGER, direction TEXT, objective INTEGER);
CREATE TABLE trials (trial_id INTEGER PRIMARY KEY, number INTEGER, study_id INTEGER, state TEXT, datetime_start TEXT,
                     datetime_complete TEXT);
CREATE TABLE trial_params (param_id INTEGER PRIMARY KEY, trial_id INTEGER, param_name TEXT, param_value FLOAT,
                           distribution_json TEXT);
CREATE TABLE trial_intermediate_values (trial_id INTEGER, step INTEGER, intermediate_value FLOAT, intermediate_value_type TEXT);
CREATE TABLE trial_values (trial_id INTEGER, objective INTEGER, value FLOAT, value_type TEXT);
""")
        database.execute("INSERT INTO studies VALUES (1, ?)", (self.id(),))
        for number, direction in enumerate(directions):
            database.execute("INSERT INTO study_directions VALUES (1, ?, ?)", (direction, number))
        choices = json.dumps({"name": "CategoricalDistribution", "attributes": {"choices": [None, True, "a"]}})
        for number, (state, start, choice, values) in enumerate(trials):
            database.execute("INSERT INTO trials VALUES (?, ?, 1, ?, ?, NULL)", (number + 1, number, state, start))
            database.execute("INSERT INTO trial_params VALUES (NULL, ?, 'c', ?, ?)", (number + 1, choice, choices))
            for objective, value in enumerate(values):
                database.execute("INSERT INTO trial_values VALUES (?, ?, ?, 'FINITE')", (number + 1, objective, value))
        database.commit()
        database.close()

    def test_studies_of_one_name_in_two_files_do_not_mix(self):
        self.optuna("a.db", [("COMPLETE", "2026-01-01 00:00:00.1", 0, [0.1])])
        self.optuna("b.db", [("COMPLETE", "2026-01-01 00:00:00.2", 1, [0.9])])
        shutil.copy(self.folder / "a.db", self.folder / "copy.db")
        for _ in range(2):
            code, output, errors = self.run_import(self.folder)
            self.assertEqual((code, errors), (0, ""))
            self.assertIn(": 2 runs of optuna", output)
        self.assertEqual(
            sorted((run["maxima"]["valid"], run["params"]["c"]) for run in self.experiments()), [(0.1, None), (0.9, True)])
        # The same trial with other values.
        self.optuna("c.db", [("COMPLETE", "2026-01-01 00:00:00.1", 0, [0.3])])
        code, _, errors = self.run_import(self.folder)
        self.assertEqual(code, 1)
        self.assertIn("a run of the same identity", errors)

    def test_states_of_trials_and_names_of_several_objectives(self):
        self.optuna("a.db", [
            ("COMPLETE", "1", 0, [0.1, 5]), ("PRUNED", "2", 0, []), ("RUNNING", "3", 0, []), ("WAITING", None, 0, []),
            ("COMPLETE", "5", 9, [1, 1])], ("MINIMIZE", "MAXIMIZE"))
        code, output, errors = self.run_import(self.folder)
        # The choice of the last trial does not exist.
        self.assertEqual((code, output), (1, f"{self.id()}: 3 runs of optuna, 0 rows, 3 new\n"))
        self.assertIn("a.db, trial 4: cannot be read, IndexError", errors)
        self.assertIn("1 trial is not imported, because it has not begun", errors)
        runs = sorted(self.experiments(), key=lambda run: run["meta"]["trial"])
        self.assertEqual(
            [(run["status"], run["reason"]) for run in runs],
            [("done", None), ("stopped", "pruned"), ("stopped", "the state was RUNNING")])
        self.assertEqual(runs[0]["maxima"], {"valid 0": 0.1, "valid 1": 5})
        self.assertEqual(runs[0]["objective"], "valid 0")

    def test_a_journal_of_optuna(self):
        choices = json.dumps({"name": "CategoricalDistribution", "attributes": {"choices": [None, "a"]}})
        entries = [
            {"op_code": 0, "study_name": "deleted", "directions": [1]}, {"op_code": 0, "study_name": self.id(), "directions": [1]},
            {"op_code": 4, "study_id": 0, "datetime_start": "1"}, {"op_code": 1, "study_id": 0},
            {"op_code": 4, "study_id": 1, "datetime_start": "2"},
            {"op_code": 5, "trial_id": 1, "param_name": "c", "param_value_internal": 0, "distribution": choices},
            {"op_code": 7, "trial_id": 1, "step": 0, "intermediate_value": float("nan")},
            {"op_code": 6, "trial_id": 1, "state": 1, "values": [0.5]},
            {"op_code": 4, "study_id": 1, "state": 4, "datetime_start": None}]
        text = "".join(json.dumps(entry) + "\n" for entry in entries)
        self.write("journal.log", text + '{"op_code": 4, "stu')
        code, output, errors = self.run_import(self.folder)
        self.assertEqual((code, output), (0, f"{self.id()}: 1 runs of optuna, 1 rows, 1 new\n"))
        self.assertIn("1 trial is not imported", errors)
        (run,) = self.experiments()
        self.assertEqual((run["params"], run["curves"]["channels"]), ({"c": None}, {"valid": ["nan"]}))
        # The trial that waited runs: it becomes an experiment of its own.
        self.write("journal.log", text + '{"op_code": 6, "trial_id": 2, "state": 0, "datetime_start": "3"}\n'
                   '{"op_code": 6, "trial_id": 2, "state": 3}\n')
        self.assertEqual(self.run_import(self.folder)[::2], (0, ""))
        self.assertEqual([run["status"] for run in self.experiments()], ["done", "failed"])
        # An older copy of the journal does not take the end away.
        before = self.experiments()
        self.write("journal.log", text[:text.index('{"op_code": 6')])
        code, _, errors = self.run_import(self.folder)
        self.assertEqual((code, self.experiments()), (1, before))
        self.assertIn("an earlier import had the end of the run", errors)
        self.write("journal.log", text + "{}\n" + text)
        code, _, errors = self.run_import(self.folder)
        self.assertEqual(code, 1)
        self.assertIn(f"line {len(entries) + 1} is damaged", errors)

    def test_a_database_of_mlflow_keeps_texts_and_infinities(self):
        database = sqlite3.connect(self.folder / "m.db")
        database.executescript("""
CREATE TABLE experiments (experiment_id INTEGER, name TEXT);
CREATE TABLE runs (run_uuid TEXT, experiment_id INTEGER, name TEXT, status TEXT, start_time INTEGER, end_time INTEGER);
CREATE TABLE params (key TEXT, value TEXT, run_uuid TEXT);
CREATE TABLE tags (key TEXT, value TEXT, run_uuid TEXT);
CREATE TABLE metrics (key TEXT, value FLOAT, timestamp INTEGER, step INTEGER, run_uuid TEXT, is_nan INTEGER);
INSERT INTO runs VALUES ('b', 1, 'second', 'FINISHED', 2000, 4500), ('a', 1, 'third', 'FAILED', 3000, NULL),
    ('c', 9, 'no experiment', 'FINISHED', 1000, NULL), ('d', 1, 'not begun', 'SCHEDULED', 4000, NULL);
INSERT INTO tags VALUES ('host', 'x', 'b'), ('host', 'y', 'a'), ('host', 'z', 'c');
""")
        database.execute("INSERT INTO experiments VALUES (1, ?)", (self.id(),))
        texts = {"seed": "007", "version": "1_0", "sha": "12e5", "name": "infinity", "n": "7", "lr": "0.1", "small": "1e-05",
                 "flag": "True", "none": "None", "inf": "inf"}
        database.executemany("INSERT INTO params VALUES (?, ?, 'b')", texts.items())
        limit = sys.float_info.max
        database.executemany(
            "INSERT INTO metrics VALUES ('valid', ?, ?, ?, ?, ?)",
            [(0.1, 1, 0, "b", 0), (limit, 2, 1, "b", 0), (-limit, 3, 2, "b", 0), (0, 4, 3, "b", 1), (0.5, 5, 0, "a", 0),
             (0.7, 1, 0, "c", 0)])
        database.commit()
        database.close()
        code, _, errors = self.run_import(self.folder)
        self.assertEqual((code, len(errors.splitlines())), (1, 2), errors)
        self.assertIn("m.db, run c: cannot be read, KeyError", errors)
        self.assertIn("run d is not imported, because it has not begun", errors)
        second, third = sorted(self.experiments(), key=lambda run: run["meta"]["name"])
        self.assertEqual(second["params"], {**texts, "n": 7, "lr": 0.1, "small": 1e-05, "flag": True, "none": None})
        self.assertEqual(second["curves"]["channels"]["valid"], [0.1, "inf", "-inf", "nan"])
        self.assertEqual((second["meta"]["started"], second["meta"]["duration"]), ("1970-01-01T00:00:02+00:00", 2.5))
        self.assertEqual((third["meta"]["host"], third["curves"]["channels"]["valid"]), ("y", [0.5]))

    def test_files_of_trackio_of_one_name_do_not_mix(self):
        for folder, value in (("a", 0.25), ("b", 0.75)):
            (self.folder / folder).mkdir()
            database = sqlite3.connect(self.folder / folder / f"{self.id()}.db")
            database.execute(
                "CREATE TABLE metrics (id INTEGER PRIMARY KEY, timestamp TEXT, run_name TEXT, step INTEGER, metrics TEXT)")
            for step, text in enumerate((json.dumps({"valid": value, "text": "007"}), json.dumps({"valid": "NaN"}))):
                database.execute("INSERT INTO metrics VALUES (NULL, ?, 'r', ?, ?)", (f"2026-{folder}-{step}", step, text))
            database.commit()
            database.close()
        for _ in range(2):
            self.assertEqual(self.run_import(self.folder)[::2], (0, ""))
        runs = self.experiments()
        self.assertEqual(sorted(run["curves"]["channels"]["valid"] for run in runs), [[0.25, "nan"], [0.75, "nan"]])
        self.assertEqual([run["meta"]["text"] for run in runs], ["007", "007"])

    def test_a_battery_keeps_its_objective_and_a_name_or_version_makes_another(self):
        self.write("run.wandb", wandb_file(wandb_run("r", self.id(), 1), wandb_row(0, valid=1, loss=2), WANDB_END))
        code, output, errors = self.run_import(self.folder, "--objective", "los")
        self.assertEqual((code, output), (1, ""))
        self.assertIn("no run has the channel 'los' of --objective. They have loss, valid", errors)
        self.assertEqual(self.run_import(self.folder)[::2], (0, ""))
        for option, error in ((("--objective", "loss"), "is 'valid'. A battery keeps"), (("--direction", "min"), "is max, and not min")):
            code, output, errors = self.run_import(self.folder, *option)
            self.assertEqual((code, output), (1, ""))
            self.assertIn(error, errors)
        for other in (("--version", "2"), ("--name", "other")):
            for _ in range(2):
                self.assertEqual(self.run_import(self.folder, "--objective", "loss", *other)[::2], (0, ""))
        self.assertEqual(len(self.experiments()), 2)
        self.assertEqual(len(self.experiments("other")), 1)

    def test_the_summary_and_the_times_of_wandb_are_imported(self):
        summary = message((3, message(*((1, item(name, value)) for name, value in {"best": 0.9, "valid": 1, "_step": 0}.items()))))
        self.write("run.wandb", wandb_file(
            wandb_run("r", self.id(), 100), wandb_row(0, valid=1, _timestamp=100.25), summary, WANDB_END))
        self.assertEqual(self.run_import(self.folder)[::2], (0, ""))
        (run,) = self.experiments()
        self.assertEqual(run["maxima"], {"best": 0.9, "valid": 1})
        self.assertEqual((run["meta"]["started"], run["meta"]["duration"]), ("1970-01-01T00:01:40+00:00", 0.25))

    def test_runs_of_tensorboard_keep_their_battery_below_another_folder(self):
        self.write("keep/r/events.out.tfevents.1", event("valid", 0, 0.5, 5.0))
        for path in ("keep", ".", "keep"):
            self.assertEqual(self.run_import(self.folder / path)[::2], (0, ""))
        self.assertEqual([run["meta"]["name"] for run in self.experiments("keep")], ["r"])

    def test_a_run_outside_the_limits_is_named(self):
        self.write("run.wandb", wandb_file(
            wandb_run("r", self.id(), 1), wandb_row(0, valid=1, **{"x" * 300: 1}), wandb_row(1, valid=2), WANDB_END))
        for _ in range(2):
            code, _, errors = self.run_import(self.folder)
            self.assertEqual(code, 1)
            self.assertIn("run.wandb: 1 events of wandb r were not recorded", errors)
        self.assertEqual(self.experiments()[0]["status"], "done")


if __name__ == "__main__":
    unittest.main()
