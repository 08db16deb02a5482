"""Prints the medians and quartiles of searches of real.py, and logs the medians as experiments, so that hypero draws them.

    real.py --redis URL > courses.jsonl
    medians.py [--redis URL] < courses.jsonl
    hypero-query curves --top 4 searches --log-x --full --svg search.svg

A row of an experiment is the budget in whole trainings and the median over the seeds of the best validation error so far.
"""

import argparse
import json
import statistics
import sys


def quartiles(values):
    """Returns the lower quartile, the median and the upper one."""
    return statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--redis")
    arguments = parser.parse_args()
    kinds = {}
    for line in sys.stdin:
        course = json.loads(line)
        kinds.setdefault(course["sampler"] + (" with halving" if course["stop"] else ""), []).append(course)
    whole = next(iter(kinds.values()))[0]["whole"]
    ends = [n for n in (5, 10, 25, 50, 100, 200) if n * whole <= min(len(c["best"]) for kind in kinds.values() for c in kind)]
    if not ends:
        parser.error("the searches must have the epochs of 5 whole trainings or more")
    print("| search | seeds | trials | " + " | ".join(f"{n} trainings" for n in ends) + " | test | seconds |")
    print("|---|---|---|" + "---|" * (len(ends) + 2))
    for name, courses in sorted(kinds.items()):
        cells = []
        for n in ends:
            low, middle, high = quartiles([course["best"][n * whole - 1] for course in courses])
            cells.append(f"{middle:.4f} ({low:.4f} to {high:.4f})")
        cells += [f"{statistics.median(course[key] for course in courses):.4g}" for key in ("test", "seconds")]
        trials = statistics.median(course["trials"] for course in courses)
        print(f"| {name} | {len(courses)} | {trials:g} | " + " | ".join(cells) + " |")
    if arguments.redis:
        import hypero

        client = hypero.connect(arguments.redis)
        battery = client.battery("searches", objective="error", direction="min")
        for name, courses in sorted(kinds.items()):
            # A resumption chooses its id, which is the label of the curve. The client says that Redis does not have it yet.
            exp = battery.experiment(resume=name.replace(" ", "-"), start=1)
            for n in range(ends[0], ends[-1] + 1):
                exp.log(n, error=statistics.median(course["best"][n * whole - 1] for course in courses))
            exp.finish()
        client.close()


if __name__ == "__main__":
    main()
