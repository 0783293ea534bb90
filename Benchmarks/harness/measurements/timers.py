"""Timers: what it costs to set, move, cancel and fire one of very many, beside libevent in C and SwiftNIO."""

from .. import micro
from ..micro import Work

ALL = ("reactor", "native", "c-libevent", "nio")
WORKS = [
    Work("timers 10,000", "10,000 timers", ("--work", "timers", "--count", 10_000), ALL),
    Work("schedule", "A million timers, set an hour ahead and left", ("--work", "schedule"), ALL),
    Work("timers 1,000,000", "A million timers", ("--work", "timers", "--count", 1_000_000), ALL[:3], is_long=True,
         note="SwiftNIO is left out here: to cancel one of N costs it O(N), and a million would take it hours."),
]


def run(bench):
    micro.run(bench, WORKS)
