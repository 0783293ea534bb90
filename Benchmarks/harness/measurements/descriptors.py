"""A server with 64 descriptors and 150 callers: it must neither spin nor drop those it has, and accept again later."""

import time
from contextlib import ExitStack

from .. import bounds
from ..load import answers, connect, reset

LIMIT, CALLERS, SECONDS, LEAVING = 64, 150, 5.0, 30
MESSAGE = b"still here"


def measure(bench, spec):
    with bench.server(spec, nofile=LIMIT) as server, ExitStack() as stack:
        callers = [connect(server.port) for _ in range(CALLERS)]
        for caller in callers:
            stack.callback(caller.close)
        served, turned_away = answers(callers, MESSAGE, 1.0)

        cpu, ran, start = sum(server.cpu_seconds()), server.running_seconds(), time.monotonic()
        dropped = set()
        while time.monotonic() - start < SECONDS:
            answered, _ = answers(served - dropped, MESSAGE, 0.5)
            dropped |= served - answered
            time.sleep(0.2)
        used = max(sum(server.cpu_seconds()) - cpu, server.running_seconds() - ran)

        for caller in list(served)[:LEAVING]:
            reset(caller)
        # Either those still waiting in the backlog are accepted now, or new callers are.
        waiting = set(callers) - served - turned_away
        newcomers = {connect(server.port) for _ in range(LEAVING)}
        for caller in newcomers:
            stack.callback(caller.close)
        received = set()
        for caller in waiting:
            caller.setblocking(False)
        deadline = time.monotonic() + 3
        while len(received) < LEAVING and time.monotonic() < deadline:
            received |= waiting_answers(waiting - received) | fresh_answers(newcomers - received)
    return {
        "served": len(served), "turned_away": len(turned_away), "waiting": len(waiting), "cpu_seconds": used,
        "dropped": len(dropped), "accepted_again": len(received),
    }


def waiting_answers(callers):
    """Their message has been sent long ago."""
    answered = set()
    for caller in callers:
        try:
            if caller.recv(65536):
                answered.add(caller)
        except OSError:
            pass
    return answered


def fresh_answers(callers):
    return answers(callers, MESSAGE, 0.3)[0]


def run(bench):
    report, rows, checks = bench.report, [], []
    for spec in bench.servers:
        figures = measure(bench, spec)
        rows.append([spec.name, *figures.values()])
        report.keep("descriptors", {"server": spec.name, **figures})
        if spec.name in bench.subjects:
            checks.append((spec.name, figures))
    report.table(f"{LIMIT} descriptors, {CALLERS} callers, {SECONDS:.0f} s",
                 ["server", "served", "turned away", "waiting", "CPU s", "dropped", "accepted again"], rows)
    for name, figures in checks:
        report.check(f"processor time with no descriptor left: {name}", figures["cpu_seconds"], "<=",
                     bounds.STARVED_CPU_SECONDS, "s")
        report.check(f"connections served meanwhile: {name}", figures["served"], ">=", LIMIT // 2)
        report.check(f"connections dropped meanwhile: {name}", figures["dropped"], "<=", 0)
        report.check(f"connections accepted after {LEAVING} left: {name}", figures["accepted_again"], ">=", LEAVING - 5)
