"""Searches: the loop over trials, its ends, and several processes."""

import datetime
import os
import signal
import threading
import unittest

import hypero
from support import ServerTestCase, wait_until

#: Whether the exception that leaves a loop is known at once.
IS_FALLBACK = bool(os.environ.get("HYPERO_PYTHON_FALLBACK"))

#: A search of four trials in a child.
SEARCH = """
battery = hypero.connect(url).battery(name, objective="loss")
search = battery.search(trials=4, sampler="random", lease=2)
"""


class SearchTestCase(ServerTestCase):
    def setUp(self):
        super().setUp()
        self.battery = self.client.battery(self.id(), objective="loss")

    def field(self, name, experiment):
        """Returns a field of the hash of an experiment as the server has it now."""
        experiment = experiment if isinstance(experiment, str) else experiment.id
        return self.server.redis("HGET", f"{{hypero}}:experiment:{experiment}", name)

    def assert_ended(self, experiment, status, reason=""):
        """Waits for the end of an experiment, and compares it."""
        wait_until(lambda: self.field("status", experiment) not in ("", "running"), 30)
        self.assertEqual((self.field("status", experiment), self.field("reason", experiment)), (status, reason))

    def stop(self, experiment, reason):
        """Tells a trial of this process to stop, as the ingest does."""
        self.assertTrue(self.client.flush(timeout=30))
        producers = self.server.redis("KEYS", "{hypero}:producer:*").splitlines()
        for producer in producers:
            self.server.redis("HSET", producer, f"stop.{experiment.id}", reason)


