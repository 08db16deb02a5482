"""Measures a log call of three channels, with the installed package: bench_log.py [CALLS]. No server is needed."""

import logging
import os
import sys
import tempfile
import time

import hypero

logging.getLogger("hypero").addHandler(logging.NullHandler())
count = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
    os.environ["HYPERO_JOURNAL"] = folder
    client = hypero.connect("unix:///nowhere/redis.sock")
    experiment = client.battery("bench").experiment()
    now = time.perf_counter_ns
    times = []
    for epoch in range(count):
        start = now()
        experiment.log(epoch, train=0.91, valid=0.80, test=0.79)
        times.append(now() - start)
    client.close(timeout=0)
    if client.counters.dropped:
        sys.exit(f"bench_log: {client.counters.dropped} rows were dropped: pass a lower number of calls")
times.sort()
p50, p99, p999 = (times[int(len(times) * share)] for share in (0.5, 0.99, 0.999))
print(f"log call of three channels: p50 {p50} ns, p99 {p99} ns, p99.9 {p999} ns, with {len(times)} calls")
