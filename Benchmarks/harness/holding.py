"""Tools/hold, driven stage by stage."""

import json
import select
import subprocess
import time
from pathlib import Path

from .processes import HarnessError, spawn, stop

STAGES = ("ready", "connected", "echoed", "closed")


class Holding:
    """`with Holding(bench, port, connections=...) as holding`, then one `next()` for each of the stages."""

    def __init__(self, bench, port, flags=(), **options):
        self.command = [Path(bench.binaries) / "hold", "--step", "--port", port, *flags]
        for name, value in options.items():
            self.command += [f"--{name.replace('_', '-')}", value]

    def __enter__(self):
        self.process = spawn(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        self.buffered, self.stages = b"", iter(STAGES)
        return self

    def __exit__(self, *_):
        stop(self.process)
        self.process.stdin.close()
        self.process.stdout.close()

    def go(self):
        self.process.stdin.write(b"\n")

    def next(self, patience=600.0, every=0.02, meanwhile=lambda: None):
        """What the tool says at the end of the next stage; meanwhile() is called again and again until then."""
        stage, deadline = next(self.stages), time.monotonic() + patience
        while b"\n" not in self.buffered:
            if select.select([self.process.stdout], [], [], every)[0]:
                part = self.process.stdout.read(65536)
                if not part:
                    raise HarnessError(f"hold ended, status {self.process.wait()}")
                self.buffered += part
            elif time.monotonic() > deadline:
                raise HarnessError("hold is silent")
            meanwhile()
        line, _, self.buffered = self.buffered.partition(b"\n")
        figures = json.loads(line)
        if figures["event"] != stage:
            raise HarnessError(f"hold is at {figures['event']!r}, not {stage!r}")
        return figures


def disturbed(figures):
    """Whether the tool itself could not send in time, so that its latencies say nothing of the server."""
    delays = figures["send_delays"]
    return max(delays["before"]["p99_us"], delays["during"]["p99_us"]) > 200
