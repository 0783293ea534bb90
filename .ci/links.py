#!/usr/bin/env python3
"""Checks that every relative link of the Markdown pages leads to a file, and to a heading of it where it names one."""

import os
import re
import subprocess
import sys

root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
os.chdir(root)


def read(page):
    with open(page) as file:
        return re.sub(r"^```.*?^```", "", file.read(), flags=re.S | re.M)


def anchors(page):
    """The names that GitHub gives the headings of a page."""
    found = set()
    for heading in re.findall(r"^#+ (.*)$", read(page), re.M):
        heading = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        name = base = re.sub(r"[^\w\- ]", "", heading).replace(" ", "-")
        count = 0
        while name in found:
            count += 1
            name = f"{base}-{count}"
        found.add(name)
    return found


pages = subprocess.run(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"], check=True, text=True,
    stdout=subprocess.PIPE).stdout.split("\n")
broken, count = [], 0
for page in filter(os.path.exists, pages):
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", read(page))):
        if re.match(r"\w+:", target):
            continue
        count += 1
        path, _, anchor = target.partition("#")
        path = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
        if not os.path.exists(path):
            broken.append(f"{page}: {target}: there is no {path}")
        elif anchor and anchor not in anchors(path):
            broken.append(f"{page}: {target}: {path} has no such heading")
print("\n".join(broken) if broken else f"All {count} relative links lead somewhere.")
sys.exit(bool(broken))
