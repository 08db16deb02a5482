"""A training of the chaos run in Python: four forked workers log to each of its experiments.

`Scripts/chaos --python PYTHON` starts it, with the options of chaos-producer. Its side file has the lines of SideLine.swift: each call is
written before it is made. Shares of an experiment's epochs and names are disjoint, because the order of two processes is not
determined.
"""

import argparse
import logging
import os
import random
import re
import signal
import sys
import time

import hypero

WORKERS = 4
#: The batteries of ChaosBattery.ordinary: name, version, description, objective and direction.
BATTERIES = [
    ("chaos", 1, "", "valid", "max"),
    ("chaos", 2, "by loss", "loss", "min"),
    ("other chaos", 1, "low", "valid", "min"),
]


class Side:
    def __init__(self, folder, seed, client, partitions):
        self.client = client
        path = f"{folder}/{os.getpid()}-{seed}-1.side"
        self.descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self.write(f"client {os.getpid()} {client.seed} false {partitions} {int(time.time() * 1000)}")

    def write(self, line):
        os.write(self.descriptor, f"{self.client.counters.dropped} {line}\n".encode())


class Trainer:
    """Logs the events of one process."""

    def __init__(self, client, options, seed, share, events):
        self.client, self.options, self.share, self.remaining = client, options, share, events
        self.random = random.Random(seed)
        self.side = Side(options.sides, seed, client, options.partitions)
        self.batteries = [
            client.battery(name, version=version, description=description, objective=objective, direction=direction)
            for name, version, description, objective, direction in BATTERIES
        ]
        self.is_terminated = False
        signal.signal(signal.SIGTERM, self.terminate)

    def terminate(self, *_):
        self.is_terminated = True

    @property
    def goes_on(self):
        return self.remaining > 0 and not self.is_terminated

    def begin(self):
        self.battery = self.random.randrange(len(BATTERIES))
        self.side.write(f"begin {self.battery} 0")
        self.experiment = self.batteries[self.battery].experiment()
        self.side.write(f"began {self.experiment.id}")
        self.set_share(0)
        self.remaining -= 2

    def set_share(self, share):
        self.share = share
        self.first = self.epoch = share * 1_000_000 + 1
        self.counts = {"steps": 0, "note": 0}

    def step(self):
        self.remaining -= 1
        draw = self.random.randrange(20)
        if draw < 2:
            name = ("steps", "note")[draw]
            self.counts[name] += 1
            key = f"{name}-{self.share}" if self.share else name
            self.side.write(f"{('param', 'meta')[draw]} {key} {self.counts[name]}")
            (self.experiment.params, self.experiment.meta)[draw]({key: self.counts[name]})
            return
        epoch = self.epoch
        if draw == 2 and epoch > self.first:
            epoch = self.random.randrange(self.first, epoch)
        else:
            self.epoch += 1
        valid = self.random.random()
        self.side.write(f"row {epoch} {valid!r}")
        if draw % 2:
            self.experiment.log(epoch, valid=valid, tick=float("nan"))
        else:
            self.experiment.log(epoch, {"valid": valid}, tick=float("nan"))

    def bursts(self, count):
        for _ in range(count):
            length = self.random.randint(10, 100)
            for _ in range(length):
                if not self.goes_on:
                    return
                self.step()
            pause = length / max(self.options.rate, 1)
            while pause > 0 and not self.is_terminated:
                time.sleep(min(pause, 0.02))
                pause -= 0.02

    def end(self):
        self.side.write("end")
        self.experiment.finish()
        self.remaining -= 1

    def fork(self, share):
        seed, events, closes = self.random.getrandbits(63), self.random.randint(50, 400), self.random.random() < 0.5
        pid = os.fork()
        if pid:
            return pid
        status = 1
        try:
            Worker(self, seed, share, events).run(closes)
            status = 0
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            # As a child of multiprocessing, without the handlers of the exit. Half of them leave their events in the journal.
            os._exit(status)

    def run(self):
        while self.goes_on:
            self.begin()
            workers = [self.fork(share) for share in range(1, WORKERS + 1)]
            self.bursts(self.random.randint(1, 8))
            if self.is_terminated:
                for pid in workers:
                    os.kill(pid, signal.SIGTERM)
            for pid in workers:
                status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                if status not in (0, -signal.SIGKILL, -signal.SIGTERM):
                    sys.exit(f"chaos_producer: the worker {pid} ended with {status}")
            if self.random.random() < 0.75:
                self.end()
        self.side.write("over")


class Worker(Trainer):
    """A forked child, which logs to its parent's experiment, and then to one that it begins."""

    def __init__(self, parent, seed, share, events):
        experiment, battery = parent.experiment, parent.battery
        super().__init__(parent.client, parent.options, seed, share, events)
        self.experiment, self.battery = experiment, battery
        self.side.write(f"inherited {experiment.id} {battery}")
        self.set_share(share)

    def run(self, closes):
        # The first event of the process creates its producer and the folder of its journal, which has the producer's id as its name.
        self.step()
        self.side.write(f"producer {self.producer()} {self.client.seed}")
        self.bursts(self.random.randint(1, 4))
        if self.goes_on:
            self.begin()
            self.bursts(2)
            self.end()
        self.side.write("over")
        if closes:
            self.side.write("closing")
            if self.client.close(5):
                self.side.write("closed")

    @staticmethod
    def producer():
        with open("/proc/self/maps") as maps:
            found = set(re.findall(re.escape(os.environ["HYPERO_JOURNAL"]) + r"/([^/\s]+)/", maps.read()))
        if len(found) != 1:
            raise RuntimeError(f"not one journal: {found}")
        return found.pop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--redis")
    parser.add_argument("--sides")
    for name in ("--seed", "--rate", "--partitions", "--events"):
        parser.add_argument(name, type=int)
    options = parser.parse_args()
    logging.basicConfig(format="chaos_producer %(process)d: %(message)s")
    client = hypero.connect(options.redis, partitions=options.partitions, seed=options.seed)
    trainer = Trainer(client, options, options.seed, 0, options.events)
    trainer.run()
    if trainer.random.random() < 0.75:
        trainer.side.write("closing")
        if client.close(10):
            trainer.side.write("closed")


if __name__ == "__main__":
    main()
