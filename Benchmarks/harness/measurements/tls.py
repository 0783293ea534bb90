"""TLS 1.3 beside SwiftNIO with NIOSSL: processor time, system calls, instructions, allocations, memory."""

import re
import statistics
import subprocess
from contextlib import ExitStack

from .. import bounds, peers
from ..load import Load
from ..processes import HarnessError, spawn
from ..report import label, median_and_range, number
from ..secure import AES, CHACHA, echo, handshake, identified, make_authority
from ..servers import TLS_SERVERS
from ..turns import QUIET, Row, measure_steps
from . import allocations, instructions, syscalls, tls_memory

OURS = ("reactor-tls", "native-tls")
SUBJECT, YARDSTICK = "reactor-tls", "nio-tls"
WORKS = [
    echo("echo 64 B", 64),
    echo("echo 16 KiB, ChaCha20", 16 * 1024, CHACHA),
    echo("echo 256 KiB", 256 * 1024),
    handshake("handshake, EC P-256", "server"),
    handshake("handshake, RSA-2048", "server-rsa"),
    handshake("handshake, resumed", "server", "--resume"),
]
OPENSSL = ("libssl", "libcrypto")


def cpu(figures):
    """Seconds of the server's processor time a message."""
    return figures["server_ran"] / figures["messages"]


