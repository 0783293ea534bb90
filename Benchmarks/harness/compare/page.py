"""The page that a comparison leaves: the figures, good and bad, and how they were come by."""

import statistics

from .. import bounds
from ..report import label, median_and_range, number
from ..turns import QUIET
from .run import basis

MAIN = {
    "echo 64 B x 64": "echo 64 B", "echo 16 KiB x 64": "echo 16 KiB", "echo 256 KiB x 64": "echo 256 KiB",
    "connect-echo-close": "connect, echo, close", "pipelined": "pipelined requests",
}


def table(headers, rows):
    cells = [headers, ["---"] + ["---:"] * (len(headers) - 1)] + rows
    return "\n".join("| " + " | ".join(str(cell) for cell in row) + " |" for row in cells)


class Page:
    def __init__(self, results, plots):
        self.results, self.plots, self.parts = results, plots, []
        self.titles = {server["name"]: server["title"] for server in results["servers"]}
        self.yardstick = results["yardstick"]
        self.by_key = {workload["key"]: workload for workload in results["workloads"]}

    def add(self, *texts):
        self.parts += texts

    def plot(self, name, caption):
        if f"{name}.svg" in self.plots:
            self.add(f"![{caption}]({name}.svg)")

    def title(self, name):
        return f"**{self.titles[name]}**" if name in ("reactor", "native", "reactor-bufferevent") else self.titles[name]


def ratios(page, row, kind):
    return row["over"].get(page.yardstick, {}).get(kind, [])


def ratio_cell(page, row, kind):
    values = ratios(page, row, kind)
    if row["server"] == page.yardstick:
        return "1"
    return median_and_range(values) if values else ""


def in_short(page):
    if not any(key in page.by_key for key in MAIN):
        return
    headers = ["", *(MAIN[key] for key in MAIN if key in page.by_key), "bytes an idle connection"]
    memory = {row["server"]: row for row in page.results.get("memory", {}).get("rows", [])}
    rows = []
    for server in page.results["servers"]:
        name, cells = server["name"], []
        for key in (key for key in MAIN if key in page.by_key):
            workload = page.by_key[key]
            row = next((row for row in workload["rows"] if row["server"] == name), None)
            kind = basis(workload, workload["rows"])
            if row is None:
                cells.append("failed" if name in workload["failed"] else "")
            else:
                cells.append("1" if name == page.yardstick else number(statistics.median(ratios(page, row, kind))))
        cells.append(number(memory[name]["idle"]) if name in memory else "")
        rows.append([page.title(name), *cells])
    page.add("## In short", "Work done by one processor, as a ratio to C written straight on epoll; more is better. In "
             "the last column less is better.", table(headers, rows))
    page.plot("summary", "Ratio of throughput to C on epoll at three message sizes, and bytes an idle connection")


def verdicts(page):
    if page.results.get("checks"):
        page.add("## What has to hold", "\n".join(f"- {check['text']}" for check in page.results["checks"]))


def listed(names, workload):
    return "all servers" if len(names) == len(workload["rows"]) else ", ".join(names)


def flags(workload, kind):
    notes = []
    idle = [row["server"] for row in workload["rows"] if workload["saturates"] and row["busy"] < bounds.BUSY_SHARE]
    disturbed = [row["server"] for row in workload["rows"] if row["disturbance"] > QUIET]
    if idle:
        notes.append("Not busy all the time, so *a second* says nothing of them: " + listed(idle, workload) + ".")
    if disturbed:
        notes.append(f"Disturbed by other programs for more than {QUIET:.0%} of the time: "
                     + listed(disturbed, workload) + ".")
    if kind == "processor":
        notes.append("So compare *a CPU second* here.")
    if "measured" in workload:
        measured = workload["measured"]
        notes.append(f"Measured in another run, by `{measured['command']}` at {measured['time']}, commit "
                     f"{measured['commit']}.")
    for name, reason in workload["failed"].items():
        notes.append(f"Left out: {name}, {reason}.")
    return " ".join(notes)


