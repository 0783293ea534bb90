"""Memory of TLS connections: silent, established, after much, and in an unfinished handshake."""

import os
import signal
import tempfile
from contextlib import contextmanager

from .. import bounds
from ..load import connect, echo, reset
from ..processes import HarnessError
from ..secure import client_context, first_hello, identified, secure
from .allocations import Counter
from .memory import MESSAGE, WARM_UP, close_all, open_many

CONNECTIONS, QUICK_CONNECTIONS = 10_000, 1_000
LARGE, WITH_LARGE = bytes(256 * 1024), 1_000
# Below the library's limit of handshakes that are under way.
UNFINISHED = 900
STAGES = ("silent", "established", "large", "unfinished", "left", "released")


class Readings:
    """What a server has by the allocator's account, and by the kernel's."""

    def __init__(self, server, counter):
        self.server, self.counter = server, counter

    def __call__(self):
        return self.counter.read()["live"], self.server.private_bytes()


def growth(now, before, count=1):
    return [(a - b) / count for a, b in zip(now, before)]


def unfinished(server, count, hello):
    """Connections that have sent the first message of a handshake, have an answer, and go no further."""
    connections = open_many(server, count)
    for connection in connections:
        connection.sendall(hello)
    for connection in connections:
        if not connection.recv(1 << 16):
            raise HarnessError("the server closed a connection")
    return connections


def release(server, context):
    """Has the server give back what it keeps; an echo comes after the signal."""
    os.kill(server.pid, signal.SIGUSR1)
    probe = secure(connect(server.port), context)
    for _ in range(3):
        echo(probe, MESSAGE)
    close_all(server, [probe])


@contextmanager
def warmed(bench, spec, context):
    """A server that has had connections of all kinds, and readings of it."""
    with tempfile.TemporaryDirectory() as directory:
        counter = Counter(directory, bench.binaries)
        with bench.server(identified(spec), env=counter.env) as server:
            warm = [secure(connection, context) for connection in open_many(server, WARM_UP)]
            for connection in warm:
                echo(connection, LARGE)
            close_all(server, warm)
            close_all(server, unfinished(server, WARM_UP, first_hello(context)))
            if spec.releases:
                release(server, context)
            yield server, Readings(server, counter)


def measure(bench, spec, count, with_large=WITH_LARGE, with_unfinished=UNFINISHED):
    """Bytes of the heap and of private memory: of each connection for the first four stages; of the process, more than
    before all of them, for the others."""
    context, figures = client_context(), {}
    with warmed(bench, spec, context) as (server, read):
        start = read()
        connections = open_many(server, count)
        figures["silent"] = growth(read(), start, count)
        connections = [secure(connection, context) for connection in connections]
        established = read()
        figures["established"] = growth(established, start, count)
        for connection in connections[:with_large]:
            echo(connection, LARGE)
        figures["large"] = growth(read(), established, min(count, with_large))
        close_all(server, connections)
        figures["left"] = growth(read(), start)
        if spec.releases:
            release(server, context)
            figures["released"] = growth(read(), start)
    # In a process of its own, since what others left would be used again, and not be seen to grow.
    with warmed(bench, spec, context) as (server, read):
        start = read()
        connections = unfinished(server, with_unfinished, first_hello(context))
        figures["unfinished"] = growth(read(), start, with_unfinished)
        close_all(server, connections)
    return figures


def run(bench, specs):
    count = min(QUICK_CONNECTIONS if bench.quick else CONNECTIONS, bench.descriptor_limit - 200)
    rows, checks = [], []
    for spec in specs:
        figures = measure(bench, spec, count)
        bench.report.keep("tls memory", {"server": spec.name, "connections": count, **figures})
        for index, kind in enumerate(("heap", "private")):
            shown = {name: figure[index] for name, figure in figures.items()}
            rows.append([spec.name, kind, *(shown.get(name, "-") for name in STAGES[:4]),
                         *(shown[name] / 1024 if name in shown else "-" for name in STAGES[4:])])
        if spec.name in bounds.GUARDED_TLS:
            # The kernel counts pages, so it takes very many connections to tell those of each.
            index = 0 if bench.quick else 1
            checks += [(f"memory, {name}: {spec.name}", figures[name][index], bounds.TLS_MEMORY[name])
                       for name in bounds.TLS_MEMORY]
    bench.report.table(
        f"TLS 1.3: memory of {count:,} connections, 256 KiB on {min(count, WITH_LARGE):,}, {UNFINISHED} unfinished",
        ["server", "bytes of", "silent", "established", "and 256 KiB", "unfinished", "all closed KiB",
         "and released KiB"], rows)
    for name, figure, most in checks:
        bench.report.check(name, figure, "<=", most, "bytes")
