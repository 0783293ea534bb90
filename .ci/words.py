#!/usr/bin/env python3
"""Checks what formatting cannot: retired names and words, summaries that begin with "What", files that are too long."""

import os
import re
import subprocess
import sys

# Names that were replaced, as whole words, wherever code is or is described.
RETIRED = """
deaf mute lining annex notPlain isAttentive feedStarvedPorts closingLosesBytes
StreamLimits StreamWatch DirectStreams NativeStreams BuffereventStreams LibeventStreams SocketStreams TestStreams
HandedConnection HandedConnections Roster ListenerDuties OpenFile ExcessPeer
EventReactorBasics EventReactorBytes EventReactorMetrics EventReactorScheduling EventReactorSockets
EventReactorSocketEngines
""".split()
PLACES = ["Sources", "Tests", "Examples", "Benchmarks", "Documentation", "*.md"]
# Written by measurements, at the commit that they name.
EXCEPT = [":!Benchmarks/results"]

# Words for which the field has better ones: see "Style" in CONTRIBUTING.md.
UNPLAIN = ["whoever", "nobody", "those who", "besides", "lest", "for want of", "as a rule", "anew", "let go",
           "lets go", "told"]
UNPLAIN_PLACES = ["Sources", "Examples", "Documentation", "*.md"]

MOST_LINES = 300

os.chdir(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
problems = []


def git(*arguments):
    return subprocess.run(["git", *arguments], text=True, stdout=subprocess.PIPE).stdout.splitlines()


def grep(pattern, places, *options):
    return git("grep", "-nwE", *options, pattern, "--", *places, *EXCEPT)


problems += [f"retired name: {line}" for line in grep("|".join(RETIRED), PLACES)]
# In code only comments count.
problems += [
    f"unplain word: {line}" for line in grep("|".join(UNPLAIN), UNPLAIN_PLACES, "-i")
    if "//" in line or not re.match(r"[^:]*\.(swift|c|h):", line)
]
for path in git("ls-files", "Sources/*.swift", "Sources/*.c", "Sources/*.h"):
    if not os.path.exists(path):
        continue
    with open(path) as file:
        lines = file.read().splitlines()
    if len(lines) > MOST_LINES:
        problems.append(f"more than {MOST_LINES} lines: {path}: {len(lines)}")
for path in git("ls-files", "*.swift"):
    if not os.path.exists(path):
        continue
    with open(path) as file:
        lines = file.read().splitlines()
    for number, line in enumerate(lines):
        is_summary = number == 0 or not lines[number - 1].lstrip().startswith("///")
        if is_summary and re.match(r"\s*/// What\b", line):
            problems.append(f"summary begins with What: {path}:{number + 1}:{line}")

print("\n".join(problems) if problems else "Names, words and lengths are as CONTRIBUTING.md has them.")
sys.exit(bool(problems))
