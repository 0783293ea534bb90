"""Programs that need no clients: timers, calls from other threads, libevent's own chain of sockets. Each figure is of one
process that does one kind of work once; the programs take turns."""

import json
import statistics
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import bounds, peers
from .processes import HarnessError, spawn
from .report import median_and_range
from .servers import PEERS, SERVERS

PATIENCE = 120  # seconds for one run


@dataclass(frozen=True)
class Program:
    name: str
    title: str
    product: str
    arguments: tuple = ()
    is_peer: bool = False


PROGRAMS = {program.name: program for program in [
    Program("reactor", "Reactor", "ReactorMicro"),
    Program("native", "NativeReactor", "ReactorMicro", ("--engine", "native")),
    Program("c-libevent", "libevent, C", "CLibeventMicro"),
    Program("nio", "SwiftNIO", "NIOMicro", is_peer=True),
]}


@dataclass(frozen=True)
class Work:
    key: str
    title: str
    arguments: tuple
    programs: tuple
    own_processor: bool = True  # one thread, so one processor; calls between threads need several
    is_long: bool = False
    unit: str = "ns each"
    note: str = ""


def once(program, work, binaries, cpus):
    command = [Path(binaries[program.is_peer]) / program.product, *program.arguments, *work.arguments]
    process = spawn(command, cpus if work.own_processor else None, stdout=subprocess.PIPE, text=True)
    try:
        out, _ = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise HarnessError(f"{program.name}: {work.title} took more than {PATIENCE} s") from None
    if process.returncode:
        raise HarnessError(f"{program.name}: {work.title} ended with status {process.returncode}")
    return json.loads(out)


def prepare(bench, works):
    """Where the programs are, and where those of peers are: None where they cannot be built."""
    if not any(PROGRAMS[name].is_peer for work in works for name in work.programs):
        return {False: bench.binaries, True: None}
    try:
        peers.prepare_swift([SERVERS["nio"]], bench.report.note)
        return {False: bench.binaries, True: PEERS / ".build" / "release"}
    except (OSError, subprocess.SubprocessError) as error:
        bench.report.note(f"SKIP  nio: {peers.last_line(error)}")
        return {False: bench.binaries, True: None}


def figures_of(work, binaries, cpus, rounds):
    """Of each program, of each step of the work: nanoseconds, a figure for each round."""
    chosen = [PROGRAMS[name] for name in work.programs if binaries[PROGRAMS[name].is_peer]]
    figures = {program.name: {} for program in chosen}
    for turn in range(rounds):
        first = turn % len(chosen)
        for program in chosen[first:] + chosen[:first]:
            for step, value in once(program, work, binaries, cpus).items():
                figures[program.name].setdefault(step, []).append(value)
    return figures


def run(bench, works):
    binaries = prepare(bench, works)
    for work in works:
        if bench.quick and work.is_long:
            continue
        figures = figures_of(work, binaries, bench.server_cpus, bench.rounds)
        steps = list(dict.fromkeys(step for program in figures.values() for step in program))
        rows = [[PROGRAMS[name].title, *(median_and_range(program[step]) if step in program else "" for step in steps)]
                for name, program in figures.items()]
        bench.report.table(work.title, [work.unit, *steps], rows)
        if work.note:
            bench.report.note(work.note)
        bench.report.keep("micro", {"work": work.key, "title": work.title, "ns": figures})
        for other, step, least in bounds.MICRO.get(work.key, []):
            if other in figures:
                # Of the same turn: what the machine does from minute to minute falls on both.
                ratios = [theirs / ours for theirs, ours in zip(figures[other][step], figures["reactor"][step])]
                bench.report.check(f"{work.title}, {step}: times faster than {PROGRAMS[other].title}",
                                   statistics.median(ratios), ">=", least)
