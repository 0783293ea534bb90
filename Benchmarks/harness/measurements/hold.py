"""Very many connections held at once: memory on both sides, how fast they come, and what the live ones notice."""

import math
import time
from pathlib import Path

from .. import bounds
from ..fleet import Fleet, can_be_many
from ..holding import Holding
from ..processes import HarnessError

CONNECTIONS, LARGEST = 100_000, 1_000_000
# Of the descriptors that a process may have: the kernel spreads callers by a hash, a few per cent unevenly.
SHARE_OF_DESCRIPTORS = 0.85
CLIENTS_A_PROCESS = 16_000
LIVE, LIVE_RATE = 100, 20
# Unless the command line names others.
USUAL, USUAL_LARGEST = ("c-epoll", "reactor", "native", "group"), ("c-epoll", "reactor", "group")


def memory_info():
    lines = (line.split() for line in Path("/proc/meminfo").read_text().splitlines())
    return {words[0].rstrip(":"): int(words[1]) * 1024 for words in lines}


def listen_overflows():
    names, values = (line.split() for line in Path("/proc/net/netstat").read_text().splitlines()[:2])
    return int(dict(zip(names, values))["ListenOverflows"])


class Watch:
    """Counts what the servers have accepted."""

    def __init__(self, fleet, wanted):
        self.fleet, self.wanted = fleet, wanted
        self.base = sum(fleet.descriptor_counts())
        self.start = self.last_growth = time.monotonic()
        self.accepted = 0
        self.tenths = []  # when each tenth of what is wanted had been accepted

    def look(self):
        now = time.monotonic()
        accepted = sum(self.fleet.descriptor_counts()) - self.base
        if accepted > self.accepted:
            self.accepted, self.last_growth = accepted, now
            while accepted * 10 >= self.wanted * (len(self.tenths) + 1):
                self.tenths.append(now - self.start)

    def wait_for(self, count, patience=20):
        """Waits until that many are accepted, or none has been for a while."""
        while self.accepted < count and time.monotonic() - self.last_growth < patience:
            time.sleep(0.02)
            self.look()

    def rate(self):
        return self.accepted / max(self.last_growth - self.start, 1e-9)


def measure(bench, spec, count):
    per_worker = int(bench.descriptor_limit * SHARE_OF_DESCRIPTORS)
    workers = math.ceil((count + LIVE) / per_worker)
    clients = math.ceil(count / min(CLIENTS_A_PROCESS, bench.descriptor_limit - 1000))
    with Fleet(bench, spec, workers) as fleet:
        options = dict(connections=count, processes=clients, live=LIVE, live_rate=LIVE_RATE, before=3, after=3,
                       nice=19, memory_floor=bench.memory_floor)
        with Holding(bench, fleet.port, ["--progress"], **options) as holding:
            holding.next(patience=60)
            memory, private, overflows = memory_info(), fleet.private_bytes(), listen_overflows()
            holding.go()
            watch = Watch(fleet, count)
            time.sleep(3)  # the tool takes the latencies before the flood
            watch.start = time.monotonic()
            figures = holding.next(meanwhile=watch.look, patience=3600)
            watch.wait_for(figures["connected"])
            fullest = max(fleet.descriptor_counts())
            held_memory, held_private = memory_info(), fleet.private_bytes()
            holding.go()
            echoed = holding.next(patience=3600)
            used_private = fleet.private_bytes()
            holding.go()
            closed = holding.next(patience=600)
            holding.go()
            holding.process.wait(60)
    connected = max(figures["connected"], 1)
    # MemAvailable would count the inodes and names of live sockets as memory that could be had back.
    taken = sum(memory[name] - held_memory[name] for name in ("MemFree", "Buffers", "Cached"))
    server_private, client_private = held_private - private, figures["own_memory"]
    return {
        **closed, "server": spec.name, "workers": workers, "accepted": watch.accepted, "fullest_worker": fullest,
        "accepts_per_second": watch.rate(), "tenths": watch.tenths, "own_memory": client_private,
        "private_bytes": server_private / connected, "private_bytes_used": (used_private - private) / connected,
        "slab_bytes": (held_memory["Slab"] - memory["Slab"]) / connected,
        "kernel_bytes": (taken - server_private - client_private) / connected,
        "memory_taken": taken, "listen_overflows": listen_overflows() - overflows,
        "live_latencies": echoed["latencies"],
    }


def explain_stop(report, figures, floor):
    if figures["connected"] >= figures["asked"]:
        return
    reason = figures["stopped_by"] or "unknown"
    if reason == "memory":
        reason = f"memory: {figures['least_available'] >> 20:,} MiB available, and {floor:,} are left to others"
    report.note(f"{figures['server']}: stopped at {figures['connected']:,} of {figures['asked']:,} connections by "
                f"{reason}; failures: {figures['failures'] or 'none'}")


def run(bench):
    report, rows, all_figures = bench.report, [], []
    count = bench.connections or (LARGEST if bench.largest else CONNECTIONS)
    specs = can_be_many(bench, bench.named or (USUAL_LARGEST if bench.largest else USUAL))
    if not specs:
        raise HarnessError("none of these servers can listen on one port with several processes")
    for spec in specs:
        figures = measure(bench, spec, count)
        report.keep("hold", figures)
        all_figures.append(figures)
        explain_stop(report, figures, bench.memory_floor)
        latencies = figures["live_latencies"]
        rows.append([spec.name, figures["workers"], figures["connected"], figures["echoed"], figures["private_bytes"],
                     figures["private_bytes_used"], figures["slab_bytes"] / 1024, figures["kernel_bytes"] / 1024,
                     figures["accepts_per_second"], figures["connect_seconds"], figures["echo_seconds"],
                     *(latencies[when]["p99_us"] for when in ("before", "during", "after"))])
    report.table(f"{count:,} connections held at once",
                 ["server", "workers", "held", "echoed", "private B each", "once used", "slab KiB a pair",
                  "kernel KiB a pair", "accepts/s", "connect s", "echo s", "live p99 us before", "during", "after"],
                 rows)
    for figures in all_figures:
        name = figures["server"]
        if name not in bench.subjects:
            continue
        silent = figures["connected"] - figures["echoed"]
        report.check(f"held connections that did not echo: {name}", silent, "<=", 0)
        report.check(f"live connections lost meanwhile: {name}", figures["live_lost"], "<=", 0)
        report.check(f"memory of a held connection: {name}", figures["private_bytes"], "<=",
                     bounds.MEMORY_PER_CONNECTION, "bytes")
        if not bench.largest:
            report.check(f"connections held: {name}", figures["connected"], ">=", count)
