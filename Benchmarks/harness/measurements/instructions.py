"""Instructions in user space an echoed message, counted by callgrind. Slow, but the same on any day and any machine
of a kind: the figure to watch while working on the path of a message."""

import re
import subprocess
import tempfile
from pathlib import Path

from ..load import Load
from ..processes import Server

SHORT, LONG = 0.5, 2.5


class UnderCallgrind(Server):
    def __init__(self, spec, binaries, cpus, directory):
        super().__init__(spec, binaries, cpus)
        binary, self.output = Path(directory) / Path(self.command[0]).name, Path(directory) / "callgrind.out"
        # Valgrind gives up on the debug information that Swift writes.
        subprocess.run(["strip", "--strip-debug", "-o", binary, self.command[0]], check=True)
        tool = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={self.output}"]
        self.command = [*tool, binary, *self.command[1:]]


def count(bench, spec, size, seconds, arguments):
    """All instructions from start to end, and all messages."""
    with tempfile.TemporaryDirectory() as directory:
        with UnderCallgrind(spec, bench.binaries, bench.server_cpus, directory) as server:
            with Load(server, bench.binaries, bench.client_cpus, size, 64, bench.load_threads, seconds,
                      arguments=arguments) as load:
                messages = load.measure()["total_messages"]
        return int(re.search(r"^totals: (\d+)", server.output.read_text(), re.MULTILINE).group(1)), messages


def per_message(bench, spec, size, arguments=()):
    # Start and end cost the same in both: the difference is messages alone.
    few, few_messages = count(bench, spec, size, SHORT, arguments)
    many, many_messages = count(bench, spec, size, LONG, arguments)
    return (many - few) / (many_messages - few_messages)


def run(bench):
    rows = []
    for spec in bench.servers:
        for size in (64, 16 * 1024):
            each = per_message(bench, spec, size)
            rows.append([spec.name, size, each])
            bench.report.keep("instructions", {"server": spec.name, "size": size, "instructions": each})
    bench.report.table("Instructions in user space an echo", ["server", "size", "instructions"], rows)
