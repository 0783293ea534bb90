"""What dividing a stream into frames of 64 bytes costs: from memory in large and small pieces, and over a socket."""

import json
import statistics
import subprocess
import tempfile
from pathlib import Path

from .. import bounds
from ..processes import HarnessError, read_line, spawn, stop
from .allocations import Counter, allocations

KINDS = {"lines": "LineReceiver", "newline": "LineReceiver, LF or CR LF", "prefixed": "LengthPrefixedReceiver",
         "netstrings": "NetstringReceiver", "mixed": "FramedProtocol, lines", "own": "Framed, receive in dataReceived",
         "unspecialised": "Framed alone", "bytes": "a protocol that counts bytes"}
WAYS = {"64 KiB pieces": ("--piece", 65536), "1,448 B pieces": ("--piece", 1448), "live": ("--live",)}


def slices(bench, kind, way, count):
    """Nanoseconds and allocations a frame, of each slice."""
    with tempfile.TemporaryDirectory() as directory:
        counter = Counter(directory, bench.binaries)
        process = spawn([Path(bench.binaries) / "Framing", "--kind", kind, *map(str, WAYS[way])], bench.server_cpus,
                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, env=counter.env)
        try:
            if read_line(process, process.stdout, 120, kind) != "ready":
                raise HarnessError(f"Framing {kind} does not begin with 'ready'")
            figures = []
            for _ in range(count + 1):
                before = counter.read()
                process.stdin.write(b"\n")
                figure = json.loads(read_line(process, process.stdout, 120, kind))
                figures.append((figure["nanoseconds"] / figure["frames"],
                                allocations(counter.since(before)) / figure["frames"]))
        finally:
            process.stdin.close()
            stop(process)
            process.stdout.close()
    # The first warms caches up.
    return figures[1:]


def run(bench):
    report, rows = bench.report, []
    results = {}
    # All take turns, so that a slow minute of the machine is everyone's.
    for _ in range(1 if bench.quick else 3):
        for kind in KINDS:
            for way in WAYS:
                results.setdefault((kind, way), []).extend(slices(bench, kind, way, 5))
    for kind, title in KINDS.items():
        medians = {way: [statistics.median(values) for values in zip(*results[kind, way])] for way in WAYS}
        report.keep("framing", {"kind": kind, **{way: {"ns": ns, "allocations": count}
                                                 for way, (ns, count) in medians.items()}})
        rows.append([title, *(medians[way][0] for way in WAYS), *(medians[way][1] for way in WAYS)])
    report.table("Nanoseconds of processor time a frame of 64 B, and allocations",
                 ["", *WAYS, *(f"allocations, {way}" for way in WAYS)], rows)
    for way, most in bounds.FRAMING_NANOSECONDS.items():
        report.check(f"nanoseconds a line of 64 B: {way}", statistics.median(ns for ns, _ in results["lines", way]),
                     "<=", most)
        for kind in KINDS:
            report.check(f"allocations a frame of 64 B: {KINDS[kind]}, {way}",
                         statistics.median(count for _, count in results[kind, way]), "<=",
                         bounds.FRAMING_ALLOCATIONS)