def throughput(page, workload):
    unit, rows = workload["unit"], []
    if not workload["rows"]:
        page.add(f"### {workload['title']}", " ".join(["Not measured in any round.", flags(workload, "rate")]).strip())
        return
    scale = 1 if unit == "MB/s" else 1e-3
    unit = ("" if unit == "MB/s" else "thousand ") + unit.removesuffix("/s")
    kind = basis(workload, workload["rows"])
    per = "MB" if workload["unit"] == "MB/s" else workload["unit"].removesuffix("s/s")
    for row in workload["rows"]:
        rows.append([page.title(row["server"]), median_and_range(row["rate"], scale), ratio_cell(page, row, "rate"),
                     ratio_cell(page, row, "processor"), number(row["busy"] * 100), number(row["cpu_us"]),
                     "" if row["user_ns"] is None else number(row["user_ns"])])
    page.add(f"### {workload['title']}",
             table(["", f"{unit} a second", f"over {page.titles[page.yardstick]}, a second", "a CPU second", "busy %",
                    f"us CPU a {per}", f"ns user a {per}"], rows))
    if notes := flags(workload, kind):
        page.add(notes)


def open_loop(page):
    workloads = [w for w in page.results["workloads"] if w["rate"]]
    if not workloads:
        return
    page.add("## Latency at a fixed rate", "Messages are sent on a schedule, whether or not the answers keep up, and "
             "latency is counted from when a message was to be sent: an answer that is late makes those behind it late "
             "too (no coordinated omission). Microseconds.")
    page.plot("latency", "Latency at a fixed rate")
    for workload in workloads:
        rows = []
        for row in workload["rows"]:
            rate = statistics.median(row["rate"])
            latencies = [number(row[name]) for name in ("p50_us", "p99_us", "p999_us")]
            if rate < 0.98 * workload["rate"]:
                latencies = ["did not keep up", f"{number(rate)}/s", ""]
            rows.append([page.title(row["server"]), *latencies, number(row["busy"] * 100)])
        page.add(f"### {workload['title']}", table(["", "p50", "p99", "p99.9", "busy %"], rows))
        if notes := flags(workload, "rate"):
            page.add(notes)


def counts(page):
    results = page.results
    page.add("## What noise does not touch")
    if memory := results.get("memory"):
        page.add("### Memory of a connection, bytes",
                 f"Of {memory['connections']:,}: before any was used, and after one echo on each. The server itself, in "
                 "KiB: before, when all had left, and when it was then told to give back what it keeps for reuse, where "
                 "it can be told. The kernel's own, about 4 KiB a socket, is the same for all and not in it."
                 + "".join(f" Of {row['server']} only {row['connections']:,} connections, since it could not take all."
                           for row in memory["rows"] if row["connections"] < memory["connections"]),
                 table(["", "idle", "used once", "server before, KiB", "after", "told to give back"],
                       [[page.title(row["server"]), number(row["idle"]), number(row["used"]),
                         *("" if row[name] is None else number(row[name] / 1024)
                           for name in ("baseline", "left", "released"))] for row in memory["rows"]]))
        page.plot("memory", "Bytes of a connection, idle and used once")
    if calls := results.get("syscalls"):
        rows = [[page.title(row["server"]), label(row["size"]),
                 *(number(row[kind]) for kind in ("receive", "send", "epoll_wait", "epoll_ctl", "ioctl", "other", "all"))]
                for row in calls]
        page.add("### System calls a message", "Counted by strace, 64 connections. *Other* is mostly futexes, where "
                 "threads wake one another, and splice in Go.",
                 table(["", "size", "receive", "send", "epoll_wait", "epoll_ctl", "ioctl", "other", "all"], rows))
    if instructions := results.get("instructions"):
        page.add("### Instructions a message, in user space",
                 "Counted by callgrind, echo of 64 B, 64 connections. What valgrind cannot run is left out.",
                 table(["", "instructions"],
                       [[page.title(row["server"]), number(row["instructions"])] for row in instructions]))


# Measurements of `bench` that the page has too, where there are such: their tables, as they print them.
ELSEWHERE = {
    "scaling": "Several reactors, on several processors", "timers": "Timers", "threads": "Calls across threads",
    "chain": "libevent's chain of pipes", "build": "Build time and binary size",
}


def elsewhere(page):
    missing, measured = [], page.results.get("elsewhere", {})
    for name, title in ELSEWHERE.items():
        if name not in measured:
            missing.append(title)
            continue
        page.add(f"## {title}", f"By `./bench {name}`.")
        for one in measured[name]:
            page.add(f"### {one['title']}", table(one["cells"][0], one["cells"][1:]))
    if missing:
        page.add("## Not in this run", "; ".join(missing) + ".")


