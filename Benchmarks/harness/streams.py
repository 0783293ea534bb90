"""Servers that stream, measured turn by turn: bytes a second, and bytes a second of the server's own processor time."""

import json
import statistics
import subprocess
from contextlib import ExitStack
from pathlib import Path

from .processes import HarnessError, read_line, spawn, stop
from .report import median_and_range, number

SLICE_SECONDS = 0.5
ATTEMPTS = 5


class Stream:
    """streamload at one server: nothing moves but in `measure()`."""

    def __init__(self, bench, start, arguments):
        """`start` is called with the port at which bytes are taken, and returns a server that is not started yet."""
        self.bench, self.start = bench, start
        self.command = [Path(bench.binaries) / "streamload", *arguments]

    def __enter__(self):
        with ExitStack() as stack:
            self.process = spawn(self.command, self.bench.client_cpus, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 bufsize=0)
            stack.callback(self.end)
            sink = int(self._line(0).removeprefix("sinking on "))
            server = stack.enter_context(self.start(sink))
            self._tell(f"connect {server.port} {server.pid}")
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.end()  # before its server, which goes on when its peers go
        self.stack.close()

    def end(self):
        if self.process.stdin.closed:
            return
        stop(self.process)
        self.process.stdin.close()
        self.process.stdout.close()

    def _tell(self, words):
        self.process.stdin.write(f"{words}\n".encode())

    def _line(self, seconds):
        return read_line(self.process, self.process.stdout, seconds + 15, "streamload")

    def measure(self, seconds=SLICE_SECONDS):
        for _ in range(ATTEMPTS):
            self._tell(f"measure {seconds}")
            figures = json.loads(self._line(seconds))
            # On a machine that others use a process may get nothing of it for that long.
            if figures["bytes"] > 0 and figures["server_ran"] > 0:
                return figures
        raise HarnessError(f"nothing moves, or others keep the processors busy")


def throughput(figures):
    return figures["bytes"] / figures["seconds"]


def throughput_of_processor(figures):
    return figures["bytes"] / figures["server_ran"]


def compare(bench, title, kind, makers):
    """Fresh processes for each round, slices in turn; returns the slices of each name, one list a round."""
    rounds = {name: [] for name in makers}
    for turn in range(bench.rounds):
        with ExitStack() as stack:
            streams = {name: stack.enter_context(make()) for name, make in makers.items()}
            slices = {name: [] for name in makers}
            for stream in streams.values():
                stream.measure(0.2)  # the first pages, and the windows
            for step in range(bench.slices):
                names = list(streams)
                shift = (turn + step) % len(names)
                for name in names[shift:] + names[:shift]:
                    slices[name].append(streams[name].measure())
            for name in makers:
                rounds[name].append(slices[name])
    first = next(iter(makers))
    rows = []
    for name, mine in rounds.items():
        everything = [figures for slices in mine for figures in slices]
        rows.append([
            name,
            median_and_range([statistics.median(map(throughput, slices)) for slices in mine], 1e-9),
            median_and_range([statistics.median(map(throughput_of_processor, slices)) for slices in mine], 1e-9),
            number(100 * statistics.median(figures["server_ran"] / figures["seconds"] for figures in everything)),
            number(ratio(rounds, name, first, throughput)),
            number(ratio(rounds, name, first, throughput_of_processor)),
        ])
        bench.report.keep(kind, {"server": name, "rounds": mine})
    bench.report.table(
        f"{title}, {bench.rounds} rounds of {bench.slices} slices",
        ["server", "GB/s", "GB a second of its processor", "busy %", f"over {first}", "by CPU time"], rows)
    return rounds


def ratio(rounds, name, other, figure):
    """The median over all pairs of slices next to each other in time."""
    return statistics.median(
        figure(a) / figure(b)
        for mine, theirs in zip(rounds[name], rounds[other])
        for a, b in zip(mine, theirs))
