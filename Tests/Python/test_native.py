"""The choice between the extension module and ctypes."""

import subprocess
import sys
import unittest


class NativeTest(unittest.TestCase):
    def module(self, setup: str) -> str:
        program = f"import sys; {setup}; import hypero._native; print(hypero._native.Client.__module__)"
        environment = {"PATH": "/usr/bin:/bin"}
        return subprocess.run(
            [sys.executable, "-c", program], check=True, capture_output=True, text=True, env=environment).stdout.strip()

    def test_cpython_uses_the_extension_module(self) -> None:
        if sys.implementation.name == "cpython" and "t" not in sys.abiflags:
            self.assertNotIn("_fallback", self.module("pass"))

    def test_a_free_threaded_build_uses_ctypes(self) -> None:
        # Its loader accepts an extension of the limited API, whose first call then ends the process by SIGSEGV.
        self.assertEqual(self.module("sys.abiflags = 't'"), "hypero._fallback")


if __name__ == "__main__":
    unittest.main()
