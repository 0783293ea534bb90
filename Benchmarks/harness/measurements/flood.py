"""What live connections notice of a flood of connects: their 99th percentile during it over that before."""

import math
import statistics
import time

from .. import bounds
from ..fleet import Fleet, can_be_many
from ..holding import Holding, disturbed
from ..processes import HarnessError
from ..report import median_and_range
from .hold import Watch

CONNECTIONS, LIVE, LIVE_RATE = 50_000, 100, 100
# A connect that finds the backlog full is given up after this, and another begun, so that the flood goes on.
RETRY_MS = 10
# Seconds; the measurement lasts about two.
MOST_WAITED = 0.02
USUAL = ("c-epoll", "reactor", "native")
VARIANTS = {
    "held": "all held, over several processes",
    "reset": "each reset at once, one process",
}


def processors(bench):
    """Those of servers and clients, and the one of the live connections, which polls without sleeping."""
    cpus = bench.server_cpus + [cpu for cpu in bench.client_cpus if cpu not in bench.server_cpus]
    return (cpus[:-1], cpus[-1]) if len(cpus) >= 3 else None


def measure(bench, spec, variant, count):
    cpus = processors(bench)
    per_worker = int(bench.descriptor_limit * 0.85)
    workers = math.ceil((count + LIVE) / per_worker) if variant == "held" else 1
    clients = workers if variant == "held" else 2
    options = dict(connections=count, processes=clients, rounds=0, live=LIVE, live_rate=LIVE_RATE, before=1.5,
                   after=0.5, retry=RETRY_MS)
    if variant == "reset":
        options["keep"] = 1
    flags, server_cpus = [], None
    if cpus is not None:
        rest, live = cpus
        # Never one processor for both: the scheduler lets even a nice client run for milliseconds.
        server_count = 1 if variant == "reset" else math.ceil(len(rest) / 2)
        server_cpus, flood_cpus = rest[:server_count], rest[server_count:]
        options |= {"live_cpu": live, "flood_cpus": ",".join(map(str, flood_cpus))}
        flags = ["--spin"]
    with Fleet(bench, spec, workers, server_cpus) as fleet:
        with Holding(bench, fleet.port, flags, **options) as holding:
            holding.next(patience=60)
            waited = fleet.waited_seconds()
            holding.go()
            watch = Watch(fleet, count)
            figures = holding.next(patience=120, every=0.005)
            if variant == "held":
                watch.look()
                watch.wait_for(figures["connected"])
            waited = fleet.waited_seconds() - waited
            holding.go()
            figures = holding.next(patience=120)
            holding.go()
            holding.next(patience=120)
            holding.go()
            holding.process.wait(60)
    if figures["connected"] < count:
        raise HarnessError(f"the flood reached {figures['connected']} of {count}: {figures['failures']}")
    latencies = figures["latencies"]
    return {"server": spec.name, "variant": variant, "workers": workers, "seconds": figures["connect_seconds"],
            "connects_per_second": figures["connects_per_second"], "retried": figures["retried"],
            "ratio": latencies["during"]["p99_us"] / latencies["before"]["p99_us"], "waited": waited,
            "live_lost": figures["live_lost"], "latencies": latencies, "send_delays": figures["send_delays"],
            # A server with a processor to itself waits for it only where other programs have it.
            "disturbed": disturbed(figures) or (variant == "reset" and cpus is not None and waited > MOST_WAITED)}


def measure_undisturbed(bench, spec, variant, count, attempts=3):
    """Which one is kept depends on when the tool could send alone, not on what it measured."""
    made = []
    for _ in range(attempts):
        made.append(measure(bench, spec, variant, count))
        bench.report.keep("flood", made[-1])
        if not made[-1]["disturbed"]:
            break
        time.sleep(0.5)
    return made[-1]


def run(bench):
    report = bench.report
    count, rounds = bench.connections or CONNECTIONS, 2 if bench.quick else bench.rounds
    specs = can_be_many(bench, bench.named or USUAL)
    if not specs:
        raise HarnessError("none of these servers can listen on one port with several processes")
    if processors(bench) is None:
        report.note("FLAG  fewer than three processors: live connections, clients and servers share them")
    checks = []
    for variant, words in VARIANTS.items():
        kept = {spec.name: [] for spec in specs}
        for number in range(rounds):
            turn = number % len(specs)
            for spec in specs[turn:] + specs[:turn]:
                kept[spec.name].append(measure_undisturbed(bench, spec, variant, count))
        rows = []
        for name, figures in kept.items():
            ratios = [one["ratio"] for one in figures]

            def middle(when, what):
                return statistics.median(one["latencies"][when][what] for one in figures)

            rows.append([name, figures[0]["workers"], statistics.median(one["connects_per_second"] for one in figures),
                         middle("before", "p50_us"), middle("before", "p99_us"), middle("during", "p50_us"),
                         middle("during", "p99_us"), middle("during", "max_us"), median_and_range(ratios)])
            spoilt = sum(one["disturbed"] for one in figures)
            if spoilt:
                report.note(f"FLAG  {name}, {variant}: other programs got in the way in {spoilt} "
                            f"of {rounds} rounds")
            if name in bench.subjects:
                checks.append((f"p99 of live connections during a flood over before, {variant}: {name}",
                               statistics.median(ratios)))
        report.table(f"{LIVE} live connections and a flood of {count:,} connects, {words}",
                     ["server", "workers", "connects/s", "before: p50 us", "p99", "during: p50", "p99", "max",
                      "p99 during over before"], rows)
    for name, figure in checks:
        report.check(name, figure, "<=", bounds.FLOOD_RATIO)
