"""What re-arming an idle timeout costs with a thousand and with a million armed, beside libevent's common timeouts."""

import json
import statistics
import subprocess
from contextlib import ExitStack
from pathlib import Path

from .. import bounds
from ..processes import HarnessError, read_line, spawn, stop

COUNTS = [1_000, 10_000, 100_000, 1_000_000]
PROGRAMS = {"reactor": "Timeouts", "libevent": "CTimeouts"}


class Program:
    """A program that measures one slice for each line that it is sent."""

    def __init__(self, bench, product, count):
        self.name = product
        self.process = spawn([Path(bench.binaries) / product, "--count", count], bench.server_cpus,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)

    def __enter__(self):
        try:
            if self.line() != "ready":
                raise HarnessError(f"{self.name} does not begin with 'ready'")
        except BaseException:
            stop(self.process)
            raise
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        stop(self.process)
        self.process.stdout.close()

    def line(self):
        return read_line(self.process, self.process.stdout, 120, self.name)

    def slice(self):
        self.process.stdin.write(b"\n")
        return json.loads(self.line())


def measure(bench, count):
    """Medians of slices, the programs taking turns."""
    figures = {name: [] for name in PROGRAMS}
    with ExitStack() as stack:
        programs = {name: stack.enter_context(Program(bench, product, count)) for name, product in PROGRAMS.items()}
        for step in range(1 + (5 if bench.quick else 15)):
            for name, program in programs.items():
                figure = program.slice()
                # The first warms caches and branches up.
                if step:
                    figures[name].append(figure)
    return {name: {key: statistics.median(figure[key] for figure in slices) for key in slices[0]}
            for name, slices in figures.items()}


def run(bench):
    report, rows, results = bench.report, [], {}
    for count in COUNTS:
        figures = results[count] = measure(bench, count)
        report.keep("timeouts", {"count": count, **figures})
        own, other = figures["reactor"], figures["libevent"]
        rows.append([count, own["rearm"], own["store"], own["rearm_mixed"], own["store_mixed"], own["arm"],
                     own["reset"], other["rearm"], other["rearm_mixed"], other["reset"], other["arm"]])
    report.table("Nanoseconds to re-arm one of many timeouts",
                 ["armed", "re-arm", "a store alone", "re-arm mixed", "a store alone mixed", "arm", "callLater reset",
                  "libevent common", "common mixed", "heap", "common arm"], rows)
    few, many = results[COUNTS[0]]["reactor"], results[COUNTS[-1]]["reactor"]
    # In mixed order a miss of the cache hides behind the next one, and how well is the processor's doing: no bound.
    for kind in [""]:
        # A million do not fit in the caches: what a store into as many objects costs more is the memory's doing.
        memory = max(0, many["store" + kind] - few["store" + kind])
        report.check(f"re-arming one of {COUNTS[-1]:,} over one of {COUNTS[0]:,} and the memory's part"
                     f"{', in mixed order' if kind else ''}",
                     many["rearm" + kind] / (few["rearm" + kind] + memory), "<=", bounds.REARM_GROWTH)
