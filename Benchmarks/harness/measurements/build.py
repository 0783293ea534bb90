"""Build time and binary size: a clean release build of an echo server, and what comes out."""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from ..processes import HarnessError
from ..report import number
from ..servers import PACKAGE, PEERS

# Title, package, product.
SWIFT = [
    ("Reactor", PACKAGE, "ReactorEcho"),
    ("NativeReactor", PACKAGE, "NativeEcho"),
    ("SwiftNIO handlers", PEERS, "NIOEcho"),
    ("FlyingSocks", PEERS, "FlyingSocksEcho"),
]


def swift(*arguments):
    done = subprocess.run(["swift", *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise HarnessError("swift " + str(arguments[0]) + ": " + done.stdout.strip().splitlines()[-1])


def build(package, product, directory):
    """Seconds of the build, with all sources fetched before; bytes of the binary, as it is and stripped."""
    scratch = Path(directory) / product
    where = ("--package-path", package, "--scratch-path", scratch)
    swift("package", "resolve", *where)
    start = time.monotonic()
    swift("build", "-c", "release", "--product", product, *where)
    seconds = time.monotonic() - start
    binary, stripped = scratch / "release" / product, Path(directory) / "stripped"
    subprocess.run(["strip", "-o", stripped, binary], check=True)
    sizes = binary.stat().st_size, stripped.stat().st_size
    shutil.rmtree(scratch)
    return seconds, *sizes


def run(bench):
    rows = []
    for title, package, product in SWIFT:
        with tempfile.TemporaryDirectory() as directory:
            try:
                seconds, size, stripped = build(package, product, directory)
            except (HarnessError, OSError, subprocess.SubprocessError) as error:
                bench.report.note(f"SKIP  {title}: {error}")
                continue
        rows.append([title, number(seconds), f"{size / 1000:,.0f}", f"{stripped / 1000:,.0f}"])
        bench.report.keep("build", {"server": title, "seconds": seconds, "bytes": size, "stripped": stripped})
    bench.report.table(f"A clean release build of an echo server, {os.cpu_count()} processors, standard library dynamic",
                       ["", "seconds", "kB", "kB, stripped"], rows)
