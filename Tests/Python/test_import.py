"""hypero import on files of known content. integrations/test_import.py has those that the real tools write."""

import os
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import hypero
from support import ServerTestCase


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
        shown = f"{self.id()}: 1 runs of mlflow, 2 rows\n"
        self.assertEqual(self.run_import(self.folder, "--dry-run"), (0, shown, ""))
        self.assertEqual(self.applied(), [])
        for _ in range(2):
            self.assertEqual(self.run_import(self.folder, "--objective", "valid/acc"), (0, shown, ""))
        (row,) = self.applied()
        stored = hypero.show(row["experiment"], redis=self.server.url)
        self.assertEqual((stored["status"], stored["params"], stored["value"] if "value" in stored else row["value"]),
                         ("done", {"lr": 0.5}, 0.75))
        self.assertEqual(stored["meta"], {"run": "abc", "name": "first", "source": "mlflow abc"})
        self.assertEqual(
            stored["curves"], {"epoch": [0, 1], "channels": {"epoch_": [7, None], "valid/acc": [0.25, 0.75]}})

    def test_a_file_that_is_being_written_is_read_up_to_its_last_record(self):
        event = b"\x10\x03" + b"\x2a\x0d" + b"\x0a\x0b" + b"\x0a\x04loss" + b"\x15" + struct.pack("<f", 0.5)
        record = struct.pack("<Q", len(event)) + bytes(4) + event + bytes(4)
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


if __name__ == "__main__":
    unittest.main()
