"""The client: its options, waits, counters and messages."""

import gc
import os
import subprocess
import sys
import threading
import unittest

import hypero
from hypero import _native
from support import ServerTestCase


class OptionTests(ServerTestCase):
    def test_wrong_options_are_value_errors_with_the_reason(self):
        for arguments, error in (
            ({"url": "localhost"}, r"must start with redis://, redis\+sentinel:// or unix://"), ({"url": "redis://h\0"}, ""),
            ({"namespace": "a b"}, "namespace"), ({"partitions": 0}, "partitions must be 1 or above"),
            ({"partitions": 20000}, "partitions"), ({"seed": -1}, "seed must be from 0"),
            ({"seed": 2**64}, "seed must be from 0"), ({"journal_limit": -1}, "journal_limit must be 1 or above"),
        ):
            with self.subTest(arguments), self.assertRaisesRegex(ValueError, error):
                hypero.connect(**arguments)
        for arguments, error in (
            ({"url": 7}, "^url must be a str, not 7$"), ({"seed": 1.5}, "^seed must be an integer, not 1.5$"),
            ({"partitions": "2"}, "^partitions must be an integer, not '2'$"),
        ):
            with self.subTest(arguments), self.assertRaisesRegex(TypeError, error):
                hypero.connect(**arguments)

    def test_a_wrong_battery_is_refused(self):
        for arguments, error in (
            ({"name": ""}, "name"), ({"name": "a\nb"}, "name"), ({"name": "x", "version": 2**53}, "version"),
            ({"name": "x", "direction": "up"}, 'must be "max" or "min"'), ({"name": "x", "objective": ""}, "objective"),
            ({"name": "x", "directions": {"loss": "down"}}, 'must be "max" or "min"'),
        ):
            with self.subTest(arguments), self.assertRaisesRegex(ValueError, error):
                self.client.battery(**arguments)
        for arguments, error in (
            ({"name": 5}, "^name must be a str, not 5$"), ({"version": 1.5}, "^version must be an integer, not 1.5$"),
            ({"objective": ["a"]}, r"^objective must be a str, not \['a'\]$"),
            ({"directions": "min"}, "directions must be a dict from each channel .* The direction of the objective is direction=$"),
        ):
            with self.subTest(arguments), self.assertRaisesRegex(TypeError, error):
                self.client.battery(**{"name": "x", **arguments})
        with self.assertRaisesRegex(ValueError, "a direction must be .*, not \\['min'\\]"):
            self.client.battery("x", direction=["min"])
        for arguments in ({"resume": 5}, {"resume": "a-1", "start": 1.5}, {"resume": "a-1", "attempt": 1.5}):
            name = list(arguments)[-1]
            with self.subTest(arguments), self.assertRaisesRegex(TypeError, f"^{name} must be "):
                self.battery.experiment(**arguments)

    def test_a_battery_has_an_objective_and_directions(self):
        battery = self.client.battery(
            "RNN Visual Attention", version=3, description="fixed bug in Sequencer", objective="loss", direction="min",
            directions={"wer": "min", "top": "max"})
        self.assertEqual(battery.id, "rnn-visual-attention.v3.b44afc5e")
        for values in ({"loss": 0.5, "wer": 3}, {"loss": 0.25, "wer": 4}):
            with battery.experiment() as experiment:
                experiment.log(1, values)
        self.client.flush(timeout=30)
        self.assertEqual([row["value"] for row in hypero.rank("RNN Visual Attention", redis=self.server.url)], [0.25, 0.5])
        self.assertEqual(
            [row["value"] for row in hypero.rank("RNN Visual Attention", by="wer", redis=self.server.url)], [3, 4])

    def test_the_namespace_and_the_seed_are_those_given(self):
        with hypero.connect(self.server.url, namespace="vision", seed=2**64 - 1) as client:
            self.assertEqual(client.seed, 2**64 - 1)
            client.battery("elsewhere").experiment().finish()
        self.assertGreater(int(self.server.redis("XLEN", "{vision}:events")), 0)


