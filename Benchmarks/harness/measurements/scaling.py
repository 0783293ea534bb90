"""Reactors of one group on several processors: what each further one is worth, and what each way to accept costs.

C on epoll with a loop on each processor stands beside it: clients and kernel share the machine, and no server can do much
better there. Pipelined requests are the load of which a client does less than a server, so that two servers have enough.
"""

import json
import statistics
import subprocess
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from .. import bounds
from ..load import Load
from ..processes import Server, read_line, spawn, stop
from ..report import median_and_range, number
from ..servers import Spec
from .echo import QUIET, SLICE_SECONDS, Row, measure_steps, throughput, throughput_of_processor

REACTORS = 2
SIZE = 64
LINES = 32  # requests sent at once
MANY, FEW = 64, 4
THREADS = 32  # each with one connection at a time
CONNECT_SECONDS = 1.0


def spec(name, reactors, *arguments):
    return Spec(name, "GroupEcho", ("--pin", "--reactors", str(reactors), *arguments))


def pipelining(spec):
    arguments = ("--lines",) if spec.product == "GroupEcho" else ("--mode", "lines")
    return replace(spec, arguments=spec.arguments + arguments)


C_ONE = Spec("C on epoll, 1 loop", "CEpollEcho")
C_TWO = Spec("C on epoll, 2 loops", "CEpollEcho", ("--threads", str(REACTORS)))
ONE = spec("1 reactor", 1)
TWO = spec("2 reactors", REACTORS)
OTHERS = [
    spec("2 reactors, acceptor", REACTORS, "--acceptor"),
    spec("2 reactors, acceptor, fewest", REACTORS, "--fewest"),
    spec("2 reactors, private tables", REACTORS, "--private-tables"),
]


def reactors(row):
    return 1 if row.spec.name in (ONE.name, C_ONE.name) else REACTORS


def base_of(row, rows):
    """The same with one loop."""
    one = C_ONE if row.spec.product == C_ONE.product else ONE
    return next(each for each in rows if each.spec.name == one.name)


class Machine:
    """Two processors for the servers and the others for the clients."""

    def __init__(self, bench):
        cpus = [*bench.server_cpus, *[cpu for cpu in bench.client_cpus if cpu not in bench.server_cpus]]
        self.server_cpus, self.client_cpus = cpus[:REACTORS], cpus[REACTORS:] or cpus
        self.is_large_enough = len(cpus) >= 2 * REACTORS
        self.binaries = bench.binaries

    def server(self, row):
        return Server(row.spec, self.binaries, self.server_cpus[:reactors(row)])


def measure_echo(bench, machine, rows, connections, turn, size=SIZE, arguments=()):
    with ExitStack() as stack:
        loads = {}
        for row in rows:
            server = stack.enter_context(machine.server(row))
            load = Load(server, machine.binaries, machine.client_cpus, size, connections,
                        min(connections, len(machine.client_cpus)), SLICE_SECONDS, arguments=arguments)
            loads[row] = stack.enter_context(load)
        steps = measure_steps(rows, loads, bench.slices, turn)
        for row in rows:
            row.rounds.append([slices[row] for slices in steps])


