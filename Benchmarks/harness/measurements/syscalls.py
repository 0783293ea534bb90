"""System calls an echoed message, counted by strace over a busy second."""

import signal
import subprocess
import tempfile
from contextlib import contextmanager

from .. import bounds
from ..load import Load, connect, echo, receive_exactly
from ..processes import HarnessError, read_line, spawn, stop

KINDS = {
    "receive": {"recvfrom", "recvmsg", "read", "readv"},
    "send": {"sendto", "sendmsg", "write", "writev"},
    "epoll_ctl": {"epoll_ctl"},
    "ioctl": {"ioctl"},
    "epoll_wait": {"epoll_wait", "epoll_pwait", "epoll_pwait2"},
}
CONNECTIONS = 300
BURSTS, BURST_LINES, LINE = 500, 16, b"a line of a pipelined burst\n"


@contextmanager
def traced(server):
    """Counts the server's calls while the block runs; the dictionary is filled when it is left."""
    calls = {}
    with tempfile.NamedTemporaryFile("r") as output:
        tracer = spawn(["strace", "-f", "-c", "-o", output.name, "-p", server.pid], stderr=subprocess.PIPE, bufsize=0)
        try:
            if "attached" not in (line := read_line(tracer, tracer.stderr, 10, "strace")):
                raise HarnessError(line)
            yield calls
            tracer.send_signal(signal.SIGINT)
            tracer.wait(10)
        finally:
            stop(tracer)
            tracer.stderr.close()
        for line in output.read().splitlines():
            # % time, seconds, usecs/call, calls, errors if any, name
            fields = line.split()
            if len(fields) >= 5 and fields[3].isdigit() and fields[-1] != "total":
                calls[fields[-1]] = int(fields[3])


def by_kind(calls, messages):
    counts = {kind: sum(calls.get(name, 0) for name in names) / messages for kind, names in KINDS.items()}
    named = set().union(*KINDS.values())
    counts["other"] = sum(count for name, count in calls.items() if name not in named) / messages
    return counts


def busy_second(bench, spec, size, seconds=1.0, arguments=()):
    with bench.server(spec) as server:
        with Load(server, bench.binaries, bench.client_cpus, size, 64, bench.load_threads, seconds,
                  arguments=arguments) as load:
            with traced(server) as calls:
                messages = load.measure()["exchanged"]
    return calls, messages


def bursts(bench, spec):
    with bench.server(spec, arguments=("--mode", "lines")) as server:
        connection = connect(server.port)
        with traced(server) as calls:
            for _ in range(BURSTS):
                connection.sendall(LINE * BURST_LINES)
                if receive_exactly(connection, len(LINE) * BURST_LINES) != LINE * BURST_LINES:
                    raise HarnessError("wrong lines came back")
        connection.close()
    return calls, BURSTS


def connections(bench, spec):
    """Made one after another, used once and closed by the client."""
    with bench.server(spec) as server:
        with traced(server) as calls:
            descriptors = server.settled_descriptor_count()
            for _ in range(CONNECTIONS):
                connection = connect(server.port)
                echo(connection, LINE)
                connection.close()
            server.wait_for_descriptors(descriptors)
    return calls, CONNECTIONS


def run(bench):
    report, rows, checks = bench.report, [], []
    for size in (64, 16 * 1024):
        for spec in bench.servers:
            calls, messages = busy_second(bench, spec, size)
            counts = by_kind(calls, messages)
            rows.append([spec.name, f"echo {size} B", *counts.values(), messages])
            report.keep("syscalls", {"server": spec.name, "size": size, "messages": messages, "calls": calls})
            if spec.name in bench.subjects:
                checks += [(f"{kind} calls an echo of {size} B: {spec.name}", counts[kind], bounds.CALLS[kind])
                           for kind in counts]
    for spec in bench.servers:
        if not spec.lines:
            continue
        calls, messages = bursts(bench, spec)
        counts = by_kind(calls, messages)
        rows.append([spec.name, f"burst of {BURST_LINES}", *counts.values(), messages])
        report.keep("syscalls", {"server": spec.name, "burst": BURST_LINES, "messages": messages, "calls": calls})
        if spec.name in bench.subjects:
            checks.append((f"send calls a burst of {BURST_LINES} lines, each answered by a write: {spec.name}",
                           counts["send"], bounds.SENDS_PER_BURST))
    report.table("System calls a message (or burst)", ["server", "work", *KINDS, "other", "messages"], rows)
    for name, figure, bound in checks:
        report.check(name, figure, "<=", bound, tolerance=bounds.COUNT_TOLERANCE)
