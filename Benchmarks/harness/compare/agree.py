"""`bench agree A B`: whether two runs say the same, within the spread that each states."""

import json
import statistics
from pathlib import Path

from .run import basis


def load(path):
    path = Path(path)
    return json.loads((path / "results.json" if path.is_dir() else path).read_text())


def ratios(results):
    """Key to (median, least, greatest) of the ratio to the yardstick; the noise of the run widens each."""
    found, yardstick = {}, results["yardstick"]
    for workload in results["workloads"]:
        rows = workload["rows"]
        again = next((row for row in rows if row["server"] == f"{yardstick} again"), None)
        kind = basis(workload, rows)
        noise = max((abs(r - 1) for r in again["over"][yardstick][kind]), default=0) if again else 0
        for row in rows:
            values = row["over"].get(yardstick, {}).get(kind)
            if values and row is not again and row["server"] != yardstick:
                found[workload["key"], row["server"]] = (
                    statistics.median(values), min(values) * (1 - noise), max(values) * (1 + noise))
    return found


def run(first, second, note):
    a, b = (ratios(load(path)) for path in (first, second))
    apart = []
    for key in sorted(a.keys() & b.keys()):
        (median_a, least_a, most_a), (median_b, least_b, most_b) = a[key], b[key]
        if max(least_a, least_b) > min(most_a, most_b):
            apart.append(f"{key[1]}, {key[0]}: {median_a:.2f} [{least_a:.2f} .. {most_a:.2f}] and "
                         f"{median_b:.2f} [{least_b:.2f} .. {most_b:.2f}]")
    common = len(a.keys() & b.keys())
    note(f"{common - len(apart)} of {common} ratios agree within the spread that the two runs state")
    for line in apart:
        note(f"APART  {line}")
    return 0 if common and len(apart) <= common * 0.05 else 1
