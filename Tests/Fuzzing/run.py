#!/usr/bin/env python3
"""Fuzzes what reads a peer's bytes, by libFuzzer with the address sanitizer: framing, TLS, and the other parsers.

    Tests/Fuzzing/run.py                       a minute for each target, two at a time
    Tests/Fuzzing/run.py --seconds 600 lines   ten minutes for one
    Tests/Fuzzing/run.py --keep-corpus         adds nothing to the corpus, as CI does

It begins with what is in the corpus, and with handshakes that the program records by itself for the targets of TLS.

The inputs that reach different code are kept in corpus/TARGET.txt, one a line in hexadecimal. One that traps is left in the
work folder, and its name printed: run the program with it to see why.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
CORPUS = HERE / "corpus"
PROGRAM = HERE / ".build" / "release" / "Fuzz"
SANITIZE = "-sanitize=fuzzer,address"
# The longest inputs in bytes, of all targets and of those with handshakes, or certificates with their keys.
SHORT = 512
LONGEST = {"tls-server": 3072, "tls-client": 3072, "pem": 2048}


def build():
    subprocess.run(["swift", "build", "-c", "release", "--package-path", HERE, "--product", "Fuzz", "-Xswiftc", SANITIZE],
                   check=True)
    # By the compiler and not by SwiftPM, which gives each program a main function of its own: libFuzzer has one.
    archive = PROGRAM.with_name("libFuzz.a")
    subprocess.run(["swiftc", SANITIZE, "-use-ld=lld", "-o", PROGRAM, "-Xlinker", "--whole-archive", archive,
                    "-Xlinker", "--no-whole-archive", "-lssl", "-lcrypto"], check=True)


def names():
    text = subprocess.run([PROGRAM, "-runs=0"], env={**os.environ, "FUZZ_TARGET": ""}, capture_output=True, text=True)
    return re.search(r"none of (.*)", text.stdout + text.stderr)[1].split(", ")


def unpack(name, folder):
    folder.mkdir(parents=True)
    file = CORPUS / f"{name}.txt"
    for number, line in enumerate(file.read_text().splitlines() if file.exists() else []):
        (folder / f"kept-{number}").write_bytes(bytes.fromhex(line))
    for number, line in enumerate(call(name, "-runs=0", FUZZ_RECORD="1").stdout.split()):
        (folder / f"recorded-{number}").write_bytes(bytes.fromhex(line))


def call(name, *arguments, **variables):
    return subprocess.run([PROGRAM, *arguments], env={**os.environ, "FUZZ_TARGET": name, **variables},
                          capture_output=True, text=True)


def fuzz(name, options, work):
    """Runs a target; returns whether nothing was found."""
    folder = Path(work) / name
    unpack(name, folder)
    done = call(name, f"-max_total_time={options.seconds}", f"-max_len={LONGEST.get(name, SHORT)}", "-timeout=20", "-rss_limit_mb=2048",
                "-print_final_stats=1", f"-artifact_prefix={work}/{name}-", folder)
    runs = re.search(r"number_of_executed_units: (\d+)", done.stderr)
    coverage = re.findall(r"cov: (\d+)", done.stderr)
    print(f"{name}: {runs[1] if runs else '?'} inputs, {coverage[-1] if coverage else '?'} edges, "
          f"{'nothing found' if done.returncode == 0 else 'FAILED'}", flush=True)
    if done.returncode:
        print(done.stderr[-6000:], flush=True)
        return False
    if not options.keep_corpus:
        keep(name, folder)
    return True


def keep(name, folder):
    """Writes the fewest inputs that reach all the code that those of a folder do."""
    fewest = folder.with_name(f"{name}.fewest")
    fewest.mkdir()
    merged = call(name, "-merge=1", fewest, folder)
    if merged.returncode:
        sys.exit(f"{name}: libFuzzer cannot merge: {merged.stderr[-2000:]}")
    CORPUS.mkdir(exist_ok=True)
    # Longer ones are all but recordings, which the program makes by itself.
    kept = [found for found in (file.read_bytes() for file in fewest.iterdir()) if len(found) <= SHORT]
    lines = sorted((found.hex() for found in kept), key=lambda line: (len(line), line))
    (CORPUS / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--keep-corpus", action="store_true", help="add nothing to the corpus")
    options = parser.parse_args()
    build()
    targets = options.targets or names()
    work = tempfile.mkdtemp(prefix="fuzzing-")
    with ThreadPoolExecutor(2) as pool:
        clean = list(pool.map(lambda name: fuzz(name, options, work), targets))
    if not all(clean):
        sys.exit(f"what was found is in {work}")
    shutil.rmtree(work)


if __name__ == "__main__":
    main()
