"""Five thousand slow readers that asked for 10 MB each, and five thousand slow writers."""

import select
import socket
import time

from .. import bounds
from ..load import connect
from ..processes import HarnessError
from ..servers import Spec

PEERS, QUICK_PEERS, WARM_UP = 5_000, 500, 64
RECEIVE_BUFFER = 16 * 1024
HIGH_MARK, PIECE = 64 * 1024, 16 * 1024
# The server's deadlines, in seconds.
WRITE, RATE_PERIOD, FIRST_BYTE = 10, 10, 10


def connect_slowly(port):
    """A peer whose kernel takes little, so that what it does not read waits at the server soon."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    connection.settimeout(10)
    connection.connect(("127.0.0.1", port))
    connection.setblocking(False)
    return connection


def gather(server, count, open_one):
    descriptors, peers = server.settled_descriptor_count(), []
    while len(peers) < count:
        for _ in range(min(500, count - len(peers))):
            peers.append(open_one())
        if not server.wait_for_descriptors(descriptors + len(peers), patience=30):
            raise HarnessError(f"{server.spec.name} has not accepted {len(peers)} connections")
    return peers


def spec(name, *arguments):
    return Spec(name, "TimeoutServer", tuple(str(argument) for argument in arguments))


def warm_up(server):
    for connection in [connect(server.port) for _ in range(WARM_UP)]:
        connection.close()
    return server.settled_descriptor_count()


def readers(bench, count):
    """Each asks, reads a little now and then, and never as much as it is owed; then not at all."""
    with bench.server(spec("give", "--mode", "give", "--write", WRITE)) as server:
        descriptors = warm_up(server)
        before = server.private_bytes()
        start = time.monotonic()
        peers = gather(server, count, lambda: connect_slowly(server.port))
        most = 0
        for peer in peers:
            peer.send(b"g")
        for _ in range(5):
            for peer in peers:
                try:
                    peer.recv(4096)
                except BlockingIOError:
                    pass
            most = max(most, server.private_bytes() - before)
        stopped = time.monotonic()
        while server.descriptor_count() > descriptors and time.monotonic() < stopped + 3 * WRITE:
            most = max(most, server.private_bytes() - before)
            time.sleep(0.25)
        kept = max(0, server.descriptor_count() - descriptors)
        seconds = time.monotonic() - stopped
        for peer in peers:
            peer.close()
        return {"peers": count, "bytes_each": most / count, "kept": kept, "seconds": seconds,
                "bytes_left": server.private_bytes() - before, "set_up": stopped - start}


def writers(bench, count, trickles):
    """Peers that send a byte a second, or none at all, until the server has dropped all of them."""
    arguments = ["--read-rate", 100] if trickles else ["--first-byte", FIRST_BYTE]
    with bench.server(spec("echo", "--idle", 60, *arguments)) as server:
        descriptors = warm_up(server)
        cpu = server.running_seconds()
        peers = gather(server, count, lambda: connect(server.port))
        start, deadline, next_byte = time.monotonic(), time.monotonic() + 60, 0.0
        for peer in peers:
            peer.setblocking(False)
        while server.descriptor_count() > descriptors and time.monotonic() < deadline:
            if trickles and time.monotonic() >= next_byte:
                next_byte = time.monotonic() + 1
                for peer in peers:
                    try:
                        peer.send(b"x")
                    except OSError:
                        pass
            time.sleep(0.02)
        seconds = time.monotonic() - start
        kept = max(0, server.descriptor_count() - descriptors)
        for peer in peers:
            peer.close()
        return {"peers": count, "kept": kept, "seconds": seconds, "cpu_seconds": server.running_seconds() - cpu}


def run(bench):
    report = bench.report
    count = min(QUICK_PEERS if bench.quick else PEERS, bench.descriptor_limit - 200)
    reading = readers(bench, count)
    report.keep("slow", {"kind": "readers", **reading})
    report.table(f"{count} slow readers that asked for 10 MB each",
                 ["private bytes each at most", "not dropped", f"all dropped after, s ({WRITE} s)", "bytes left"],
                 [[reading["bytes_each"], reading["kept"], reading["seconds"], reading["bytes_left"]]])
    rows, kept = [], reading["kept"]
    for name, trickles, limit in [("a byte a second", True, RATE_PERIOD), ("nothing", False, FIRST_BYTE)]:
        writing = writers(bench, count, trickles)
        report.keep("slow", {"kind": name, **writing})
        rows.append([name, limit, writing["kept"], writing["seconds"], writing["cpu_seconds"]])
        kept += writing["kept"]
    report.table(f"{count} slow writers", ["each sends", "deadline s", "not dropped", "all dropped after s", "CPU s"],
                 rows)
    # A chunk is not full where the kernel took part of a piece.
    report.check("memory of a slow reader", reading["bytes_each"], "<=", bounds.SLOW_READER_BYTES, "bytes")
    report.check("slow peers not dropped by the deadlines", kept, "<=", 0)