def threads_seconds(server):
    tasks = Path(f"/proc/{server.pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def connect_for_a_while(machine, server):
    command = [machine.binaries / "connectload", "--port", server.port, "--threads", THREADS, "--seconds",
               CONNECT_SECONDS]
    before = threads_seconds(server)
    process = spawn(command, machine.client_cpus, stdout=subprocess.PIPE, bufsize=0)
    try:
        figures = json.loads(read_line(process, process.stdout, CONNECT_SECONDS + 15, "connectload"))
    finally:
        stop(process)
        process.stdout.close()
    figures["server_ran"] = threads_seconds(server) - before
    figures["connections_per_second"] = figures["connections"] / figures["seconds"]
    return figures


def measure_connects(bench, machine, rows, turn):
    with ExitStack() as stack:
        servers = {row: stack.enter_context(machine.server(row)) for row in rows}
        shift = turn % len(rows)
        for row in rows[shift:] + rows[:shift]:
            row.rounds.append([connect_for_a_while(machine, servers[row])])


def tell_echo(bench, rows, connections, what=f"Echo of {SIZE} B"):
    table = []
    for row in rows:
        one = base_of(row, rows)
        table.append([
            row.spec.name,
            median_and_range(row.rates(), 1e-3),
            "1" if row is one else median_and_range(row.ratios(one, throughput)),
            "1" if row is one else median_and_range([ratio * reactors(row) for ratio in
                                                     row.ratios(one, throughput_of_processor)]),
            number(row.busy() * 100 / reactors(row)),
            number(row.disturbance() * 100),
        ])
        bench.report.keep("scaling", {"server": row.spec.name, "work": what, "connections": connections,
                                      "rounds": row.rounds})
    bench.report.table(
        f"{what}, {connections} connections, {bench.rounds} rounds of {bench.slices} slices",
        ["server", "thousand messages/s", "over 1 of its kind", "by CPU time", "busy %", "disturbed %"], table)


def tell_connects(bench, rows):
    one, table = rows[0], []
    rate = lambda figures: figures["connections_per_second"]
    for row in rows:
        table.append([
            row.spec.name,
            median_and_range([rate(slices[0]) for slices in row.rounds], 1e-3),
            "1" if row is one else median_and_range(row.ratios(one, rate)),
            number(statistics.median(s[0]["server_ran"] / s[0]["connections"] for s in row.rounds) * 1e6),
            number(row.median(lambda f: f["server_ran"] / f["seconds"]) * 100 / reactors(row)),
        ])
        bench.report.keep("connects", {"server": row.spec.name, "rounds": row.rounds})
    bench.report.table(
        f"Connect, echo, reset: {THREADS} callers, {bench.rounds} rounds",
        ["server", "thousand connections/s", "over 1 reactor", "us CPU a connection", "busy %"], table)


def check(bench, what, one, two):
    disturbed = any(row.disturbance() > QUIET for row in (one, two))
    waiting = [row for row in (one, two) if row.busy() < bounds.BUSY_SHARE * reactors(row)]
    for row in waiting:
        reason = "others used the processors" if row.disturbance() > QUIET else "it waited for the load generator"
        bench.report.note(f"FLAG  {row.spec.name} was not busy all the time: {reason}")
    # Throughput says nothing of a server that had to wait; what its processor time was worth does.
    if disturbed or waiting:
        ratio, basis = statistics.median(two.ratios(one, throughput_of_processor)) * REACTORS, " by CPU time"
    else:
        ratio, basis = statistics.median(two.ratios(one, throughput)), ""
    bench.report.check(f"scaling{basis}, {what}: 2 reactors / 1 reactor", ratio, ">=", bounds.TWO_REACTORS_RATIO)


def run(bench):
    machine = Machine(bench)
    for connections in (MANY, FEW):
        rows = [Row(each) for each in (ONE, TWO, C_ONE, C_TWO, *OTHERS)]
        for turn in range(bench.rounds):
            measure_echo(bench, machine, rows, connections, turn)
        tell_echo(bench, rows, connections)
        if connections == MANY and machine.is_large_enough:
            check(bench, f"{SIZE} B", *rows[:2])
    rows = [Row(pipelining(each)) for each in (ONE, TWO, C_ONE, C_TWO)]
    for turn in range(bench.rounds):
        measure_echo(bench, machine, rows, MANY, turn, SIZE * LINES, ("--lines", SIZE))
    tell_echo(bench, rows, MANY, f"Lines of {SIZE} B, {LINES} at once")
    if machine.is_large_enough:
        check(bench, "pipelined requests", *rows[:2])
    rows = [Row(each) for each in (ONE, TWO, *OTHERS)]
    for turn in range(bench.rounds):
        measure_connects(bench, machine, rows, turn)
    tell_connects(bench, rows)
    if not machine.is_large_enough:
        bench.report.note("FLAG  servers and clients share processors: there is no bound with fewer than four")
