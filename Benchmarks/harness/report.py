"""Tables for people, JSON for programs, and the verdicts."""

import json
import statistics
from dataclasses import asdict, dataclass


@dataclass
class Check:
    name: str
    figure: float
    relation: str  # ">=" or "<="
    bound: float
    unit: str = ""
    tolerance: float = 0.0

    @property
    def passed(self):
        if self.relation == ">=":
            return self.figure >= self.bound - self.tolerance
        return self.figure <= self.bound + self.tolerance

    def __str__(self):
        verdict = "PASS" if self.passed else "FAIL"
        unit = f" {self.unit}" if self.unit else ""
        # A ratio short of its bound by a hair must not read as equal to it.
        figure = f"{self.figure:.3f}" if 0.1 <= self.figure < 10 else number(self.figure)
        return f"{verdict}  {self.name}: {figure}{unit} (must be {self.relation} {number(self.bound)})"


def number(value):
    if isinstance(value, str):
        return value
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if abs(value) >= 100 or value == int(value):
        return f"{value:.0f}"
    return f"{value:.2f}" if abs(value) >= 0.01 else f"{value:.5f}"


def label(size):
    return f"{size} B" if size < 1024 else f"{size // 1024} KiB"


def median_and_range(values, scale=1.0):
    values = [value * scale for value in values]
    return f"{number(statistics.median(values))} [{number(min(values))} .. {number(max(values))}]"


class Report:
    def __init__(self):
        self.checks, self.results, self.tables = [], {}, []

    def table(self, title, headers, rows):
        cells = [headers] + [[number(cell) for cell in row] for row in rows]
        self.tables.append({"title": title, "cells": cells})
        widths = [max(len(row[i]) for row in cells) for i in range(len(headers))]
        lines = [[cell.ljust(width) for cell, width in zip(row, widths)] for row in cells]
        lines.insert(1, ["-" * width for width in widths])
        print(f"\n### {title}\n")
        for line in lines:
            print("| " + " | ".join(line) + " |")
        print(flush=True)

    def note(self, text):
        print(text, flush=True)

    def check(self, *arguments, **options):
        check = Check(*arguments, **options)
        self.checks.append(check)
        print(check, flush=True)

    def keep(self, kind, value):
        """Raw figures, for the JSON file alone."""
        self.results.setdefault(kind, []).append(value)

    def failures(self):
        return [check for check in self.checks if not check.passed]

    def write_json(self, path, machine):
        checks = [{**asdict(check), "passed": check.passed} for check in self.checks]
        with open(path, "w") as file:
            json.dump({"machine": machine, "checks": checks, "results": self.results}, file, indent=1)