class LoopTests(SearchTestCase):
    def test_the_loop_gives_each_trial_once_and_ends_it(self):
        search = self.battery.search(trials=3, seed=2, sampler="random")
        rates, trials = [], []
        for experiment in search:
            trials.append((experiment.trial, experiment.attempt, experiment.last_epoch, experiment.id))
            rates.append(experiment.log_uniform("lr", 1e-5, 0.1))
            experiment.log(1, loss=rates[-1])
            self.assertFalse(experiment.should_stop)
            self.assertIsNone(experiment.stop_reason)
            self.assertIs(experiment.battery, self.battery)
        self.assertEqual(trials, [(number, 1, 0, f"{search.id}-{number}") for number in (1, 2, 3)])
        self.assertTrue(search.finished)
        self.assertEqual(len(set(rates)), 3)
        for _, _, _, experiment in trials:
            self.assert_ended(experiment, "done")
        # Another process that makes it has none left, and more trials raise the number.
        self.assertEqual(list(self.battery.search(trials=3, seed=2, sampler="random")), [])
        more = self.battery.search(trials=4, seed=2, sampler="random")
        self.assertEqual([experiment.trial for experiment in more], [4])

    def test_the_draws_depend_on_the_seed_and_the_number_alone(self):
        def draws(name):
            search = self.battery.search(trials=3, seed=5, name=name, sampler="random")
            return [experiment.uniform("x", 0, 1) for experiment in search]

        self.assertEqual(draws("one"), draws("two"))

    def test_a_search_that_learns(self):
        search = self.battery.search(trials=14, seed=3)
        values = []
        for experiment in search:
            values.append(experiment.uniform("x", -1, 1))
            experiment.log(1, loss=values[-1] ** 2)
            experiment.finish()
            self.assertTrue(self.client.flush(timeout=30))
        self.assertEqual(len(set(values)), 14)
        self.assertNotEqual(self.field("asof", f"{search.id}-14"), "0-0")

    def test_an_enqueued_point_is_the_next_trial(self):
        search = self.battery.search(trials=2, sampler="random")
        for _ in range(2):
            search.enqueue(lr=0.003, depth=2)
        search.enqueue({"l2 decay": 0.5})
        drawn = []
        for experiment in search:
            drawn.append((
                experiment.log_uniform("lr", 1e-5, 0.1), experiment.randint("depth", 1, 8), experiment.uniform("l2 decay", 0, 1)))
        self.assertEqual(drawn[0][:2], (0.003, 2))
        self.assertEqual(drawn[1][2], 0.5)
        for call in (lambda: search.enqueue(), lambda: search.enqueue({}), lambda: search.enqueue(x=float("nan"))):
            with self.assertRaises(ValueError):
                call()
        for call, error in (
            (lambda: search.enqueue({1: 2}), "the name of a hyper-parameter must be a str"),
            (lambda: search.enqueue(depth=2, x=object()), "the value of 'x' must be a number"),
            (lambda: search.enqueue(7), "a point must be a mapping from names to values, not a int"),
            (lambda: search.enqueue([{"x": 1}]), "not a list: add each point by a call of its own"),
        ):
            with self.assertRaisesRegex(TypeError, error):
                call()

    def test_a_trial_that_has_read_that_it_should_stop_is_stopped(self):
        search = self.battery.search(trials=2, sampler="random", stopping=hypero.halving(epochs=81))
        reason = "rung 3: 2nd of 2, halving keeps 1"
        stopped = None
        for experiment in search:
            if stopped is not None:
                self.assertFalse(experiment.should_stop)
                continue
            stopped = experiment.id
            experiment.log(1, loss=1)
            self.stop(experiment, reason)
            epoch = iter(range(2, 1000))

            def should_stop():
                experiment.log(next(epoch), loss=1)
                return experiment.should_stop

            wait_until(should_stop)
            self.assertEqual(experiment.stop_reason, reason)
            self.assertEqual(experiment.stop_reason, reason)
        self.assert_ended(stopped, "stopped", reason)
        self.assert_ended(f"{search.id}-2", "done")

    def test_the_ingest_stops_the_worse_of_two_trainings(self):
        search = self.battery.search(trials=2, sampler="random", stopping=hypero.halving(epochs=9))
        for experiment in search:
            for epoch in range(1, 4):
                experiment.log(epoch, loss=experiment.trial)
            if experiment.trial == 2:
                wait_until(lambda: experiment.should_stop)
                reason = experiment.stop_reason
        self.assert_ended(f"{search.id}-1", "done")
        self.assertRegex(reason, "^rung 3: 2nd of 2, halving keeps 1$")
        self.assert_ended(f"{search.id}-2", "stopped", reason)

    def test_a_body_may_end_its_trial_itself(self):
        search = self.battery.search(trials=4, sampler="random")
        for experiment in search:
            if experiment.trial == 1:
                experiment.fail("too bad")
                self.assertTrue(experiment.has_ended)
                continue
            if experiment.trial == 2:
                with experiment:
                    experiment.log(1, loss=1)
                continue
            if experiment.trial == 3:
                experiment.stop("enough")
                continue
            try:
                raise ValueError("caught")
            except ValueError:
                continue
        for trial, end in ((1, ("failed", "too bad")), (2, ("done",)), (3, ("stopped", "enough")), (4, ("done",))):
            self.assert_ended(f"{search.id}-{trial}", *end)

    @unittest.skipIf(IS_FALLBACK, "the fallback does not know the exception")
    def test_a_round_that_is_left_ends_its_trial_at_once(self):
        class Interrupt(KeyboardInterrupt):
            pass

        def handler(number, frame):
            raise SystemExit(0)

        def handler_of_any(*_):
            raise SystemExit("told")

        def leave(trial):
            for experiment in search:
                self.assertEqual(experiment.trial, trial)
                if trial == 1:
                    break
                if trial == 2:
                    return
                if trial == 3:
                    raise ValueError("bad batch")
                if trial == 4:
                    exit_code = 0
                    raise SystemExit(exit_code)
                if trial == 5:
                    raise SystemExit(3)

        search = self.battery.search(trials=9, sampler="random")
        for trial in range(1, 6):
            try:
                leave(trial)
            except (ValueError, SystemExit):
                pass
        left = ("stopped", "the loop over the search was left")
        for trial, end in ((1, left), (2, left), (3, ("failed", "ValueError: bad batch")), (4, left), (5, ("failed", "SystemExit: 3"))):
            self.assert_ended(f"{search.id}-{trial}", *end)

        # The trial that is interrupted is given again, at once.
        for attempt, error in enumerate((Interrupt, SystemExit(143)), 1):
            try:
                for experiment in search:
                    self.assertEqual((experiment.trial, experiment.attempt), (6, attempt))
                    experiment.log(attempt, loss=1)
                    raise error
            except BaseException as caught:
                self.assertIs(type(caught), error if isinstance(error, type) else type(error))
            # The ingest has the end before the next claim anyway.
        for experiment in search:
            self.assertEqual((experiment.trial, experiment.attempt, experiment.last_epoch), (6, 3, 2))
            break
        for number, handle in enumerate((handler, handler_of_any), 1):
            before = signal.signal(signal.SIGUSR1, handle)
            try:
                for experiment in search:
                    self.assertEqual((experiment.trial, experiment.attempt), (7, number))
                    os.kill(os.getpid(), signal.SIGUSR1)
                    wait_until(lambda: False, 1)
            except SystemExit:
                pass
            finally:
                signal.signal(signal.SIGUSR1, before)

    def test_a_generator_around_the_loop(self):
        def progress(trials):
            for trial in trials:
                yield trial

        search = self.battery.search(trials=3, sampler="random")
        for experiment in progress(search):
            self.assertEqual(experiment.trial, 1)
            break
        self.assertFalse(experiment.has_ended)
        for experiment in progress(search):
            pass
        self.assert_ended(f"{search.id}-1", "stopped", "the loop over the search was left")
        for trial in (2, 3):
            self.assert_ended(f"{search.id}-{trial}", "done")

    def test_next_waits_no_longer_than_its_timeout(self):
        search = self.battery.search(trials=2, sampler="random", lease=600)
        self.assertIsNone(search.next(timeout=0))
        first, second = search.next(), search.next(timeout=30)
        self.assertEqual((first.trial, second.trial), (1, 2))
        # Both are open, and may be lost.
        before = self.client.counters.accepted
        for _ in range(10):
            self.assertIsNone(search.next(timeout=0.05))
        self.assertLess(self.client.counters.accepted - before, 5)
        self.assertFalse(search.finished)
        first.finish()
        second.give_back("must go")
        third = search.next(timeout=30)
        self.assertEqual((third.trial, third.attempt), (2, 2))
        third.finish()
        wait_until(lambda: search.next(timeout=0.1) is None and search.finished)
        self.assertIsNone(search.next())
        with self.assertRaisesRegex(ValueError, "no trial"):
            self.battery.experiment().give_back()
        for timeout in (-1, float("nan")):
            with self.assertRaises(ValueError):
                search.next(timeout=timeout)
        with self.assertRaises(TypeError):
            search.next(timeout="1")

    def test_a_loop_ends_once_no_lost_process_may_have_a_trial(self):
        search = self.battery.search(trials=2, sampler="random", lease=1)
        held = search.next()
        self.assertEqual([experiment.trial for experiment in search], [2])
        self.assertFalse(search.finished)
        held.finish()
        self.assertEqual(list(search), [])
        self.assertTrue(search.finished)

    def test_threads_share_a_search(self):
        search = self.battery.search(trials=40, sampler="random")
        trials = []

        def loop():
            for experiment in search:
                experiment.log(1, loss=experiment.uniform("x", 0, 1))
                trials.append(experiment.trial)

        threads = [threading.Thread(target=loop) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(trials), list(range(1, 41)))

    def test_wrong_arguments_are_errors_with_the_reason(self):
        for keywords, error in (
            ({"trials": 0}, "trials must be from 1 to 1000000, not 0"), ({"trials": 10**30}, "trials must be from 1 to 1000000"),
            ({"seed": -1}, "seed must be from 0"), ({"seed": 2**64}, "seed must be from 0"),
            ({"name": ""}, "name of the search"), ({"name": "x" * 257}, "name of the search"),
            ({"sampler": "grid"}, '"tpe" or "random", not \'grid\''), ({"attempts": 0}, "attempts must be from 1 to 100"),
            ({"attempts": 101}, "attempts must be from 1 to 100, not 101"), ({"lease": 0.5}, "lease must be between 1 and 2592000 s"),
            ({"lease": float("nan")}, "lease"), ({"lease": datetime.timedelta(days=31)}, "lease"),
        ):
            with self.subTest(keywords), self.assertRaisesRegex(ValueError, error):
                self.battery.search(**{"trials": 3, **keywords})
        for keywords, error in (
            ({"trials": 1.5}, "trials must be an integer"), ({"seed": "1"}, "seed must be an integer"),
            ({"name": 7}, "name must be a str"), ({"stopping": "halving"}, r"hypero\.halving\(\.\.\.\)"),
            ({"lease": "600"}, "lease must be a number of seconds"), ({"attempts": 1.5}, "attempts must be an integer"),
        ):
            with self.subTest(keywords), self.assertRaisesRegex(TypeError, error):
                self.battery.search(**{"trials": 3, **keywords})
        for call, error in (
            (lambda: hypero.halving(1), "epochs must be from 2 to 1000000, not 1"), (lambda: hypero.halving(1_000_001), "epochs"),
            (lambda: hypero.halving(81, first=0), "first must be from 1 to 80, not 0"), (lambda: hypero.median(0), "epochs"),
            (lambda: hypero.halving(81, first=81), "first must be from 1 to 80, not 81"), (lambda: hypero.median(9, first=9), "first"),
            (lambda: hypero.halving(81, factor=1), "factor must be from 2 to 100, not 1"),
            (lambda: hypero.halving(81, factor=10**20), "factor must be from 2 to 100"),
        ):
            with self.assertRaisesRegex(ValueError, error):
                call()
        self.assertEqual(repr(hypero.halving(2, first=1, factor=100)), "hypero.halving(epochs=2, first=1, factor=100)")
        with self.assertRaises(TypeError):
            hypero.halving(81.0)

    def test_the_declaration(self):
        search = self.battery.search(
            trials=7, seed=2**64 - 1, name="wide", sampler="random", stopping=hypero.median(27, first=5), attempts=5,
            lease=datetime.timedelta(minutes=2))
        search.enqueue(x=1)
        self.assertTrue(self.client.flush(timeout=30))
        fields = dict(zip(*[iter(self.server.redis("HGETALL", f"{{hypero}}:search:{search.id}").splitlines())] * 2))
        for name, value in (
            ("trials", "7"), ("seed", str(2**64 - 1)), ("name", "wide"), ("sampler", "random"), ("attempts", "5"),
            ("lease", "120000"),
        ):
            self.assertEqual(fields[name], value)
        self.assertEqual(repr(hypero.halving(81, factor=4)), "hypero.halving(epochs=81, factor=4)")
        self.assertEqual(repr(search), f"<hypero.Search {search.id}>")


