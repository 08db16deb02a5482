"""Prints the draws of every sampler for 100 seeds, as Tests/golden-draws does in Swift."""

import logging
import struct

import hypero

# Nothing is sent: no server is given.
logging.getLogger("hypero").addHandler(logging.NullHandler())
for seed in range(100):
    client = hypero.connect(seed=seed, journal_limit=8 << 20)
    battery = client.battery("golden draws")
    for number in (1, 2):
        experiment = battery.experiment()
        draws = {
            "uniform": experiment.uniform("uniform", -1, 1),
            "logUniform": experiment.log_uniform("logUniform", 1e-5, 0.1),
            "normal": experiment.normal("normal", 600, 200),
            "randint": experiment.randint("randint", 1, 1_000_000),
            "wide": experiment.randint("wide", -9_007_199_254_740_991, 9_007_199_254_740_991),
            "equal": experiment.categorical("equal", ["linear", "adaptive", "none"]),
            "weighted": experiment.categorical("weighted", {"adaptive": 0.2, "linear": 0.8}),
        }
        for name, value in draws.items():
            print(seed, number, name, struct.pack(">d", value).hex() if isinstance(value, float) else value)
    client.close(timeout=0)
