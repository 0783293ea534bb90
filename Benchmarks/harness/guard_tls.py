"""The part of `bench guard` that is about TLS: counts that do not depend on time."""

from . import bounds
from .measurements import tls, tls_memory
from .report import label
from .secure import RecordClient, client_context, identified, make_authority
from .servers import TLS_SERVERS

SECONDS, CONNECTIONS, UNFINISHED = 0.5, 500, 200
# Pieces that are sent at once, each in a record of its own, and the records of the answer.
RECORDS = [(1, 64, 1), (16, 64, 1), (1, 16 * 1024, 1)]


def guard_calls(bench, spec, plain):
    counts, _ = tls.calls_of(bench, spec, tls.WORKS[0], SECONDS)
    without, _ = tls.calls_of(bench, plain, tls.WORKS[0], SECONDS)
    bench.report.check(f"system calls an echo of 64 B: {spec.name}", sum(counts.values()), "<=",
                       sum(without.values()), tolerance=bounds.TLS_CALLS_TOLERANCE)


def guard_allocations(bench, spec):
    for size in (64, 16 * 1024):
        of_openssl, others, _ = tls.allocations_of(bench, spec, size, SECONDS)
        bench.report.check(f"allocations an echo of {label(size)}: {spec.name}", others, "<=", bounds.ALLOCATIONS,
                           tolerance=bounds.ALLOCATION_TOLERANCE)
        bench.report.check(f"allocations of OpenSSL an echo of {label(size)}: {spec.name}", of_openssl, "<=",
                           bounds.TLS_ALLOCATIONS_OF_OPENSSL, tolerance=bounds.COUNT_TOLERANCE)


def guard_memory(bench, spec):
    figures = tls_memory.measure(bench, spec, CONNECTIONS, UNFINISHED, UNFINISHED)
    for name, most in bounds.GUARDED_TLS[spec.name].items():
        bench.report.check(f"bytes of the heap, {name}: {spec.name}", figures[name][0], "<=", most)


def guard_records(bench, spec):
    with bench.server(identified(spec)) as server:
        client = RecordClient(server.port, client_context())
        for count, size, most in RECORDS:
            records = client.exchange([bytes(size)] * count)
            bench.report.check(f"records for {count} of {label(size)}: {spec.name}", records, "<=", most)
        client.close()


def run(bench):
    make_authority()
    for name, plain in (("reactor-tls", "reactor"), ("native-tls", "native")):
        spec = TLS_SERVERS[name]
        guard_calls(bench, spec, bench.known[plain])
        for guard in (guard_allocations, guard_memory, guard_records):
            guard(bench, spec)
