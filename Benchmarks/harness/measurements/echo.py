"""Throughput, latency and user-space time of an echo, all servers turn by turn."""

import statistics
from contextlib import ExitStack

from .. import bounds
from ..load import Load
from ..processes import HarnessError
from ..report import median_and_range, number
from ..servers import Spec

CONNECTIONS = 64
SLICE_SECONDS = 0.25
QUIET = 0.03  # a disturbance that is not worth measuring again for
ATTEMPTS = 3  # steps measured at most, for each that is kept


def label(size):
    return f"{size} B" if size < 1024 else f"{size // 1024} KiB"


class Row:
    """What one server did: a list of rounds, each a list of slices."""

    def __init__(self, spec):
        self.spec, self.rounds, self.user, self.system, self.messages = spec, [], 0.0, 0.0, 0

    def median(self, figure):
        return statistics.median(figure(figures) for slices in self.rounds for figures in slices)

    def busy(self):
        return self.median(lambda f: f["server_ran"] / f["seconds"])

    def disturbance(self):
        return self.median(lambda f: f["disturbance"])

    def rates(self):
        """A median for each round."""
        return [statistics.median(f["messages_per_second"] for f in slices) for slices in self.rounds]

    def ratios(self, other, figure):
        """The median of a round's ratios, for each round; each ratio is of two slices next to each other in time."""
        return [
            statistics.median(figure(a) / figure(b) for a, b in zip(mine, theirs))
            for mine, theirs in zip(self.rounds, other.rounds)
        ]


def throughput(figures):
    return figures["messages_per_second"]


def throughput_of_processor(figures):
    """Messages a second of the server's own processor time: its throughput, had it been alone."""
    return figures["messages"] / figures["server_ran"]


def measure_steps(rows, loads, count, turn):
    """A step is one slice of each server in turn. Where others disturb a step it is measured again, and the quietest
    are kept: what is kept depends on what others did, never on what the servers did."""
    steps = []
    for step in range(count * ATTEMPTS):
        shift = (turn + step) % len(rows)
        slices = {row: loads[row].measure() for row in rows[shift:] + rows[:shift]}
        # On a machine so busy that a server got nothing done there is nothing to compare.
        if all(figures["messages"] > 0 and figures["server_ran"] > 0 for figures in slices.values()):
            steps.append((max(figures["disturbance"] for figures in slices.values()), step, slices))
        if sum(disturbance <= QUIET for disturbance, _, _ in steps) == count:
            break
    if not steps:
        raise HarnessError("others keep the processors so busy that no server gets anything done")
    return [slices for _, _, slices in sorted(steps, key=lambda each: each[:2])[:count]]


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
            row.rounds.append([slices[row] for slices in steps])
            (user, system), messages = before[row]
            user_now, system_now = server.cpu_seconds()
            row.user += user_now - user
            row.system += system_now - system
            row.messages += loads[row].messages - messages


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
    # The yardstick against itself: how far from 1 its ratio lies is what this run cannot tell from noise.
    specs.append(Spec("c-epoll again", bench.known["c-epoll"].product))
    for size in bench.sizes:
        rows = [Row(spec) for spec in specs]
        for turn in range(bench.rounds):
            measure_round(bench, rows, size, turn)
        tell(bench, rows, size)
        check(bench, rows, size)
