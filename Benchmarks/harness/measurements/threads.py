"""Calls from other threads: what one costs from one thread and from eight, and the way to a loop that sleeps and back."""

from .. import micro
from ..micro import Work

PROGRAMS = ("reactor", "native", "nio")
WORKS = [
    Work("calls 1", "A million calls from another thread", ("--work", "calls"), PROGRAMS, own_processor=False),
    Work("calls 8", "A million calls from eight threads", ("--work", "calls", "--threads", 8), PROGRAMS,
         own_processor=False),
    Work("wakes", "A call to a loop that sleeps, and its answer", ("--work", "wakes", "--count", 20_000), PROGRAMS,
         own_processor=False),
]


def run(bench):
    micro.run(bench, WORKS)
