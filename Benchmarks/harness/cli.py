"""The command line."""

import argparse
import os
import platform
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

from . import guard, peers
from .compare import agree, command as compare
from .measurements import (
    allocations, build as builds, chain, churn, descriptors, echo, flood, framing, handover, hold, instructions, memory,
    relay, scaling, sendfile, slow, syscalls, threads, timeouts, timers, tls,
)
from .processes import HarnessError, Server
from .report import Report
from .servers import PACKAGE, SERVERS, SUBJECTS, own_command

MEASUREMENTS = {
    "echo": echo, "syscalls": syscalls, "allocations": allocations, "memory": memory, "descriptors": descriptors,
    "churn": churn, "scaling": scaling, "hold": hold, "flood": flood, "slow": slow, "timeouts": timeouts,
    "relay": relay, "sendfile": sendfile, "handover": handover, "instructions": instructions, "timers": timers,
    "threads": threads, "chain": chain, "build": builds,
    "tls": tls, "framing": framing,
}
# Without bounds, or in need of SwiftNIO, which takes minutes to build.
NOT_IN_ALL = {"instructions", "timers", "threads", "chain", "build", "tls", "framing"}


class Bench:
    """What a measurement needs to know."""

    def __init__(self, options):
        self.report = Report()
        self.known = SERVERS
        usual = [name for name, spec in SERVERS.items() if spec.usual]
        self.named = options.servers  # None unless the command line names some
        self.servers = [SERVERS[name] for name in options.servers or usual]
        self.subjects, self.sizes, self.quick = options.subjects, options.sizes, options.quick
        self.rounds = options.rounds or 5
        self.connections, self.largest, self.memory_floor = options.connections, options.largest, options.memory_floor
        self.slices = 3 if options.quick else 8  # of `echo`, a round
        cpus = sorted(os.sched_getaffinity(0))
        self.server_cpus, self.client_cpus = cpus[:1], cpus[1:] or cpus
        # Spinning clients on all other processors would leave none for the rest of the machine.
        self.load_threads = max(1, len(self.client_cpus) - 1)
        if len(cpus) == 1:
            self.report.note("FLAG  one processor: server and clients share it, and throughput says nothing")
        self.binaries = options.binaries or build(options.scratch_path)
        soft, self.descriptor_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (self.descriptor_limit, self.descriptor_limit))

    def server(self, spec, **options):
        return Server(spec, self.binaries, self.server_cpus, **options)


def build(scratch_path):
    command = ["swift", "build", "-c", "release", "--package-path", PACKAGE]
    if scratch_path:
        command += ["--scratch-path", scratch_path]
    subprocess.run(command, check=True, stdout=sys.stderr)
    path = subprocess.run([*command, "--show-bin-path"], check=True, stdout=subprocess.PIPE, text=True)
    return Path(path.stdout.strip())


def names(known):
    def parse(text):
        chosen = [name for name in text.split(",") if name]
        for name in chosen:
            if name not in known:
                raise argparse.ArgumentTypeError(f"no {name!r}; there are {', '.join(known)}")
        return chosen

    return parse


def given_server(text):
    name, equals, command = text.partition("=")
    if not name or not equals or not command.strip() or name in SERVERS:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=COMMAND with a name of its own")
    return own_command(name, command)


def parse_arguments():
    parser = argparse.ArgumentParser(prog="bench", description="Measures servers side by side. See README.md.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name, text):
        command = commands.add_parser(name, help=text, description=text)
        if name not in ("agree", "page"):
            command.add_argument("--scratch-path", metavar="DIR", help="where to build (.build)")
            command.add_argument("--binaries", metavar="DIR", type=Path, help="measure what is built there already")
            command.add_argument("--json", metavar="PATH", help="write all figures there")
            command.add_argument("--subjects", type=names(SERVERS), default=SUBJECTS,
                                 help="the servers held against the bounds (reactor)")
            command.add_argument("--quick", action="store_true", help="shorter and rougher")
            command.add_argument("--rounds", type=int, help="rounds of compare and echo (5)")
            command.add_argument("--servers", type=names(SERVERS), default=[], metavar="NAME,...",
                                 help="of " + ", ".join(SERVERS))
            command.add_argument("--sizes", type=lambda text: [int(size) for size in text.split(",")],
                                 default=[64, 16 * 1024, 256 * 1024],
                                 help="message sizes of echo (64,16384,262144)")
            command.add_argument("--connections", type=int, help="of hold (100000) and flood (50000)")
            command.add_argument("--largest", action="store_true", help="hold as many as memory allows, up to a million")
            command.add_argument("--memory-floor", type=int, metavar="MIB", default=1536,
                                 help="hold connects no more when less is available (1536)")
        return command

    command = add("compare", "the library beside its peers, on the same work in one run: a page, plots and JSON")
    command.add_argument("--out", metavar="DIR", default=PACKAGE / "results", help="where to leave them (results)")
    command.add_argument("--server", metavar="NAME=COMMAND", type=given_server, action="append",
                         help="one more server: a command that takes --port N (see YourOwn.md)")
    command.add_argument("--request", metavar="FILE", type=os.path.abspath,
                         help="with --server: the bytes that are sent, in the place of all other work")
    command.add_argument("--response", metavar="FILE", type=os.path.abspath, help="and what has to come back")
    command.add_argument("--only", metavar="TEXT", help="only the workloads with this in their title")
    add("guard", "counts that do not depend on time, held against their bounds: for CI")
    for name, measurement in MEASUREMENTS.items():
        add(name, measurement.__doc__.split(".")[0].split(":")[0])
    add("all", "every measurement that has a bound")
    command = add("agree", "whether two runs of compare say the same, within the spread that they state")
    command.add_argument("runs", nargs=2, metavar="RESULTS", help="a results.json, or the folder that has it")
    command = add("page", "writes the page and the plots again from a results.json")
    command.add_argument("out", metavar="DIR", type=Path)
    command.add_argument("--take-from", metavar="DIR", type=Path,
                         help="the workloads measured there, by a run of compare, take the place of those in DIR")
    return parser.parse_args()


def machine():
    model = next((line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), "unknown")
    return {"processor": model, "processors": os.cpu_count(), "kernel": platform.release(),
            "load_average": os.getloadavg()[0], "time": time.strftime("%Y-%m-%dT%H:%M:%S%z")}


def main():
    # So that being told to end takes the same way out as anything else, and stops the servers.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options = parse_arguments()
    try:
        if options.command == "agree":
            return agree.run(*options.runs, print)
        if options.command == "page":
            if options.take_from:
                compare.take(options.out, options.take_from)
            compare.report_on(options.out, print)
            return 0
        started = machine()
        bench = Bench(options)
        on = "{processor}, {processors} processors, Linux {kernel}, load {load_average:.2f}"
        bench.report.note(on.format(**started))
        if options.command == "compare":
            compare.run(bench, options, started, MEASUREMENTS)
        elif options.command == "guard":
            guard.run(bench)
        else:
            peers.prepare(bench.servers, bench.report.note)
            chosen = [name for name in MEASUREMENTS if name not in NOT_IN_ALL]
            for name in chosen if options.command == "all" else [options.command]:
                MEASUREMENTS[name].run(bench)
    except (HarnessError, OSError, subprocess.SubprocessError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    if options.json:
        bench.report.write_json(options.json, started)
    failures = bench.report.failures()
    if bench.report.checks:
        print(f"\n{len(bench.report.checks) - len(failures)} of {len(bench.report.checks)} bounds hold")
        for check in failures:
            print(check)
    return 1 if failures else 0