class ProcessTests(SearchTestCase):
    def test_processes_share_the_trials(self):
        # A process that gets no trial says so.
        code = SEARCH.replace("trials=4", "trials=30") + """
import time
started = os.environ["HYPERO_JOURNAL"] + ".started"
os.makedirs(started, exist_ok=True)
for experiment in search:
    experiment.log(1, loss=experiment.uniform("x", 0, 1))
    print(experiment.trial)
    open(f"{started}/{os.getpid()}", "w").close()
    for _ in range(6_000):
        if len(os.listdir(started)) == 3: break
        time.sleep(0.01)
"""
        processes = [self.child(code) for _ in range(3)]
        results = [process.communicate(timeout=120) for process in processes]
        self.assertEqual([process.returncode for process in processes], [0] * 3, results)
        trials = sorted(int(trial) for output, _ in results for trial in output.split())
        self.assertEqual(trials, list(range(1, 31)))
        for _, errors in results:
            self.assertEqual(errors, "")

    def test_the_trial_of_a_killed_process_is_given_again(self):
        status, output, errors = self.finished(SEARCH + """
for experiment in search:
    print(experiment.id, experiment.uniform("x", 0, 1), flush=True)
    experiment.log(5, loss=1)
    battery.client.flush()
    os.kill(os.getpid(), 9)
""")
        self.assertEqual(status, -9, errors)
        identifier, value = output.split()
        for experiment in self.battery.search(trials=4, sampler="random", lease=2):
            if experiment.id == identifier:
                self.assertEqual((experiment.attempt, experiment.last_epoch), (2, 5))
                self.assertEqual(experiment.uniform("x", 0, 1), float(value))
        self.assert_ended(identifier, "done")

    def test_an_interrupt_gives_the_trial_back(self):
        process = self.child(SEARCH + """
import time
for experiment in search:
    experiment.log(2, loss=1)
    print(experiment.id, flush=True)
    while True: time.sleep(0.01)
""")
        identifier = process.stdout.readline().strip()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, -signal.SIGINT)
        self.assertIn("KeyboardInterrupt", errors)
        wait_until(lambda: self.field("status", identifier) == "lost")
        again = self.battery.search(trials=4, sampler="random", lease=2).next(timeout=30)
        self.assertEqual((again.id, again.attempt, again.last_epoch), (identifier, 2, 2))
        again.finish()

    def test_an_interrupt_ends_the_wait_for_a_trial(self):
        for wait in ("list(search)", "search.next()"):
            process = self.child(SEARCH.replace("(url)", "('unix:///nowhere/x.sock')") + f"print('waits', flush=True)\n{wait}",
                                 HYPERO_EXIT_TIMEOUT="0")
            self.assertEqual(process.stdout.readline(), "waits\n")
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=60)
            self.assertIn("KeyboardInterrupt", errors)
            self.assertEqual(process.returncode, -signal.SIGINT)

    def test_an_exception_that_ends_the_program_fails_the_trial(self):
        for loop in ("search", "(trial for trial in search)"):
            status, output, errors = self.finished(SEARCH.replace("trials=4", f"trials=4, name={loop!r}") + f"""
for experiment in {loop}:
    print(experiment.id, flush=True)
    raise ValueError("bad batch")
""")
            self.assertEqual(status, 1)
            self.assertIn("ValueError: bad batch", errors)
            self.assert_ended(output.strip(), "failed", "ValueError: bad batch")
            self.assertNotIn("not ended by this process", errors)

    def test_a_normal_end_of_the_program_stops_a_trial_that_was_left(self):
        for end, expected in (
            ("", ("stopped", "the loop over the search was left")),
            ("sys.exit(0)", ("stopped", "the loop over the search was left")),
            ("sys.exit(3)", ("failed", "SystemExit: 3")),
        ):
            status, output, errors = self.finished(SEARCH.replace("trials=4", f"trials=4, name='n{end}'") + f"""
trials = iter(search)
print(next(trials).id, flush=True)
{end}
""")
            self.assertEqual(status, 3 if "3" in end else 0, errors)
            self.assert_ended(output.strip(), *expected)

    def test_children_do_not_end_the_trial_of_their_parent(self):
        status, output, errors = self.finished(SEARCH + """
import multiprocessing
context = multiprocessing.get_context("fork")
def load(queue):
    queue.put(os.getpid())
for experiment in search:
    # As a DataLoader in the body.
    queue = context.Queue()
    workers = [context.Process(target=load, args=(queue,), daemon=True) for _ in range(2)]
    for worker in workers: worker.start()
    for worker in workers: queue.get(); worker.join(60)
    child = os.fork()
    if child == 0:
        # Leaves the block of the parent.
        if experiment.trial == 1: sys.exit(0)
        if experiment.trial == 2: raise ValueError
        break
    os.waitpid(child, 0)
    experiment.log(1, loss=1)
    battery.client.flush()
    print(experiment.id, experiment.has_ended, flush=True)
""")
        self.assertEqual(status, 0, errors)
        lines = [line.split() for line in output.splitlines()]
        self.assertEqual([line[1] for line in lines], ["False"] * 4, output)
        for identifier, _ in lines:
            self.assert_ended(identifier, "done")

    def test_other_processes_of_a_training_log_to_its_trial(self):
        for experiment in self.battery.search(trials=2, sampler="random"):
            experiment.log(1, loss=1)
            self.assertTrue(self.client.flush(timeout=30))
            status, _, errors = self.finished(
                "experiment = hypero.connect(url).battery(name, objective='loss').experiment(resume=sys.argv[1], attempt=int(sys.argv[2]))\n"
                "experiment.log(1, gradient=3)\n", experiment.id, str(experiment.attempt))
            self.assertEqual(status, 0, errors)
            experiment.log(2, loss=0.5)
            self.assertFalse(experiment.should_stop)
        self.assert_ended(experiment, "done")
        wait_until(lambda: hypero.show(experiment.id, redis=self.server.url)["curves"]["channels"].get("gradient") == [3, None])
        self.assertEqual(self.field("max.loss", experiment), "0.5")

    def test_a_forked_child_loops_over_the_search_of_its_parent(self):
        status, output, errors = self.finished(SEARCH.replace("trials=4", "trials=20") + """
import multiprocessing
context = multiprocessing.get_context("fork")
def work():
    for experiment in search:
        experiment.log(1, loss=1)
        print(experiment.trial, flush=True)
workers = [context.Process(target=work) for _ in range(3)]
for worker in workers: worker.start()
work()
for worker in workers: worker.join()
assert [worker.exitcode for worker in workers] == [0] * 3
""")
        self.assertEqual(status, 0, errors)
        self.assertEqual(sorted(map(int, output.split())), list(range(1, 21)))

    def test_a_forked_child_leaves_the_claim_of_its_parent_to_it(self):
        status, output, errors = self.finished(SEARCH.replace("trials=4", "trials=2").replace("lease=2", "lease=600") + """
# Stopped, so that the claim has no answer at the fork.
ingest = int(sys.argv[1])
os.kill(ingest, signal.SIGSTOP)
assert search.next(timeout=0) is None
battery.client.flush("sent", timeout=30)
child = os.fork()
os.kill(ingest, signal.SIGCONT)
experiment = search.next(timeout=30)
print(experiment.trial, flush=True)
experiment.finish()
if child == 0:
    battery.client.close()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
assert search.next(timeout=30) is None and search.finished
""", str(self.server.processes[1].pid))
        self.assertEqual(status, 0, errors)
        self.assertEqual(sorted(map(int, output.split())), [1, 2])

    def test_a_search_without_an_ingest_says_what_it_waits_for(self):
        process = self.child(SEARCH.replace("(url)", "('unix:///nowhere/x.sock')") + """
import logging
class Handler(logging.Handler):
    def emit(self, record):
        if "waits for a trial" in record.getMessage(): print(record.getMessage(), flush=True)
logging.getLogger("hypero").addHandler(Handler())
list(search)
""", HYPERO_EXIT_TIMEOUT="0")
        self.assertIn("no answer for 10 s", process.stdout.readline())
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


if __name__ == "__main__":
    unittest.main()