def speed_of_cipher(bench):
    """Bytes a second that `openssl speed` encrypts and decrypts by AES, in pieces as large as a record."""
    rates = []
    for direction in ([], ["-decrypt"]):
        command = ["openssl", "speed", "-mr", *direction, "-evp", "aes-256-gcm", "-bytes", "16384", "-seconds", "1"]
        process = spawn(command, bench.server_cpus, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        out, _ = process.communicate(timeout=30)
        found = re.search(r"^\+F:\d+:[^:]+:([\d.]+)", out, re.MULTILINE)
        if not found:
            raise HarnessError("openssl speed says nothing of aes-256-gcm")
        rates.append(float(found.group(1)))
    return rates


def measure_round(bench, rows, work, turn):
    with ExitStack() as stack:
        loads, before = {}, {}
        for row in rows:
            spec = row.spec if row.spec.name == "reactor" else identified(row.spec, work.key)
            server = stack.enter_context(bench.server(spec))
            seconds = min(work.slice_seconds, 0.3) if bench.quick else work.slice_seconds
            load = Load(server, bench.binaries, bench.client_cpus, work.size, work.connections, bench.load_threads,
                        seconds, arguments=() if row.spec.name == "reactor" else work.arguments)
            loads[row] = stack.enter_context(load)
            before[row] = server, (server.cpu_seconds(), load.messages)
        steps = measure_steps(rows, loads, bench.slices, turn, attempts=1 if bench.quick else 3)
        for row, (server, start) in before.items():
            row.add_round(steps, server, loads[row], start)


def measure_time(bench, specs, work, ciphers):
    """Rows by name. Where bytes are echoed the library without TLS is measured beside."""
    plain = [bench.known["reactor"]] if "churn" not in work.arguments else []
    rows = [Row(spec) for spec in [*specs, *plain]]
    for turn in range(bench.rounds):
        if ciphers is not None:
            ciphers.append(sum(work.size / rate for rate in speed_of_cipher(bench)))
        measure_round(bench, rows, work, turn)
    return {row.spec.name: row for row in rows}


def ratio(row, other):
    return row.ratios(other, cpu)


def tell_time(bench, work, rows, ciphers):
    nio = rows.get(YARDSTICK)
    table = []
    for name, row in rows.items():
        table.append([
            name if name != "reactor" else "reactor, without TLS",
            median_and_range([statistics.median(map(cpu, slices)) for slices in row.rounds], 1e6),
            "-" if nio is None else "1" if row is nio else median_and_range(ratio(row, nio)),
            number(row.user / row.messages * 1e6),
            number(row.median(lambda f: f["messages_per_second"]) / 1e3),
            number(row.busy() * 100), number(row.disturbance() * 100),
        ])
        bench.report.keep("tls", {"work": work.title, "server": name, "size": work.size, "rounds": row.rounds,
                                  "user_seconds": row.user, "messages": row.messages})
    if ciphers:
        table.append(["the cipher alone", median_and_range(ciphers, 1e6), "-", number(statistics.median(ciphers) * 1e6),
                      "-", "-", "-"])
        bench.report.keep("tls cipher", {"work": work.title, "seconds": ciphers})
    bench.report.table(
        f"TLS 1.3: {work.title}, {work.connections} connections, {bench.rounds} rounds of {bench.slices} slices",
        ["server", "us CPU", f"over {YARDSTICK}", "us user", "thousand/s", "busy %", "disturbed %"], table)
    if max(row.disturbance() for row in rows.values()) > QUIET:
        bench.report.note("FLAG  others used the processors: see README.md, \"by CPU time\"")


def check_time(bench, work, rows, ciphers):
    row, nio = rows[SUBJECT], rows.get(YARDSTICK)
    if nio is not None and work.title in bounds.TLS_OVER_NIO:
        bench.report.check(f"processor time, {work.title}: {SUBJECT} / {YARDSTICK}", statistics.median(ratio(row, nio)),
                           "<=", bounds.TLS_OVER_NIO[work.title])
    if ciphers:
        # With the kernel's part of the echo, which is not the cipher's.
        each = statistics.median(statistics.median(map(cpu, slices)) / alone
                                 for slices, alone in zip(row.rounds, ciphers))
        bench.report.check(f"processor time, {work.title}: {SUBJECT} / the cipher alone", each, "<=",
                           bounds.TLS_OVER_CIPHER)


def times(bench, specs):
    for work in WORKS:
        ciphers = [] if work.size == 256 * 1024 else None
        rows = measure_time(bench, specs, work, ciphers)
        tell_time(bench, work, rows, ciphers)
        check_time(bench, work, rows, ciphers)


def calls_of(bench, spec, work, seconds=1.0):
    """System calls a message by kind, without TLS if the server has none."""
    is_plain = spec.name == "reactor" or spec.name == "native"
    calls, messages = syscalls.busy_second(bench, spec if is_plain else identified(spec), work.size, seconds,
                                           () if is_plain else work.arguments)
    return syscalls.by_kind(calls, messages), messages


def calls(bench, specs):
    rows, totals = [], {}
    for work in (WORKS[0], WORKS[2]):
        for spec in [bench.known["reactor"], *specs]:
            counts, messages = calls_of(bench, spec, work)
            totals[spec.name, work.size] = sum(counts.values())
            name = "reactor, without TLS" if spec.name == "reactor" else spec.name
            rows.append([name, work.title, *counts.values(), sum(counts.values()), messages])
            bench.report.keep("tls calls", {"server": spec.name, "size": work.size, "messages": messages, **counts})
    bench.report.table("TLS 1.3: system calls a message",
                       ["server", "work", *syscalls.KINDS, "other", "all", "messages"], rows)
    for name in OURS:
        bench.report.check(f"system calls, echo 64 B: {name}", totals[name, 64], "<=", totals["reactor", 64],
                           tolerance=bounds.TLS_CALLS_TOLERANCE)
        bench.report.check(f"system calls, echo 256 KiB: {name}", totals[name, WORKS[2].size], "<=",
                           bounds.TLS_CALLS_OF_256_KIB)


def count_instructions(bench, specs):
    rows = []
    for spec in specs:
        each = instructions.per_message(bench, identified(spec), 64, WORKS[0].arguments)
        rows.append([spec.name, each])
        bench.report.keep("tls instructions", {"server": spec.name, "instructions": each})
    bench.report.table("TLS 1.3: instructions in user space an echo of 64 B, without VAES", ["server", "instructions"],
                       rows)
    for name, each in rows:
        if name in OURS:
            bench.report.check(f"instructions, echo 64 B: {name}", each, "<=", bounds.TLS_INSTRUCTIONS)


def allocations_of(bench, spec, size, seconds=1.0):
    """Allocations a message by OpenSSL, and by all else; and the bytes of all."""
    with allocations.counted(bench, identified(spec), libraries=OPENSSL) as (server, counter):
        counts, messages = allocations.count_echoes(bench, server, counter, size, seconds, ("--tls", "--cipher", AES))
    every = allocations.allocations(counts)
    return counts["named"] / messages, (every - counts["named"]) / messages, counts["bytes"] / messages


def count_allocations(bench, specs):
    rows, checks = [], []
    for spec in specs:
        for size in (64, 16 * 1024):
            of_openssl, others, bytes_of_all = allocations_of(bench, spec, size)
            # NIOSSL has BoringSSL in the program itself, which tells nothing apart.
            shown = ["-", of_openssl + others] if spec.name == YARDSTICK else [of_openssl, others]
            rows.append([spec.name, label(size), *shown, bytes_of_all])
            bench.report.keep("tls allocations", {"server": spec.name, "size": size, "openssl": of_openssl,
                                                  "others": others, "bytes": bytes_of_all})
            if spec.name in OURS:
                checks.append((f"allocations of the library, echo {label(size)}: {spec.name}", others))
    bench.report.table("TLS 1.3: heap allocations a message",
                       ["server", "echo", "OpenSSL's", "all others", "bytes"], rows)
    for name, figure in checks:
        bench.report.check(name, figure, "<=", bounds.ALLOCATIONS, tolerance=bounds.ALLOCATION_TOLERANCE)


def run(bench):
    make_authority()
    there = peers.prepare(TLS_SERVERS.values(), bench.report.note)
    specs = [spec for spec in TLS_SERVERS.values() if spec.name in there]
    for name, version in there.items():
        if version:
            bench.report.note(f"{name}: {version}")
    # What depends on time takes longest.
    times(bench, [spec for spec in specs if spec.name in (SUBJECT, YARDSTICK)] if bench.quick else specs)
    if bench.quick:
        specs = [spec for spec in specs if spec.name != "c-tls"]
    calls(bench, specs)
    count_allocations(bench, specs)
    tls_memory.run(bench, specs)
    count_instructions(bench, [spec for spec in specs if spec.name == SUBJECT] if bench.quick else specs)
