"""Connections made and reset in turn: nothing of them may stay."""

import time

from .. import bounds
from ..load import connect, echo, reset
from ..processes import HarnessError

WARM_UP, CONNECTIONS, TOGETHER = 10_000, 100_000, 500
MESSAGE = b"gone in a moment"


def churn(server, count, descriptors):
    """A third is reset at once, a third after sending, a third after an echo."""
    for number in range(count):
        connection = connect(server.port)
        if number % 3 == 1:
            connection.send(MESSAGE)
        elif number % 3 == 2:
            echo(connection, MESSAGE)
        reset(connection)
        # Never far ahead of the server: a full backlog would cost a second for each caller.
        if number % TOGETHER == TOGETHER - 1:
            server.wait_for_descriptors(descriptors)
    return server.settled_descriptor_count() - descriptors


def measure(bench, spec):
    count = CONNECTIONS // 5 if bench.quick else CONNECTIONS
    with bench.server(spec) as server:
        first = connect(server.port)
        echo(first, MESSAGE)
        reset(first)
        descriptors = server.settled_descriptor_count()
        if churn(server, WARM_UP, descriptors) != 0:
            raise HarnessError(f"{spec.name} keeps descriptors of connections that are gone")
        memory, start = server.private_bytes(), time.monotonic()
        left = churn(server, count, descriptors)
        seconds = time.monotonic() - start
        return {"connections": count, "seconds": seconds, "descriptors": descriptors, "descriptors_left": left,
                "bytes_left": server.private_bytes() - memory}


def run(bench):
    report, rows, checks = bench.report, [], []
    for spec in bench.servers:
        figures = measure(bench, spec)
        rows.append([spec.name, *figures.values()])
        report.keep("churn", {"server": spec.name, **figures})
        if spec.name in bench.subjects:
            checks.append((spec.name, figures))
    report.table("Connections made and reset in turn",
                 ["server", "connections", "seconds", "descriptors at first", "more at last", "bytes more at last"],
                 rows)
    for name, figures in checks:
        report.check(f"descriptors left by {figures['connections']} connections: {name}", figures["descriptors_left"],
                     "<=", bounds.CHURN_DESCRIPTORS)
        report.check(f"memory left by {figures['connections']} connections: {name}", figures["bytes_left"], "<=",
                     bounds.CHURN_BYTES, "bytes")
