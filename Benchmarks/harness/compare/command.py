"""`bench compare`: measures, and leaves results.json, README.md and plots."""

import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

from .. import bounds, peers
from ..processes import HarnessError
from ..servers import COMPARED, PACKAGE, PYTHON, SERVERS
from . import counts, page
from .run import Comparison, Progress, basis, estimate, fits
from .workloads import all_workloads, own_workloads

MEMORY_SECONDS, QUICK_MEMORY_SECONDS, SYSCALLS_SECONDS, INSTRUCTIONS_SECONDS = 4.0, 1.2, 3.2, 9.0
ELSEWHERE_SECONDS = 60.0
COMPILED = {"own", "swift", "libuv"}


def choose(bench, options):
    given = options.server or []
    if options.request:
        # None of the others speaks it. The first is what every ratio is taken to.
        specs, yardstick = given, given[0]
    else:
        specs, yardstick = [SERVERS[name] for name in options.servers or COMPARED] + given, SERVERS["c-epoll"]
        if yardstick not in specs:
            specs.append(yardstick)
    left_out = []

    def note(line):
        bench.report.note(line)
        if line.startswith("SKIP"):
            left_out.append(line.removeprefix("SKIP").strip())

    versions = peers.prepare(specs, note)
    # The yardstick against itself: how far from 1 its ratio lies is what the run cannot tell from noise.
    again = replace(yardstick, name=f"{yardstick.name} again", title=f"{yardstick.title}, again", again=True)
    return [spec for spec in specs if spec.name in versions] + [again], yardstick, versions, left_out


def run(bench, options, machine, measurements):
    if bool(options.request) != bool(options.response) or options.request and not options.server:
        raise HarnessError("--request and --response go together, and need a --server that speaks them")
    specs, yardstick, versions, left_out = choose(bench, options)
    if options.request:
        workloads = own_workloads(options.request, options.response)
    else:
        workloads = [w for w in all_workloads(bench.quick) if not options.only or options.only in w.title]
    with_counts = not options.only and not options.request
    for workload in [w for w in workloads if not fits(bench, w)]:
        bench.report.note(f"SKIP  {workload.title}: a process may have {bench.descriptor_limit} descriptors here")
        left_out.append(f"{workload.title}: more than the {bench.descriptor_limit} descriptors of a process")
        workloads.remove(workload)
    compiled = [spec for spec in specs if spec.kind in COMPILED and not spec.again]
    counted = [spec for spec in specs if not spec.again]
    seconds = estimate(workloads, len(specs), bench.rounds)
    memory_seconds = QUICK_MEMORY_SECONDS if bench.quick else MEMORY_SECONDS
    if with_counts:
        seconds += memory_seconds * len(counted)
        seconds += ELSEWHERE_SECONDS * sum(name in measurements for name in page.ELSEWHERE) * (not bench.quick)
        seconds += (SYSCALLS_SECONDS * len(counted) + INSTRUCTIONS_SECONDS * len(compiled)) * (not bench.quick)
    bench.report.note(f"{len(specs) - 1} servers, {len(workloads)} workloads, {bench.rounds} rounds: about "
                      f"{seconds / 60:.0f} minutes on a machine that does nothing else")
    progress = Progress(seconds)
    started = time.monotonic()
    comparison = Comparison(bench, specs, yardstick.name, workloads, progress)
    comparison.run()
    results = {
        "command": shlex.join(["./bench", *sys.argv[1:]]), "machine": {**machine, **describe_machine(bench)},
        "quick": bench.quick, "yardstick": yardstick.name, "rounds": bench.rounds, "left_out": left_out,
        "servers": [{"name": spec.name, "title": spec.title, "kind": spec.kind, "version": versions.get(spec.name, ""),
                     "again": spec.again} for spec in specs],
        "workloads": comparison.results(),
    }
    if with_counts:
        results["memory"] = counts.memory_of(bench, counted, progress, memory_seconds)
        if not bench.quick:
            results["syscalls"] = counts.syscalls_of(bench, counted, progress, SYSCALLS_SECONDS)
            results["instructions"] = counts.instructions_of(bench, compiled, progress, INSTRUCTIONS_SECONDS)
            results["elsewhere"] = run_elsewhere(bench, measurements, progress)
    results["seconds"] = time.monotonic() - started
    check(bench, results)
    results["checks"] = [{"text": str(check), "passed": check.passed} for check in bench.report.checks]
    write(bench, results, Path(options.out))


