# SPDX-License-Identifier: MIT
"""bench-figures.py - computes the figures of `ma bench --json` once more, from those of --csv.

    python3 bench-figures.py JSON CSV
"""

import csv
import json
import math
import statistics
import sys


def near(a, b):
    assert math.isclose(a, b, rel_tol=1e-4), (a, b)


def read_runs(path):
    """Returns {(workload, allocator, metric): {run: value}}."""
    runs = {}
    with open(path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            for metric in list(row)[4:]:
                if row[metric]:
                    key = row["workload"], row["allocator"], metric
                    runs.setdefault(key, {})[int(row["run"])] = float(row[metric])
    return runs


def check_result(workload, result, base, runs, ratios):
    assert result["failure"] is None
    name = result["allocator"]
    for metric, median in result["median"].items():
        mine = runs[workload, name, metric]
        near(median, statistics.median(mine.values()))
        for run, value in enumerate(result["runs"][metric], 1):
            near(value, mine[run])
    for metric, ratio in result["ratio"].items():
        mine, theirs = runs[workload, name, metric], runs[workload, base, metric]
        # Of nothing there is no ratio: a run may do without a system call or a fault.
        found = [mine[run] / theirs[run] for run in mine if mine[run] > 0 and theirs.get(run, 0) > 0]
        if metric in ("user", "system"):
            continue  # some of them are too short to count
        if len(found) == 1:
            found *= 2
        low, _, high = statistics.quantiles(found, n=4, method="inclusive")
        near(ratio["median"], statistics.median(found))
        near(ratio["low"], low)
        near(ratio["high"], high)
        ratios.setdefault((name, metric), []).append(ratio["median"])


def main(json_path, csv_path):
    with open(json_path, encoding="utf-8") as file:
        found = json.load(file)
    runs = read_runs(csv_path)
    ratios = {}
    for workload in found["workloads"]:
        assert len(workload["results"]) == len(found["allocators"])
        for result in workload["results"]:
            assert result["memory"] or workload["group"] == "start"
            check_result(workload["name"], result, found["base"], runs, ratios)
    for metric in ("wall", "rss", "faults"):
        for name, mean in found["means"][metric]["all"].items():
            near(mean, statistics.geometric_mean(ratios[name, metric]))


main(*sys.argv[1:])
