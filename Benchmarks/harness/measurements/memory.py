"""Private memory of very many connections: before any has been used, after each has been used once, after each had much
waiting to be sent, and what stays when all have left."""

import os
import signal
import socket

from .. import bounds
from ..load import connect, receive_exactly, reset
from ..processes import HarnessError

CONNECTIONS, WARM_UP, IN_FLIGHT = 18_000, 64, 256
QUEUEING = 500
# More than the kernel takes of what a peer with so small a buffer does not read (tcp_wmem allows 4 MiB), by a MiB.
QUEUED, SMALL_BUFFER = 6 * 1024 * 1024, 64 * 1024
MESSAGE = bytes(range(64))


def echo_once_each(connections):
    for start in range(0, len(connections), IN_FLIGHT):
        batch = connections[start : start + IN_FLIGHT]
        for connection in batch:
            connection.sendall(MESSAGE)
        for connection in batch:
            if receive_exactly(connection, len(MESSAGE)) != MESSAGE:
                raise HarnessError("wrong bytes came back")


def open_many(server, count):
    """Connects, never further ahead of the server than its backlog is long."""
    descriptors, connections = server.settled_descriptor_count(), []
    while len(connections) < count:
        for _ in range(min(1000, count - len(connections))):
            connections.append(connect(server.port))
        if not server.wait_for_descriptors(descriptors + len(connections), patience=30, or_more=True):
            raise HarnessError(f"{server.spec.name} has not accepted {len(connections)} connections")
    return connections


def close_all(server, connections):
    for connection in connections:
        reset(connection)
    server.settled_descriptor_count()


def queue_once_each(server, count):
    """Connections that each had at least a MiB waiting in the server, one after the other, and that have it all now."""
    connections, block = [], bytes(QUEUED)
    for _ in range(count):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
        connection.settimeout(30)
        connection.connect(("127.0.0.1", server.port))
        connection.sendall(block)
        left = QUEUED
        while left > 0:
            part = connection.recv(min(left, 1 << 20))
            if not part:
                raise HarnessError("the server closed a connection")
            left -= len(part)
        connections.append(connection)
    return connections


def released_bytes(server):
    """What is left when the server has given back what it keeps; the echo comes after the signal."""
    os.kill(server.pid, signal.SIGUSR1)
    probe = connect(server.port)
    for _ in range(3):
        probe.sendall(MESSAGE)
        receive_exactly(probe, len(MESSAGE))
    close_all(server, [probe])
    return server.private_bytes()


def measure_queues(bench, spec, count):
    with bench.server(spec) as server:
        close_all(server, queue_once_each(server, 8))
        baseline = server.private_bytes()
        connections = queue_once_each(server, count)
        drained = server.private_bytes()
        released = released_bytes(server) if spec.releases else None
        close_all(server, connections)
    return (drained - baseline) / count, released and (released - baseline) / count


def measure(bench, spec, count):
    with bench.server(spec) as server:
        # Code and buffers that the first connections bring in belong to the server, not to a connection.
        warm = open_many(server, WARM_UP)
        echo_once_each(warm)
        close_all(server, warm)
        baseline = server.private_bytes()

        connections = open_many(server, count)
        idle = server.private_bytes()
        echo_once_each(connections)
        used = server.private_bytes()
        close_all(server, connections)
        left = server.private_bytes()
        released = released_bytes(server) if spec.releases else None
    return baseline, left, released, *((reading - baseline) / count for reading in (idle, used))


def run(bench):
    report, rows, checks = bench.report, [], []
    count = min(CONNECTIONS, bench.descriptor_limit - 200)
    if count < CONNECTIONS:
        report.note(f"The limit of descriptors allows {count} connections, not {CONNECTIONS}.")
    queueing = 50 if bench.quick else QUEUEING
    for spec in bench.servers:
        baseline, left, released, idle, used = measure(bench, spec, count)
        drained, drained_released = measure_queues(bench, spec, queueing) if spec.queues else (None, None)
        rows.append([spec.name, baseline / 1024, idle, used, *shown(drained), *shown(drained_released), left / 1024,
                     *shown(released and released / 1024)])
        report.keep("memory", {"server": spec.name, "connections": count, "baseline": baseline, "idle": idle,
                               "used": used, "drained": drained, "drained_released": drained_released, "left": left,
                               "released": released})
        if spec.name in bench.subjects:
            checks += [(f"memory of an idle connection: {spec.name}", idle),
                       (f"memory of a connection used once: {spec.name}", used)]
            if spec.releases:
                checks.append((f"memory of a connection that queued much, drained: {spec.name}", drained_released))
    report.table(f"Private memory with {count} connections, and with {queueing} that queued {QUEUED >> 20} MiB each",
                 ["server", "baseline KiB", "idle", "used once", "drained", "and released", "all closed KiB",
                  "and released KiB"], rows)
    for name, figure in checks:
        report.check(name, figure, "<=", bounds.MEMORY_PER_CONNECTION, "bytes")


def shown(figure):
    return ["-"] if figure is None else [figure]
