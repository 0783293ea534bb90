"""`bench guard`: what must not get worse and does not depend on time, for CI. Counts only: system calls and allocations
a message, bytes a connection."""

from . import bounds, guard_tls
from .measurements import allocations, memory, syscalls
from .report import label

SECONDS = 0.5


def guard_calls(bench, spec):
    for size in (64, 16 * 1024):
        calls, messages = syscalls.busy_second(bench, spec, size, SECONDS)
        for kind, count in syscalls.by_kind(calls, messages).items():
            bench.report.check(f"{kind} calls an echo of {label(size)}: {spec.name}", count, "<=", bounds.CALLS[kind],
                               tolerance=bounds.COUNT_TOLERANCE)
    calls, bursts = syscalls.bursts(bench, spec)
    bench.report.check(f"send calls a burst of {syscalls.BURST_LINES} lines: {spec.name}",
                       syscalls.by_kind(calls, bursts)["send"], "<=", bounds.SENDS_PER_BURST,
                       tolerance=bounds.COUNT_TOLERANCE)
    calls, connections = syscalls.connections(bench, spec)
    bench.report.check(f"calls a connection made, used once and closed by its peer: {spec.name}",
                       sum(calls.values()) / connections, "<=", bounds.CALLS_PER_CONNECTION[spec.name],
                       tolerance=10 * bounds.COUNT_TOLERANCE)


def guard_allocations(bench, spec):
    for size in (64, 16 * 1024):
        counts, messages = allocations.in_echoes(bench, spec, size, SECONDS)
        bench.report.check(f"allocations an echo of {label(size)}: {spec.name}",
                           allocations.allocations(counts) / messages, "<=", bounds.ALLOCATIONS,
                           tolerance=bounds.ALLOCATION_TOLERANCE)
    counts, connections = allocations.in_connections(bench, spec)
    bench.report.check(f"allocations a connection made, used and lost: {spec.name}",
                       allocations.allocations(counts) / connections, "<=",
                       bounds.ALLOCATIONS_PER_CONNECTION[spec.name], tolerance=0.05)
    counts, calls = allocations.in_calls(bench, spec.name)
    bench.report.check(f"allocations a call from another thread: {spec.name}",
                       allocations.allocations(counts) / calls, "<=", bounds.ALLOCATIONS_PER_CALL,
                       tolerance=bounds.COUNT_TOLERANCE)


def guard_memory(bench, spec):
    count = min(memory.CONNECTIONS, bench.descriptor_limit - 200)
    *_, idle, used = memory.measure(bench, spec, count)
    most = bounds.GUARDED_MEMORY[spec.name]
    bench.report.check(f"bytes of each of {count} idle connections: {spec.name}", idle, "<=", most)
    bench.report.check(f"bytes of each of {count} connections used once: {spec.name}", used, "<=", most)


def run(bench):
    for name in ("reactor", "native"):
        for guard in (guard_calls, guard_allocations, guard_memory):
            guard(bench, bench.known[name])
    guard_tls.run(bench)
