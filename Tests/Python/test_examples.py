"""The example, with its real library."""

import os
import subprocess
import sys
import unittest
from pathlib import Path

import hypero
from support import ServerTestCase

EXAMPLE = Path(__file__).resolve().parent.parent.parent / "Sources/Python/examples/digits.py"


class ExampleTests(ServerTestCase):
    def test_the_random_search_in_four_processes_is_ranked(self):
        try:
            import sklearn  # noqa: F401
        except ImportError:
            self.skipTest("scikit-learn is not installed")
        result = subprocess.run(
            [sys.executable, str(EXAMPLE), "--experiments", "6", "--epochs", "4"], capture_output=True, text=True,
            env={**os.environ, "HYPERO_REDIS": self.server.url})
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        rows = hypero.rank("digits sklearn", redis=self.server.url)
        self.assertEqual([(row["status"], len(row["params"])) for row in rows], [("done", 5)] * 6)
        # A guess has an accuracy of 0.1.
        self.assertGreater(rows[0]["value"], 0.5)
        shown = [line.split() for line in result.stdout.splitlines()[1:]]
        self.assertEqual([line[1] for line in shown], [row["experiment"] for row in rows[:5]])
        self.assertEqual(
            rows[0]["maxima"]["valid"], max(hypero.show(rows[0]["experiment"], redis=self.server.url)["curves"]["channels"]["valid"]))


if __name__ == "__main__":
    unittest.main()