def run_elsewhere(bench, measurements, progress):
    """The measurements of their own kind that the page has too: name to tables."""
    measured = {}
    for name in page.ELSEWHERE:
        if name in measurements:
            progress.tell(f"./bench {name}")
            before = len(bench.report.tables)
            try:
                measurements[name].run(bench)
                measured[name] = bench.report.tables[before:]
            except (HarnessError, OSError, subprocess.SubprocessError) as error:
                bench.report.note(f"FLAG  {name} was not measured: {peers.last_line(error)}")
    return measured


def describe_machine(bench):
    memory = next(line.split()[1] for line in Path("/proc/meminfo").read_text().splitlines() if "MemTotal" in line)
    os_name = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    return {
        "memory_gib": round(int(memory) / 2**20), "system": os_name.get("PRETTY_NAME", "").strip('"'),
        "swift": peers.output("swift", "--version").splitlines()[0], "python": platform.python_version(),
        "server_processors": bench.server_cpus, "client_processors": bench.client_cpus,
        "hypervisor": "hypervisor" in Path("/proc/cpuinfo").read_text(), "commit": commit(),
    }


def commit():
    try:
        known = peers.output("git", "-C", PACKAGE, "rev-parse", "--short", "HEAD")
        return known + (" and changes" if peers.output("git", "-C", PACKAGE, "status", "--porcelain", "..") else "")
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def find(rows, name):
    return next((row for row in rows if row["server"] == name), None)


def check(bench, results):
    """Holds the subjects against the bounds for ratios that bounds.py has."""
    by_key = {workload["key"]: workload for workload in results["workloads"]}
    for subject in bench.subjects:
        for key, other, least in bounds.COMPARED:
            workload = by_key.get(key)
            mine, theirs = (find(workload["rows"], name) for name in (subject, other)) if workload else (None, None)
            if mine and theirs and subject != other:
                kind = basis(workload, [mine, theirs])
                note = " by CPU time" if kind == "processor" else ""
                ratio = statistics.median(mine["over"][other][kind])
                bench.report.check(f"{key}{note}: {subject} / {other}", ratio, ">=", least)
        rows = results.get("memory", {}).get("rows", [])
        mine, theirs = find(rows, subject), find(rows, "nio")
        if mine and theirs:
            for figure in ("idle", "used"):
                bench.report.check(f"bytes of a connection, {figure}: {subject} / nio", mine[figure] / theirs[figure],
                                   "<=", bounds.MEMORY_OVER_NIO)
        if mine and not bench.quick:  # few connections: the allocator's own grain shows
            bench.report.check(f"memory of an idle connection: {subject}", mine["idle"], "<=",
                               bounds.MEMORY_PER_CONNECTION, "bytes")


def write(bench, results, out):
    out.mkdir(parents=True, exist_ok=True)
    (out / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    report_on(out, bench.report.note)


def take(out, other):
    """Puts the workloads of another run in the place of those here; each says where it comes from."""
    results, others = (json.loads((folder / "results.json").read_text()) for folder in (out, other))
    measured = {"command": others["command"], **{name: others["machine"][name] for name in ("time", "commit")}}
    taken = {workload["key"]: {**workload, "measured": measured} for workload in others["workloads"]}
    results["workloads"] = [taken.get(workload["key"], workload) for workload in results["workloads"]]
    (out / "results.json").write_text(json.dumps(results, indent=1) + "\n")


def report_on(out, note):
    """Makes the page and the plots from a results.json."""
    results = json.loads((out / "results.json").read_text())
    try:
        peers.install("matplotlib")
        subprocess.run([PYTHON, "-m", "harness.compare.plots", out.resolve()], check=True, cwd=PACKAGE)
    except (OSError, subprocess.SubprocessError) as error:
        note(f"SKIP  plots: {peers.last_line(error)}")
    (out / "README.md").write_text(page.write(results, plots={path.name for path in out.glob("*.svg")}))
    note(f"{out / 'README.md'}, {out / 'results.json'} and the plots are written")
