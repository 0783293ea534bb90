"""The plots: `python -m harness.compare.plots DIR`, run by the tool's own Python, which has matplotlib.

One design for all: a server a line, a mark for each series with its spread, told apart in grey print too.
"""

import json
import statistics
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.ticker import FuncFormatter, NullFormatter  # noqa: E402

from .run import basis  # noqa: E402

OURS = {"reactor", "native", "reactor-bufferevent"}
# The colours of Okabe and Ito, which most eyes tell apart, and marks for those who print in grey.
STYLES = [("#0072B2", "o"), ("#E69F00", "s"), ("#009E73", "^"), ("#CC79A7", "D"), ("#D55E00", "v")]
plt.rcParams.update({
    "font.family": "DejaVu Sans", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False,
    "axes.titlesize": 10, "svg.fonttype": "path", "svg.hashsalt": "bench", "figure.facecolor": "white",
})


def plain(value, _=None):
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:g}"


class Plots:
    def __init__(self, folder):
        self.folder = folder
        self.results = json.loads((folder / "results.json").read_text())
        self.servers = [server for server in self.results["servers"] if not server["again"]]
        self.yardstick = self.results["yardstick"]
        self.over = next(s["title"] for s in self.servers if s["name"] == self.yardstick)
        self.by_key = {workload["key"]: workload for workload in self.results["workloads"]}

    def ratios(self, key):
        """Server to (median, least, greatest) of its ratio to the yardstick."""
        workload = self.by_key[key]
        kind = basis(workload, workload["rows"])
        found = {}
        for row in workload["rows"]:
            values = [1.0] if row["server"] == self.yardstick else row["over"].get(self.yardstick, {}).get(kind)
            if values:
                found[row["server"]] = statistics.median(values), min(values), max(values)
        return found

    def figure(self, panels, wide=8.0):
        # A line for each server, and room for the axis and the legend.
        height = 0.30 * len(self.servers) + 1.3
        figure, axes = plt.subplots(1, len(panels), figsize=(wide, height), sharey=True, squeeze=False,
                                    gridspec_kw={"width_ratios": panels}, layout="constrained")
        return figure, axes[0]

    def lines(self, axes):
        axes.set_ylim(len(self.servers) - 0.5, -0.5)
        axes.set_yticks(range(len(self.servers)), [server["title"] for server in self.servers])
        for text, server in zip(axes.get_yticklabels(), self.servers):
            text.set_fontweight("bold" if server["name"] in OURS else "normal")
        axes.tick_params(axis="y", length=0)
        for line in range(0, len(self.servers), 2):
            axes.axhspan(line - 0.5, line + 0.5, color="#f2f2f2", zorder=0)

    def dots(self, axes, series, xlabel, most_ticks=8, unit_line=True):
        """`series`: (label, server to (median, least, greatest))."""
        self.lines(axes)
        offset = 0.56 / max(1, len(series) - 1) if len(series) > 1 else 0
        for number, (name, values) in enumerate(series):
            colour, mark = STYLES[number % len(STYLES)]
            shift = number * offset - 0.28 if len(series) > 1 else 0
            places = [(line + shift, *values[server["name"]]) for line, server in enumerate(self.servers)
                      if server["name"] in values]
            axes.hlines([p[0] for p in places], [p[2] for p in places], [p[3] for p in places], color=colour, lw=1.2,
                        zorder=2)
            axes.plot([p[1] for p in places], [p[0] for p in places], mark, color=colour, ms=4.6, label=name, zorder=3,
                      mec="white", mew=0.4)
        self.log_axis(axes, most_ticks)
        if unit_line:
            axes.axvline(1, color="#555555", lw=0.8, ls="--", zorder=1)
        axes.set_xlabel(xlabel)
        axes.grid(axis="x", color="#dddddd", lw=0.6, zorder=0)
        if len(series) > 1:
            axes.figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=len(series),
                               frameon=False, handletextpad=0.2, columnspacing=1.6)

    @staticmethod
    def log_axis(axes, most_ticks):
        axes.set_xscale("log")
        low, high = axes.get_xlim()
        # As many round numbers as there is room for.
        for steps in ((1, 2, 5), (1, 3), (1,)):
            ticks = [step * 10.0**power for power in range(-4, 9) for step in steps
                     if low <= step * 10.0**power <= high]
            if len(ticks) <= most_ticks:
                break
        axes.set_xticks(ticks)
        axes.xaxis.set_major_formatter(FuncFormatter(plain))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlim(low, high)

    def bars(self, axes, values, xlabel):
        self.lines(axes)
        places = [(line, values[server["name"]], server["name"]) for line, server in enumerate(self.servers)
                  if server["name"] in values]
        axes.barh([p[0] for p in places], [p[1] for p in places], height=0.62, zorder=2,
                  color=["#0072B2" if p[2] in OURS else "#9a9a9a" for p in places])
        axes.set_xscale("log")
        axes.set_xlim(min(p[1] for p in places) / 1.8, max(p[1] for p in places) * 4)
        for line, value, _ in places:
            axes.text(value * 1.08, line, f"{value:,.0f}", va="center", fontsize=8, zorder=3)
        axes.xaxis.set_major_formatter(FuncFormatter(plain))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel(xlabel)

    def save(self, figure, name):
        for kind in ("svg", "png"):
            metadata = {"Date": None} if kind == "svg" else {}
            figure.savefig(self.folder / f"{name}.{kind}", dpi=160, metadata=metadata)
        plt.close(figure)

    def chosen(self, wanted):
        return [(name, self.ratios(key)) for name, key in wanted if key in self.by_key]

    def memory(self, figure):
        rows = self.results.get("memory", {}).get("rows", [])
        return {row["server"]: row[figure] for row in rows if row[figure] > 0}

    def summary(self):
        series = self.chosen([("64 B", "echo 64 B x 64"), ("16 KiB", "echo 16 KiB x 64"),
                              ("256 KiB", "echo 256 KiB x 64")])
        memory = self.memory("idle")
        if not series:
            return
        figure, axes = self.figure([3, 2] if memory else [1])
        self.dots(axes[0], series, f"echo throughput over {self.over}, 64 connections\n(more is better)")
        if memory:
            self.bars(axes[1], memory, "bytes of an idle connection\n(less is better)")
        self.save(figure, "summary")

    def connections(self):
        series = self.chosen([(f"{count:,} connection{'s' if count > 1 else ''}", f"echo 64 B x {count}")
                              for count in (1, 64, 1000, 10_000)])
        if len(series) > 1:
            figure, axes = self.figure([1])
            self.dots(axes[0], series, f"throughput over {self.over}, echo of 64 B (more is better)")
            self.save(figure, "connections")

    def exchange(self):
        series = self.chosen([(f"{count:,} connection{'s' if count > 1 else ''}", f"exchange x {count}")
                              for count in (1, 64, 1000)])
        if series:
            figure, axes = self.figure([1])
            self.dots(axes[0], series, f"your requests a second over {self.over} (more is better)")
            self.save(figure, "exchange")

    def work(self):
        series = self.chosen([(key, key) for key in ("connect-echo-close", "accept storm", "pipelined", "to the server",
                                                     "from the server")])
        if series:
            figure, axes = self.figure([1])
            self.dots(axes[0], series, f"throughput over {self.over} (more is better)")
            self.save(figure, "work")

    def latency(self):
        workloads = [workload for workload in self.results["workloads"] if workload["rate"]]
        if not workloads:
            return
        figure, axes = self.figure([1] * len(workloads))
        for place, workload in zip(axes, workloads):
            kept_up = [row for row in workload["rows"] if statistics.median(row["rate"]) >= 0.98 * workload["rate"]]
            series = [(name, {row["server"]: (row[key],) * 3 for row in kept_up})
                      for name, key in (("p50", "p50_us"), ("p99", "p99_us"), ("p99.9", "p999_us"))]
            self.dots(place, series, "microseconds (less is better)", most_ticks=5, unit_line=False)
            if place is not axes[0]:
                place.figure.legends[-1].remove()  # one is enough
            names = {row["server"] for row in kept_up}
            for line, server in enumerate(self.servers):
                if server["name"] not in names:
                    place.text(0.03, line, "did not keep up", transform=place.get_yaxis_transform(), va="center",
                               fontsize=8, color="#666666")
            place.set_title(f"{workload['rate']:,} messages of 64 B a second")
        self.save(figure, "latency")

    def memory_plot(self):
        idle, used = self.memory("idle"), self.memory("used")
        if idle:
            figure, axes = self.figure([1, 1])
            self.bars(axes[0], idle, "bytes of an idle connection, never used")
            self.bars(axes[1], used, "bytes of a connection used once")
            self.save(figure, "memory")


def main():
    plots = Plots(Path(sys.argv[1]))
    for plot in (plots.summary, plots.connections, plots.work, plots.latency, plots.memory_plot, plots.exchange):
        plot()


main()
