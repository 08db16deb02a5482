"""The place of the programs that the wheel brings."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import hypero


class ProgramTests(unittest.TestCase):
    def test_the_programs_of_the_package_are_found_wherever_it_is_installed(self):
        code = "from hypero import _programs; print(_programs.path('hypero-query'))"
        # Of `pip install --target`, and of an environment that PYTHONPATH names.
        for packages in "", "lib/python3.11/site-packages":
            with self.subTest(packages), tempfile.TemporaryDirectory() as folder:
                target = os.path.join(folder, packages)
                shutil.copytree(
                    os.path.dirname(hypero.__file__), f"{target}/hypero", ignore=shutil.ignore_patterns("__pycache__"))
                os.makedirs(f"{folder}/bin")
                program = f"{folder}/bin/hypero-query"
                with open(program, "w"):
                    os.chmod(program, 0o755)
                result = subprocess.run(
                    [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": target}, capture_output=True, text=True)
                self.assertEqual(result.stdout, program + "\n", result.stderr)

    def test_a_program_that_is_not_found_names_the_variable_of_its_folder(self):
        with tempfile.TemporaryDirectory() as folder:
            result = subprocess.run(
                [sys.executable, "-c", "from hypero import _programs; _programs.path('hypero-none')"],
                env={**os.environ, "PATH": folder}, capture_output=True, text=True)
        self.assertIn("set HYPERO_BIN_DIR to the folder of hypero-none", result.stderr)


if __name__ == "__main__":
    unittest.main()