def opening(page):
    results, machine = page.results, page.results["machine"]
    minutes = results["seconds"] / 60
    page.add("# Side by side", f"Made by `{results['command']}` in {minutes:.0f} minutes at {machine['time']}, commit "
             f"{machine['commit']}. Run anywhere, it writes this page, the plots and [results.json](results.json) anew. "
             "[How it is measured](#how-it-is-measured) is at the end. Every figure that was taken is here, the bad ones "
             "too.")
    virtual = ", virtual" if machine["hypervisor"] else ""
    page.add(f"{machine['processor']}, {machine['processors']} processors{virtual}, {machine['memory_gib']} GiB, "
             f"{machine['system']}, Linux {machine['kernel']}; {machine['swift']}. "
             f"Load average before the run: {machine['load_average']:.2f}.")
    if results["quick"]:
        page.add("This was a `--quick` run: short slices, some of the work, and disturbed steps were kept. Good for a "
                 "first look.")


METHOD = """## How it is measured

Each server is written as its own documentation would have it, on one thread where it has the choice, with `TCP_NODELAY`
and a backlog of 4,096 alike; its source is under `Servers/` and `Peers/`. All is pinned: the servers to processor
{server}, the load generator (`Tools/echoload`, C) to {client}. Only the loopback interface is used.

**Turns.** All servers run at once, and are measured in turns: a slice of {slices} s each, the order rotated after each
step; between slices nothing is under way. A ratio is of two slices of one step, so what a whole machine does from
minute to minute falls on both. There are {rounds} rounds, each with fresh processes, warmed up for half a second. A figure
is the median of the rounds; in brackets stand the least and the greatest round. The row *C on epoll, again* is the
yardstick measured twice: what its ratio is away from 1 is noise, and no other difference of that size means anything.

**Saturation.** The generator polls without sleeping and is edge-triggered, so that it costs less than any server. That
each server's processor was busy all the time is checked, not believed: the column *busy %*, from the kernel's
`schedstat` of all its threads. Below {busy:.0%} a line under the table says so. *a CPU second* is work for each second of
processor time that the server used, which is the throughput it would have, had it been alone and busy; it is what to
compare where some server had to wait, or other programs disturbed the run. *In short* and the plots use it there.

**Checked answers.** Every echoed byte is compared. One-way traffic is counted; what servers send is dropped by the
kernel without a copy (`MSG_TRUNC`). 256 KiB on 10,000 connections is not measured: it would be gigabytes in the kernel.

**A fixed rate** is kept by a schedule for each connection. One whose answer is late sends what has become due as soon as
it comes, and the wait counts as latency. Latencies go into a histogram of HdrHistogram's log-linear design, two
significant digits. A server that answered fewer than 98 % of the messages that were due did not keep up.

**us CPU** is the server's processor time a message, kernel and all; **ns user** its part in user space, which the kernel
samples, so good to a tenth or so.

**One connection** keeps no server busy: its row is round trips a second.

**Connect, echo, close** and the storm use non-blocking clients on all processors but the server's; the client closes.

**Pipelined requests** are lines of 64 B, 16 sent at once. Each server splits them and writes an answer to each; whether
it gathers the answers into fewer system calls is its own affair. C on epoll has nothing that would, and sends each.

**Memory** is the growth of `Private_Dirty`, after 64 connections have come and gone."""


def method(page):
    machine, workloads = page.results["machine"], page.results["workloads"]
    page.add(METHOD.format(
        server=", ".join(map(str, machine["server_processors"])),
        client=", ".join(map(str, machine["client_processors"])), slices="0.2 to 0.8" if len(workloads) > 6 else "0.2",
        rounds=page.results["rounds"], busy=bounds.BUSY_SHARE))
    rows = [[page.title(server["name"]), f"`{server['name']}`", server["version"] or "as in this repository"]
            for server in page.results["servers"] if not server["again"]]
    page.add("## The servers", table(["", "name", "version"], rows).replace("---:", "---"))
    if page.results["left_out"]:
        page.add("Left out on this machine:", "\n".join(f"- {line}" for line in page.results["left_out"]))


def write(results, plots):
    page = Page(results, plots)
    opening(page)
    in_short(page)
    verdicts(page)
    closed = [w for w in results["workloads"] if not w["rate"]]
    if closed:
        page.add("## Throughput")
        page.plot("connections", "Echo of 64 B with 1 to 10,000 connections")
        page.plot("work", "Other work")
        page.plot("exchange", "Your requests")
        for workload in closed:
            throughput(page, workload)
    open_loop(page)
    if any(results.get(key) for key in ("memory", "syscalls", "instructions")):
        counts(page)
    elsewhere(page)
    method(page)
    return "\n\n".join(page.parts) + "\n"
