#!/usr/bin/env python3
"""Checks that the pages that describe the code name files and declarations that exist.

    Architecture.md, Glossary.md, Decisions/: each `Name.swift`, `name.c` and `name.h`
    Glossary.md: each name in the last column of its tables, by its last part
    Architecture.md: the walk of an echoed byte names at most 12 files
"""

import glob
import os
import re
import subprocess
import sys

WALK = "## A byte in and out"
MOST_FILES = 12

os.chdir(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
tracked = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], check=True, text=True,
                         stdout=subprocess.PIPE).stdout.split("\n")
files = [path for path in tracked if os.path.exists(path)]
names = {os.path.basename(path) for path in files}
source = ""
for path in files:
    if path.startswith("Sources/"):
        with open(path) as file:
            source += file.read()
declared = set(re.findall(r"\b(?:class|struct|enum|protocol|typealias|func|var|let|case|trait)\s+`?(\w+)", source))
declared |= set(re.findall(r"^\w[\w *]*?\b(\w+)\(", source, re.M))  # C
declared |= {os.path.basename(os.path.dirname(path)) for path in files} | set(re.findall(r'name: "(\w+)"', source))
declared |= {path.split("/")[1] for path in files if path.startswith("Sources/")}


def read(page):
    with open(page) as file:
        return file.read()


def named_files(text):
    return set(re.findall(r"[\w+]+\.(?:swift|c|h)\b", text))


problems = []
for page in ["Documentation/Architecture.md", "Documentation/Glossary.md", *sorted(glob.glob("Documentation/Decisions/*"))]:
    problems += [f"{page}: there is no file {name}" for name in sorted(named_files(read(page)) - names)]

for row in re.findall(r"^\|.*\|$", read("Documentation/Glossary.md"), re.M):
    for name in re.findall(r"`([^`]+)`", row.strip("|").split("|")[-1]):
        last = re.sub(r"\(.*\)$", "", name).split(".")[-1]
        if not re.search(r"\.(swift|c|h)$", name) and last not in declared:
            problems.append(f"Documentation/Glossary.md: there is no {name}")

architecture = read("Documentation/Architecture.md")
assert WALK in architecture
walk = named_files(architecture.split(WALK, 1)[1].split("\n## ", 1)[0])
if len(walk) > MOST_FILES:
    problems.append(f"The walk of an echoed byte names {len(walk)} files, more than {MOST_FILES}: {sorted(walk)}")

print("\n".join(problems) if problems else f"All named files exist; an echoed byte passes {len(walk)} of them.")
sys.exit(bool(problems))
