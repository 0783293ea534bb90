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

from .measurements import (
    allocations, churn, descriptors, echo, flood, handover, hold, instructions, memory, relay, scaling, sendfile,
    slow, syscalls, timeouts,
)
from .processes import HarnessError, Server
from .report import Report
from .servers import SERVERS, SUBJECTS

PACKAGE = Path(__file__).parent.parent
MEASUREMENTS = {
    "echo": echo, "syscalls": syscalls, "allocations": allocations, "memory": memory, "descriptors": descriptors,
    "churn": churn, "relay": relay, "sendfile": sendfile, "instructions": instructions, "timeouts": timeouts,
    "slow": slow, "handover": handover, "scaling": scaling, "flood": flood, "hold": hold,
}
# Without bounds, and slow.
NOT_IN_ALL = {"instructions"}


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
        self.slices = 3 if options.quick else 8
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


def parse_arguments():
    parser = argparse.ArgumentParser(prog="bench", description="Measures echo servers side by side. See README.md.")
    parser.add_argument("measurement", choices=[*MEASUREMENTS, "all"])
    parser.add_argument("--quick", action="store_true", help="shorter and rougher")
    parser.add_argument("--rounds", type=int, help="rounds of echo and flood (5)")
    parser.add_argument("--sizes", type=lambda text: [int(size) for size in text.split(",")],
                        default=[64, 16 * 1024, 256 * 1024], help="message sizes of echo (64,16384,262144)")
    parser.add_argument("--connections", type=int, help="of hold (100000) and flood (50000)")
    parser.add_argument("--largest", action="store_true", help="hold as many as memory allows, up to a million")
    parser.add_argument("--memory-floor", type=int, metavar="MIB", default=1536,
                        help="hold connects no more when less is available (1536)")
    parser.add_argument("--servers", type=names(SERVERS),
                        help=f"of {','.join(SERVERS)} (without c-event)")
    parser.add_argument("--subjects", type=names(SERVERS), default=SUBJECTS,
                        help="the servers held against the bounds (reactor)")
    parser.add_argument("--json", metavar="PATH", help="write all figures there")
    parser.add_argument("--scratch-path", metavar="DIR", help="where to build (.build)")
    parser.add_argument("--binaries", metavar="DIR", type=Path, help="measure what is built there already")
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
        started = machine()
        bench = Bench(options)
        on = "{processor}, {processors} processors, Linux {kernel}, load {load_average:.2f}"
        bench.report.note(on.format(**started))
        chosen = [name for name in MEASUREMENTS if name not in NOT_IN_ALL]
        for name in chosen if options.measurement == "all" else [options.measurement]:
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
