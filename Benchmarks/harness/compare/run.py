"""All servers, all work, round by round."""

import statistics
import sys
import time
from contextlib import ExitStack

from ..load import Load
from ..processes import HarnessError
from ..turns import QUIET, Row, measure_steps, throughput, throughput_of_processor

SET_UP_SECONDS = 0.16  # what starting a server and connecting to it costs, about; with very many connections more
SLICE_OVERHEAD = 0.06  # ramp, settling, readings


class Progress:
    """Lines on the standard error, with the time that is left as far as is known."""

    def __init__(self, seconds):
        self.start, self.total, self.done = time.monotonic(), seconds, 0.0

    def tell(self, text):
        spent = time.monotonic() - self.start
        # What was planned for the rest, at the speed of what is done.
        pace = spent / self.done if self.done > 20 else 1.0
        left = max(0.0, (self.total - self.done) * max(pace, 0.5))
        print(f"[{int(spent) // 60}:{int(spent) % 60:02}, about {left / 60:.0f} min left] {text}", file=sys.stderr,
              flush=True)

    def add(self, seconds):
        self.done += seconds


def cost(workload, servers):
    """Seconds that a round of it takes, about."""
    connecting = workload.connections * 50e-6 if workload.connections > 100 else 0.05
    slices = servers * workload.slices * (workload.seconds + SLICE_OVERHEAD)
    return slices + servers * connecting + 0.7


def estimate(workloads, servers, rounds):
    modes = len({workload.mode for workload in workloads})
    return rounds * (sum(cost(w, servers) for w in workloads) + modes * servers * SET_UP_SECONDS)


def fits(bench, workload, descriptors=1):
    """Whether a process that takes so many descriptors a connection may have enough of them."""
    return workload.connections * descriptors <= bench.descriptor_limit - 100


