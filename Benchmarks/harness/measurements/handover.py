"""A server replaced twenty times by its next version under load: no client may be refused or reset.

The server is the example `Handover`. Each load runs through all handovers: wrk with connections that stay open, wrk with
a new one for each request, and clients of our own that check every answer.
"""

import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

from .. import bounds
from ..processes import HarnessError, read_line, spawn, stop

LIBRARY = Path(__file__).resolve().parents[3]
CLIENTS, PAUSE, WARM_UP = 64, 0.25, 0.5
REQUEST = b"GET / HTTP/1.1\r\nHost: bench\r\n\r\n"


def build():
    """The example is of the library's package, not of this one."""
    command = ["swift", "build", "-c", "release", "--package-path", LIBRARY, "--product", "Handover"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    path = subprocess.run([*command, "--show-bin-path"], check=True, stdout=subprocess.PIPE, text=True)
    return path.stdout.strip() + "/Handover"


class Versions:
    """The versions that follow one another; one serves."""

    def __init__(self, program, folder, cpus):
        self.program, self.path, self.cpus = program, f"{folder}/handover", cpus
        self.current, self.port = None, 0
        self.current, self.port = self.start()

    def start(self):
        process = spawn([self.program, self.port, self.path], self.cpus, stdout=subprocess.PIPE, bufsize=0)
        try:
            line = read_line(process, process.stdout, 10, "Handover")
            found = re.search(r"listens at \S+:(\d+)$", line)
            if not found:
                raise HarnessError(f"Handover said {line!r} instead of its port")
        except BaseException:
            stop(process)
            raise
        return process, int(found.group(1))

    def hand_over(self):
        """Replaces the version that serves: the time until the successor serves, and until the predecessor has ended."""
        begin, old = time.monotonic(), self.current
        self.current, _ = self.start()
        try:
            read_line(old, old.stdout, 10, "the predecessor")
            serves = time.monotonic() - begin
            if old.wait(30) != 0:
                raise HarnessError(f"the predecessor ended with status {old.returncode}")
        finally:
            stop(old)
            old.stdout.close()
        return serves, time.monotonic() - begin

    def end(self):
        stop(self.current)
        self.current.stdout.close()


class Wrk:
    """wrk, whose line of socket errors is the verdict: absent where there were none."""

    def __init__(self, bench, port, *arguments):
        # Until it is interrupted, which it takes for its time being up.
        command = ["wrk", "-t", "2", "-c", CLIENTS, "-d", "600s", *arguments, f"http://127.0.0.1:{port}/"]
        self.process = spawn(command, bench.client_cpus, stdout=subprocess.PIPE, text=True)

    def end(self):
        self.process.send_signal(signal.SIGINT)
        text, _ = self.process.communicate(timeout=30)
        requests = re.search(r"(\d+) requests in", text)
        if self.process.returncode != 0 or not requests:
            raise HarnessError(f"wrk failed:\n{text}")
        errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
        refused, *lost = map(int, errors.groups()) if errors else (0, 0)
        wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
        lost.append(int(wrong.group(1)) if wrong else 0)
        return {"requests": int(requests.group(1)), "refused": refused, "lost": sum(lost)}


class Checkers:
    """Clients that ask, check the answer, and ask again at once; with a new connection each time, or while it stands."""

    def __init__(self, port, keeps_alive, number=8):
        self.port, self.keeps_alive = port, keeps_alive
        self.is_over = threading.Event()
        self.counts = [{"requests": 0, "refused": 0, "lost": 0, "longest": 0.0} for _ in range(number)]
        self.threads = [threading.Thread(target=self.run, args=(counts,)) for counts in self.counts]
        for thread in self.threads:
            thread.start()

    def run(self, counts):
        while not self.is_over.is_set():
            begin = time.monotonic()
            try:
                link = socket.create_connection(("127.0.0.1", self.port), 20)
            except OSError:
                counts["refused"] += 1
                continue
            with link:
                try:
                    while self.ask(link) and self.keeps_alive and not self.is_over.is_set():
                        counts["requests"] += 1
                        counts["longest"] = max(counts["longest"], time.monotonic() - begin)
                        begin = time.monotonic()
                    counts["requests"] += 1
                    counts["longest"] = max(counts["longest"], time.monotonic() - begin)
                except OSError:
                    counts["lost"] += 1

    @staticmethod
    def ask(link):
        """Whether the server keeps the connection open."""
        link.sendall(REQUEST)
        data = b""
        while not (whole := re.fullmatch(rb"HTTP/1\.1 200 OK\r\n(.*\r\n)\r\nprocess \d+\n", data, re.DOTALL)):
            part = link.recv(4096)
            if not part:
                raise ConnectionError("the answer was cut short")
            data += part
        return b"Connection: close" not in whole.group(1)

    def end(self):
        self.is_over.set()
        for thread in self.threads:
            thread.join()
        total = {key: sum(counts[key] for counts in self.counts) for key in ("requests", "refused", "lost")}
        return {**total, "longest": max(counts["longest"] for counts in self.counts)}


@contextmanager
def versions(bench, program):
    with tempfile.TemporaryDirectory() as folder:
        chain = Versions(program, folder, bench.server_cpus)
        try:
            yield chain
        finally:
            chain.end()


def measure(bench, program, kind):
    with versions(bench, program) as chain:
        load = {
            "wrk, keep-alive": lambda: Wrk(bench, chain.port),
            "wrk, a connection each": lambda: Wrk(bench, chain.port, "-H", "Connection: close"),
            "checked, keep-alive": lambda: Checkers(chain.port, True),
            "checked, a connection each": lambda: Checkers(chain.port, False),
        }[kind]()
        try:
            time.sleep(WARM_UP)
            took = []
            for _ in range(bounds.HANDOVERS):
                took.append(chain.hand_over())
                time.sleep(PAUSE)
        finally:
            figures = load.end()
        return {"load": kind, "handovers": len(took), **figures, "serves_after_ms": 1000 * max(a for a, _ in took),
                "predecessor_ended_after_ms": 1000 * max(b for _, b in took)}


def run(bench):
    report, rows = bench.report, []
    kinds = ["wrk, keep-alive", "wrk, a connection each", "checked, keep-alive", "checked, a connection each"]
    if not shutil.which("wrk"):
        report.note("SKIP  wrk is not installed (Debian package wrk): clients of our own alone")
        kinds = kinds[2:]
    program = build()
    results = [measure(bench, program, kind) for kind in kinds]
    for figures in results:
        report.keep("handover", figures)
        rows.append([figures["load"], figures["handovers"], figures["requests"], figures["refused"], figures["lost"],
                     figures["serves_after_ms"], figures["predecessor_ended_after_ms"],
                     1000 * figures["longest"] if "longest" in figures else "-"])
    report.table(f"A server replaced {bounds.HANDOVERS} times under load",
                 ["load", "handovers", "requests", "refused", "reset or cut short", "ms to serve, most",
                  "ms to the predecessor's end, most", "ms for an answer, most"], rows)
    for figures in results:
        report.check(f"refused over {figures['handovers']} handovers: {figures['load']}", figures["refused"], "<=",
                     bounds.HANDOVER_ERRORS)
        report.check(f"reset or cut short over {figures['handovers']} handovers: {figures['load']}", figures["lost"],
                     "<=", bounds.HANDOVER_ERRORS)
