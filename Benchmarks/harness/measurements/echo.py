"""Throughput, latency and user-space time of an echo, all servers turn by turn."""

import statistics
from contextlib import ExitStack

from .. import bounds
from ..load import Load
from ..report import label, median_and_range, number
from ..servers import AGAIN
from ..turns import QUIET, Row, measure_steps, throughput, throughput_of_processor

CONNECTIONS = 64
SLICE_SECONDS = 0.25


def measure_round(bench, rows, size, turn):
    """Fresh processes, since where a process's memory happens to lie is worth some per cent by itself."""
    with ExitStack() as stack:
        servers = {row: stack.enter_context(bench.server(row.spec)) for row in rows}
        loads = {
            row: stack.enter_context(
                Load(server, bench.binaries, bench.client_cpus, size, CONNECTIONS, bench.load_threads, SLICE_SECONDS)
            )
            for row, server in servers.items()
        }
        before = {row: (server.cpu_seconds(), loads[row].messages) for row, server in servers.items()}
        steps = measure_steps(rows, loads, bench.slices, turn)
        for row, server in servers.items():
            row.add_round(steps, server, loads[row], before[row])


def tell(bench, rows, size):
    epoll = next(row for row in rows if row.spec.name == "c-epoll")
    table = []
    for row in rows:
        table.append([
            row.spec.name,
            median_and_range(row.rates(), 1e-3),
            "1" if row is epoll else median_and_range(row.ratios(epoll, throughput)),
            "1" if row is epoll else median_and_range(row.ratios(epoll, throughput_of_processor)),
            number(row.busy() * 100),
            number(row.disturbance() * 100),
            number(row.median(lambda f: f["server_ran"] / f["messages"]) * 1e6),
            number(row.user / row.messages * 1e9),
            " / ".join(number(row.median(lambda f: f[name])) for name in ("p50_us", "p99_us", "p999_us")),
        ])
        bench.report.keep("echo", {
            "server": row.spec.name, "size": size, "rounds": row.rounds, "user_seconds": row.user,
            "system_seconds": row.system, "messages": row.messages,
        })
    bench.report.table(
        f"Echo of {label(size)}, {CONNECTIONS} connections, {bench.rounds} rounds of {bench.slices} slices",
        ["server", "thousand messages/s", "over c-epoll", "by CPU time", "busy %", "disturbed %", "us CPU", "ns user",
         "us p50 / p99 / p99.9"],
        table,
    )
    for row in rows:
        if row.busy() < bounds.BUSY_SHARE:
            reason = "others used the processors" if row.disturbance() > QUIET else "it waited for the load generator"
            bench.report.note(f"FLAG  {row.spec.name} was not busy all the time: {reason}")


def check(bench, rows, size):
    by_name = {row.spec.name: row for row in rows}
    # On a machine that others use the servers did not get equal shares of it. Processor time tells the same then: a
    # server that is alone and busy all the time has just that throughput.
    disturbed = any(row.disturbance() > QUIET for row in rows)
    figure, basis = (throughput_of_processor, " by CPU time") if disturbed else (throughput, "")
    yardsticks = [("c-epoll", bounds.EPOLL_RATIO), ("c-bufferevent", bounds.BUFFEREVENT_RATIO)]
    for row in rows:
        if row.spec.name not in bench.subjects:
            continue
        for yardstick, ratios in yardsticks:
            if size in ratios and yardstick in by_name and row.spec.name != yardstick:
                ratio = statistics.median(row.ratios(by_name[yardstick], figure))
                name = f"echo {label(size)}{basis}: {row.spec.name} / {yardstick}"
                bench.report.check(name, ratio, ">=", ratios[size])


def run(bench):
    specs = list(bench.servers)
    if not any(spec.name == "c-epoll" for spec in specs):
        specs.insert(0, bench.known["c-epoll"])
    specs.append(AGAIN)
    for size in bench.sizes:
        rows = [Row(spec) for spec in specs]
        for turn in range(bench.rounds):
            measure_round(bench, rows, size, turn)
        tell(bench, rows, size)
        check(bench, rows, size)