class WaitTests(ServerTestCase):
    def test_flush_and_close_tell_whether_the_events_have_arrived(self):
        self.battery.experiment().log(1, valid=1)
        self.assertTrue(self.client.flush("sent", timeout=30))
        self.assertTrue(self.client.flush("applied", timeout=30))
        counters = self.client.counters
        self.assertEqual((counters.accepted, counters.sent, counters.applied, counters.dropped), (3, 3, 3, 0))
        self.assertIn("accepted=3", repr(counters))
        self.assertTrue(self.client.close())
        for wrong in ({"until": "never"}, {"timeout": -1}, {"timeout": float("nan")}):
            with self.assertRaises(ValueError):
                self.client.flush(**wrong)

    def test_without_a_server_flush_ends_at_its_timeout(self):
        with self.assertLogs("hypero", "WARNING"):
            client = hypero.connect(f"unix://{self.server.folder}/nothing.sock")
            client.battery("x").experiment()
            self.assertFalse(client.flush(timeout=0.2))
            self.assertFalse(client.close(timeout=0))

    def test_other_threads_run_while_one_waits(self):
        client = hypero.connect(f"unix://{self.server.folder}/nothing.sock")
        client.battery("x").experiment()
        results = []
        thread = threading.Thread(target=lambda: results.append(client.flush(timeout=3600)), daemon=True)
        with self.assertLogs("hypero", "WARNING"):
            thread.start()
            # With the GIL held by the flush, this thread would not get here. The close ends the wait of the other thread.
            client.close(timeout=0)
            thread.join(30)
            self.assertEqual(results, [False])

    def test_a_battery_knows_its_objective(self):
        other = self.client.battery("o", objective="loss", direction="min")
        self.assertEqual((self.battery.objective, self.battery.direction), ("valid", None))
        self.assertEqual((other.objective, other.direction), ("loss", "min"))

    def test_a_battery_has_directions_of_1024_channels(self):
        names = [f"channel {index}" for index in range(1025)]
        self.client.battery("directions", directions=dict.fromkeys(names[:1024], "min"))
        with self.assertRaisesRegex(ValueError, "1024"):
            self.client.battery("directions", directions=dict.fromkeys(names, "min"))

    def test_what_is_no_handle_is_refused(self):
        experiment = self.battery.experiment()
        with self.assertRaisesRegex(TypeError, "argument 1 must be .*Battery, not int"):
            type(experiment)(5, None, -1, 0)
        with self.assertRaisesRegex(TypeError, "argument 1 must be .*Client, not int"):
            type(self.battery)(5, "name", 1, "", "valid", 0, [], [])

    def test_handles_may_be_released_in_any_order(self):
        client = hypero.connect(self.server.url)
        battery = client.battery("order")
        experiment = battery.experiment()
        del client, battery
        gc.collect()
        experiment.log(1, valid=1)
        self.assertTrue(experiment.battery.client.flush(timeout=30))

    def test_eight_threads_log_to_one_experiment(self):
        experiment = self.battery.experiment()

        def log(number):
            for epoch in range(500):
                experiment.log(epoch, {f"channel {number}": epoch})

        threads = [threading.Thread(target=log, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        channels = self.stored(experiment)["curves"]["channels"]
        self.assertEqual(channels, {f"channel {number}": list(range(500)) for number in range(8)})


class SharedClientTests(ServerTestCase):
    def test_the_module_connects_by_the_environment(self):
        os.environ["HYPERO_REDIS"] = self.server.url
        self.addCleanup(os.environ.pop, "HYPERO_REDIS")
        self.assertTrue(hypero.flush())
        with hypero.battery(self.id()).experiment() as experiment:
            experiment.log(1, valid=0.5)
        self.assertIs(hypero.battery("a").client, hypero.battery("b").client)
        self.assertTrue(hypero.flush(timeout=30))
        self.assertEqual(hypero.rank(self.id())[0]["experiment"], experiment.id)
        self.assertTrue(hypero.close())
        self.assertTrue(hypero.close())
        hypero.battery("again").experiment().finish()
        self.assertTrue(hypero.close())


class ImportTests(unittest.TestCase):
    def test_the_package_has_the_version_of_its_library(self):
        major, minor, patch = map(int, hypero.__version__.split("."))
        self.assertEqual(_native.version_number, major * 10000 + minor * 100 + patch)

    def test_the_import_loads_no_module_that_a_training_does_not_need(self):
        code = "import sys; before = set(sys.modules); import hypero; print(*sorted(set(sys.modules) - before))"
        loaded = subprocess.run([sys.executable, "-IS", "-c", f"import sys; sys.path[:0] = {sys.path!r}; {code}"],
                                capture_output=True, text=True, check=True).stdout.split()
        self.assertIn("hypero", loaded)
        slow = {"typing", "logging", "json", "re", "subprocess", "threading", "socket", "argparse", "dataclasses"}
        if "hypero._fallback" not in loaded:
            self.assertEqual(slow & set(loaded), set())


if __name__ == "__main__":
    unittest.main()
