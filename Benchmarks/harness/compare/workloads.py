"""The work that all servers are given."""

from dataclasses import dataclass, replace

from ..report import label

LINE, LINES = 64, 16
PIECE = 64 * 1024
# A message of a quarter megabyte under way on each of very many connections would be gigabytes in the kernel.
MOST_UNDER_WAY = 512 * 1024 * 1024


@dataclass(frozen=True)
class Workload:
    key: str
    title: str
    mode: str = "echo"  # what the server is told
    work: str = "echo"  # what the load generator is told
    size: int = 64
    connections: int = 64
    seconds: float = 0.2  # a slice
    slices: int = 1  # a round
    rate: int = 0
    lines: int = 0
    each: int = 1  # requests in a message
    files: tuple = ()  # a request and its answer, in the place of an echo
    unit: str = "messages/s"
    saturates: bool = True  # the server has to be busy all the time for the figure to say anything
    quick: bool = False

    @property
    def is_heavy(self):
        """Whether all servers' messages under way at once would exhaust what the kernel has for sockets."""
        return self.size * self.connections > 64 * 1024 * 1024

    @property
    def warmup(self):
        return 0.0 if self.connections > 1000 or self.is_heavy else 0.5

    def arguments(self):
        options = ["--work", self.work]
        if self.rate:
            options += ["--rate", self.rate]
        if self.lines:
            options += ["--lines", self.lines]
        return [*options, *self.files]


def echo(size, connections):
    one, main = connections == 1, connections == 64
    workload = Workload(
        f"echo {label(size)} x {connections}",
        f"Echo of {label(size)}, {connections:,} connection{'' if one else 's'}",
        size=size, connections=connections, seconds=0.6 if connections > 1000 else 0.2, slices=3 if main else 1,
        saturates=not one, quick=main and size != 1024,
    )
    # Long enough for the slowest to answer each connection: an answer is whole only when its last byte is there.
    return replace(workload, seconds=2.0) if workload.is_heavy else workload


def own_workloads(request, response):
    """A protocol of the user's own: one request and the answer that it has to get, over and over."""
    files = ("--request", request, "--response", response)
    return [Workload(f"exchange x {connections}", f"Your request and its answer, {connections:,} "
                     f"connection{'' if connections == 1 else 's'}", connections=connections, slices=2, files=files,
                     saturates=connections > 1) for connections in (1, 64, 1000)]


def all_workloads(quick):
    chosen = [echo(size, connections) for connections in (64, 1, 1000, 10_000)
              for size in (64, 1024, 16 * 1024, 256 * 1024) if size * connections <= MOST_UNDER_WAY]
    chosen += [Workload(f"open loop {rate}", f"Echo of 64 B at {rate:,} messages a second, 64 connections", rate=rate,
                        seconds=0.8, saturates=False) for rate in (20_000, 60_000)]
    chosen += [
        Workload("connect-echo-close", "Connect, echo of 64 B, close; 64 at a time", work="churn",
                 unit="connections/s", slices=2, quick=True),
        Workload("accept storm", "4,000 connects at once, each with an echo of 64 B", work="storm",
                 connections=4000, unit="connections/s", seconds=0.2),
        Workload("pipelined", f"{LINES} requests of {LINE} B at a time, each answered by a write; 64 connections",
                 mode="lines", size=LINE * LINES, lines=LINE, each=LINES, unit="requests/s", slices=2, quick=True),
        Workload("to the server", f"One way, to the server; pieces of {label(PIECE)}, 2 connections", mode="sink",
                 work="send", size=PIECE, connections=2, unit="MB/s", slices=2),
        Workload("from the server", f"One way, from the server; pieces of {label(PIECE)}, 2 connections", mode="source",
                 work="receive", size=PIECE, connections=2, unit="MB/s", slices=2),
    ]
    if quick:
        return [replace(w, slices=2 if w.key == "echo 64 B x 64" else 1) for w in chosen if w.quick]
    return chosen
