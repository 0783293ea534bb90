"""Heap allocations an echoed message, counted by a preloaded library."""

import os
import struct
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

from .. import bounds
from ..load import Load, connect, echo, receive_exactly, reset
from ..processes import HarnessError
from .syscalls import BURST_LINES, BURSTS, LINE

FIELDS = ("malloc", "calloc", "realloc", "aligned", "free", "bytes", "named", "live")  # struct malloccount
CONNECTIONS = 1000


class Counter:
    """The counters of one server, read from the file that it has mapped."""

    def __init__(self, directory, binaries, libraries=()):
        """`libraries`: those whose own allocations are counted apart too, as `named`."""
        self.path = Path(directory) / "counts"
        self.env = {"MALLOCCOUNT_FILE": self.path, "MALLOCCOUNT_LIBRARIES": ",".join(libraries),
                    "LD_PRELOAD": Path(binaries) / "libmalloccount.so"}

    def read(self):
        return dict(zip(FIELDS, struct.unpack(f"={len(FIELDS)}Q", self.path.read_bytes()[: 8 * len(FIELDS)])))

    def since(self, before):
        return {name: value - before[name] for name, value in self.read().items()}


def allocations(counts):
    return counts["malloc"] + counts["calloc"] + counts["realloc"] + counts["aligned"]


def count_echoes(bench, server, counter, size, seconds=1.0, arguments=()):
    with Load(server, bench.binaries, bench.client_cpus, size, 64, bench.load_threads, seconds,
              arguments=arguments) as load:
        before = counter.read()
        messages = load.measure()["exchanged"]
        return counter.since(before), messages


def count_bursts(server, counter):
    connection = connect(server.port)
    for number in range(2 * BURSTS):
        if number == BURSTS:
            before = counter.read()
        connection.sendall(LINE * BURST_LINES)
        if receive_exactly(connection, len(LINE) * BURST_LINES) != LINE * BURST_LINES:
            raise HarnessError("wrong lines came back")
    counts = counter.since(before)
    connection.close()
    return counts, BURSTS


def count_connections(server, counter):
    descriptors = server.settled_descriptor_count()
    for number in range(2 * CONNECTIONS):
        if number == CONNECTIONS:
            before = counter.read()
        connection = connect(server.port)
        echo(connection, LINE)
        reset(connection)
        if not server.wait_for_descriptors(descriptors):
            raise HarnessError(f"{server.spec.name} keeps a connection that is gone")
    return counter.since(before), CONNECTIONS


@contextmanager
def counted(bench, spec, arguments=(), libraries=()):
    with tempfile.TemporaryDirectory() as directory:
        counter = Counter(directory, bench.binaries, libraries)
        with bench.server(spec, env=counter.env, arguments=arguments) as server:
            yield server, counter


def in_echoes(bench, spec, size, seconds):
    with counted(bench, spec) as (server, counter):
        return count_echoes(bench, server, counter, size, seconds)


def in_connections(bench, spec):
    with counted(bench, spec) as (server, counter):
        return count_connections(server, counter)


def in_calls(bench, engine):
    """Of calls from another thread: what more of them allocate."""
    few, many = 20_000, 220_000

    def counts(number):
        with tempfile.TemporaryDirectory() as directory:
            counter = Counter(directory, bench.binaries)
            subprocess.run([Path(bench.binaries) / "ReactorMicro", "--engine", engine, "--work", "calls",
                            "--count", str(number)], env={**os.environ, **counter.env}, stdout=subprocess.DEVNULL,
                           check=True, timeout=60)
            return counter.read()

    before, after = counts(few), counts(many)
    return {name: after[name] - before[name] for name in FIELDS}, many - few


def run(bench):
    report, rows, checks = bench.report, [], []

    def row(spec, work, measured, bound=False):
        counts, messages = measured
        each = allocations(counts) / messages
        rows.append([spec.name, work, each, counts["free"] / messages, counts["bytes"] / messages, messages])
        report.keep("allocations", {"server": spec.name, "work": work, "messages": messages, "counts": counts})
        if bound and spec.name in bench.subjects:
            checks.append((f"allocations, {work}: {spec.name}", each))

    for spec in bench.servers:
        # The last size does not fit a socket's buffer, so it shows what keeping the remainder costs: no bound there.
        for size in (64, 16 * 1024, 256 * 1024):
            with counted(bench, spec) as (server, counter):
                row(spec, f"echo {size} B", count_echoes(bench, server, counter, size), size <= 16 * 1024)
                if size == 64:
                    row(spec, "connection made, used, lost", count_connections(server, counter))
        if spec.lines:
            with counted(bench, spec, ("--mode", "lines")) as (server, counter):
                row(spec, f"burst of {BURST_LINES} lines", count_bursts(server, counter), True)
    report.table("Heap allocations of each", ["server", "work", "allocations", "frees", "bytes", "count"], rows)
    for name, figure in checks:
        report.check(name, figure, "<=", bounds.ALLOCATIONS, tolerance=bounds.ALLOCATION_TOLERANCE)
