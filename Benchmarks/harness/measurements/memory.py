"""Private memory of very many connections, before any has been used and after each has been used once."""

from .. import bounds
from ..load import connect, receive_exactly, reset
from ..processes import HarnessError

CONNECTIONS, WARM_UP, IN_FLIGHT = 18_000, 64, 256
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
        if not server.wait_for_descriptors(descriptors + len(connections), patience=30):
            raise HarnessError(f"{server.spec.name} has not accepted {len(connections)} connections")
    return connections


def close_all(server, connections):
    for connection in connections:
        reset(connection)
    server.settled_descriptor_count()


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
    return baseline, *((reading - baseline) / count for reading in (idle, used, left))


def run(bench):
    report, rows, checks = bench.report, [], []
    count = min(CONNECTIONS, bench.descriptor_limit - 200)
    if count < CONNECTIONS:
        report.note(f"The limit of descriptors allows {count} connections, not {CONNECTIONS}.")
    for spec in bench.servers:
        baseline, idle, used, left = measure(bench, spec, count)
        rows.append([spec.name, baseline / 1024, idle, used, left])
        report.keep("memory", {"server": spec.name, "connections": count, "baseline": baseline, "idle": idle,
                               "used": used, "left": left})
        if spec.name in bench.subjects:
            checks += [(f"memory of an idle connection: {spec.name}", idle),
                       (f"memory of a connection used once: {spec.name}", used)]
    report.table(f"Private memory with {count} connections, bytes each",
                 ["server", "baseline KiB", "idle", "used once", "all closed"], rows)
    for name, figure in checks:
        report.check(name, figure, "<=", bounds.MEMORY_PER_CONNECTION, "bytes")