class Comparison:
    """`rows[workload.key]`: what each server did. `failed[workload.key]`: name to reason, of those that did not."""

    def __init__(self, bench, specs, yardstick, workloads, progress):
        self.bench, self.yardstick, self.workloads, self.progress = bench, yardstick, workloads, progress
        self.attempts = 1 if bench.quick else 2
        self.rows = {w.key: [Row(spec) for spec in specs] for w in workloads}
        self.failed = {w.key: {} for w in workloads}
        for workload in workloads:
            for row in self.alive(workload):
                if not fits(bench, workload, row.spec.descriptors):
                    self.drop(workload, row, HarnessError(
                        f"it takes {row.spec.descriptors} descriptors a connection, and a process may have "
                        f"{bench.descriptor_limit:,} here"))

    def run(self):
        for turn in range(self.bench.rounds):
            for mode in dict.fromkeys(w.mode for w in self.workloads):
                self.round_of(turn, [w for w in self.workloads if w.mode == mode])

    def drop(self, workload, row, error):
        reason = str(error).strip().splitlines()[0].rstrip(":")
        self.failed[workload.key][row.spec.name] = reason
        self.bench.report.note(f"FLAG  {row.spec.name} left out of {workload.title!r}: {reason}")

    def alive(self, workload):
        return [row for row in self.rows[workload.key] if row.spec.name not in self.failed[workload.key]]

    def round_of(self, turn, workloads):
        """Work of one mode, by fresh processes: where a process's memory happens to lie is worth some per cent."""
        with ExitStack() as stack:
            servers = {}
            for workload in workloads:
                self.progress.tell(f"round {turn + 1} of {self.bench.rounds}: {workload.title}")
                specs = [row.spec for row in self.alive(workload)]
                self.start(workload, specs, servers, stack)
                self.measure(turn, workload, servers)
                self.progress.add(cost(workload, len(specs)) + len(specs) * SET_UP_SECONDS / len(workloads))

    def start(self, workload, specs, servers, stack):
        """Starts the servers that do not run yet, or not any more, having failed at something else."""
        started = {}
        for spec in specs:
            if spec not in servers or servers[spec].process.poll() is not None:
                options = () if workload.mode == "echo" else ("--mode", workload.mode)
                started[spec] = self.bench.server(spec, arguments=options).launch()
        for spec, server in started.items():
            servers.pop(spec, None)
            try:
                servers[spec] = server.wait()
                stack.push(self.quiet_exit(server))
            except HarnessError as error:
                self.drop(workload, Row(spec), error)

    @staticmethod
    def quiet_exit(server):
        def leave(*_):
            try:
                server.__exit__(None, None, None)
            except HarnessError:
                pass  # that it ended showed in what it was measured at
        return leave

    def load(self, workload, server):
        bench, churning = self.bench, workload.work in ("churn", "storm")
        return Load(
            server, bench.binaries, bench.client_cpus, workload.size, workload.connections,
            # Making connections costs the client more than the server, so all processors help.
            threads=len(bench.client_cpus) if churning else bench.load_threads, seconds=workload.seconds,
            warmup=workload.warmup, spin=not churning, arguments=workload.arguments())

    def measure(self, turn, workload, servers):
        rows = [row for row in self.alive(workload) if row.spec in servers]
        with ExitStack() as stack:
            loads = {row: self.load(workload, servers[row.spec]) for row in rows}
            if not workload.is_heavy:
                for row in rows:
                    loads[row].launch()
            for row in list(rows):
                try:
                    if workload.is_heavy:
                        loads[row].launch()
                    loads[row].wait()
                    stack.push(loads[row].__exit__)
                except HarnessError as error:
                    self.drop(workload, row, error)
                    rows.remove(row)
            before = {row: (servers[row.spec].cpu_seconds(), loads[row].messages) for row in rows}
            try:
                steps = measure_steps(rows, loads, workload.slices, turn, self.attempts,
                                      on_failure=lambda row, error: self.drop(workload, row, error))
            except HarnessError as error:
                self.bench.report.note(f"FLAG  {workload.title!r} was not measured in round {turn + 1}: {error}")
                return
            for row in self.alive(workload):
                if row in loads:
                    row.add_round(steps, servers[row.spec], loads[row], before[row])

    def results(self):
        return [self.result(workload) for workload in self.workloads]

    def result(self, workload):
        rows = [row for row in self.alive(workload) if row.rounds]
        table = [summary(workload, row, rows, self.yardstick) for row in rows]
        return {"key": workload.key, "title": workload.title, "unit": workload.unit, "size": workload.size,
                "connections": workload.connections, "rate": workload.rate, "saturates": workload.saturates,
                "rows": table, "failed": self.failed[workload.key]}


def factor(workload):
    """From messages to the unit of the workload."""
    return workload.size / 1e6 if workload.unit == "MB/s" else workload.each


def summary(workload, row, rows, yardstick):
    scale = factor(workload)
    figures = {
        "server": row.spec.name,
        "rate": [rate * scale for rate in row.rates()],
        "rate_of_processor": [statistics.median(throughput_of_processor(f) for f in slices) * scale
                              for slices in row.rounds],
        "busy": row.busy(),
        "disturbance": row.disturbance(),
        "cpu_us": row.median(lambda f: f["server_ran"] / f["messages"]) * 1e6 / scale,
        # Sampled by the kernel's tick: worth telling only of a while.
        "user_ns": row.user / row.messages * 1e9 / scale if row.user + row.system > 0.5 and row.messages else None,
        "p50_us": row.median(lambda f: f["p50_us"]),
        "p99_us": row.median(lambda f: f["p99_us"]),
        "p999_us": row.median(lambda f: f["p999_us"]),
        # Of each round, the median of ratios between slices of one step.
        "over": {other.spec.name: {"rate": row.ratios(other, throughput),
                                   "processor": row.ratios(other, throughput_of_processor)}
                 for other in rows if other.spec.name in (yardstick, "c-bufferevent", "nio")},
    }
    return figures


def basis(workload, rows):
    """What the rows of a result can be compared by: throughput, or that of the server's processor time, where a server
    had to wait or others disturbed it. Both are the same where each had a processor to itself and was busy."""
    if not workload["saturates"]:
        return "rate"
    disturbed = any(row["disturbance"] > QUIET for row in rows)
    waited = any(row["busy"] < 0.95 for row in rows)
    return "processor" if disturbed or waited else "rate"
