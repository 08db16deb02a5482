"""Experiments for the tests of the page, as its JSON has them."""

import math
import random


def data(count=60, *, name="net", seed=1, more=0, curves=20, epochs=30):
    """Returns a search over lr, act and a seed: the best value is at lr 0.01. Every tenth experiment has failed or diverged.

    more: the number of further hyper-parameters.
    """
    draw = random.Random(seed)
    rows = []
    for number in range(count):
        lr = round(10 ** draw.uniform(-4, -1), 6)
        act = draw.choice(["relu", "tanh"])
        value = round(0.97 - 0.05 * abs(math.log10(lr) + 2) - (0.02 if act == "tanh" else 0) - draw.random() * 0.01, 5)
        kind = ["failed", "diverged", "running"][number // 10 % 3] if number % 10 == 9 else "done"
        rows.append({"id": f"p{number}-1", "lr": lr, "act": act, "seed": number % 3, "kind": kind,
                     "value": None if kind in ("failed", "diverged") else value, "number": number})
    rows.sort(key=lambda row: (row["value"] is None, -(row["value"] or 0), -row["number"]))
    now = 1_795_809_291_267

    def numbers(key):
        return {"numbers": [row[key] for row in rows]}

    statuses = [{"diverged": "done"}.get(row["kind"], row["kind"]) for row in rows]
    times = [now - 60_000 * (count - row["number"]) for row in rows]
    columns = [
        {"name": "id", "kind": "attribute", "values": {"texts": [row["id"] for row in rows]}},
        {"name": "status", "kind": "attribute", "values": {"texts": statuses}},
        {"name": "started", "kind": "attribute", "values": {"numbers": times}},
        {"name": "updated", "kind": "attribute", "values": {"numbers": [time + 30_000 for time in times]}},
        {"name": "epochs", "kind": "attribute", "values": {"numbers": [None if row["kind"] == "failed" else epochs for row in rows]}},
        {"name": "epoch", "kind": "attribute", "values": {"numbers": [row["value"] and epochs // 2 for row in rows]}},
        {"name": "reason", "kind": "attribute",
         "values": {"texts": ["CUDA out of memory" if row["kind"] == "failed" else None for row in rows]}},
        {"name": "nonfinite", "kind": "attribute", "values": {"numbers": [3 if row["kind"] == "diverged" else None for row in rows]}},
        {"name": "rank", "kind": "attribute", "values": {"numbers": [row["value"] and place + 1 for place, row in enumerate(rows)]}},
        {"name": "max.valid", "kind": "max", "values": numbers("value")},
        {"name": "max.test", "kind": "max", "values": {"numbers": [row["value"] and round(row["value"] - 0.01, 5) for row in rows]}},
        {"name": "param.lr", "kind": "param", "scale": "log", "values": numbers("lr")},
        {"name": "param.act", "kind": "param", "scale": "category",
         "values": {"words": ["relu", "tanh"], "index": [["relu", "tanh"].index(row["act"]) for row in rows]}},
        {"name": "param.seed", "kind": "param", "scale": "linear", "values": numbers("seed")},
    ]
    for number in range(more):
        values = {"numbers": [round(draw.random(), 6) for _ in rows]}
        columns.append({"name": f"param.p{number}", "kind": "param", "scale": "linear", "values": values})
    lines = []
    for place, row in enumerate(rows[:curves]):
        end = row["value"] or 0.5
        lines.append({"row": place, "channel": 0, "first": 1, "step": 1,
                      "y": [round(end * (1 - math.exp(-epoch / 5)), 5) for epoch in range(1, epochs + 1)]})
    shares = [("param.lr", 0.8), ("param.act", 0.15), ("param.seed", 0.05)]
    return {
        "format": 1, "now": now, "live": None, "total": count, "rows": count, "columns": columns,
        "battery": {"name": name, "ids": ["net.v1.0"], "versions": "version 1", "description": "", "objective": "valid",
                    "direction": "max"},
        "curves": {"channels": ["valid"], "lines": lines}, "noise": {"limit": 0.02, "text": "within 2 x 0.01 of the best"},
        "importance": {"text": "PED-ANOVA", "shares": [{"column": name, "share": share, "chance": 0.06} for name, share in shares]},
    }
