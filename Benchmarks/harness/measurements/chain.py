"""libevent's own benchmark: a chain of socket pairs, in which a byte that arrives at one is sent on to the next."""

from .. import micro
from ..micro import Work

PROGRAMS = ("reactor", "native", "c-libevent")
WORKS = [
    Work(f"chain {pipes}", f"{pipes:,} socket pairs, {active} active",
         ("--work", "chain", "--count", 200_000, "--pipes", pipes, "--active", active), PROGRAMS, unit="ns a byte passed on")
    for pipes, active in ((100, 1), (1_000, 100), (8_000, 100))
]


def run(bench):
    micro.run(bench, WORKS)
