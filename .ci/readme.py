#!/usr/bin/env python3
"""Makes a package of README.md's code: `.ci/readme.py <folder> [trait]`. It has to build, as a user's package does.

The README's manifest becomes the package's, and the programs its targets; other blocks get what their text leaves out
from the comment before them, or stand in a namespace of their own.
"""

import os
import re
import sys

root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
folder = os.path.abspath(sys.argv[1])
with open(f"{root}/README.md") as file:
    blocks = re.findall(r"(?:<!-- ([^\n]*) -->\n)?```swift\n(.*?)```\n", file.read(), re.S)

ECHO = "final class Echo: Protocol {}\n"
FUNCTION = ECHO + """
func slowSum(of count: Int) -> Int { count }

func block(reactor: Reactor) throws {
%s}
"""
TEST = "import Testing\n\n@Test func block() {\n    let array: [UInt8] = []\n    let data = array.span\n%s}\n"


def write(path, text):
    os.makedirs(os.path.dirname(f"{folder}/{path}"), exist_ok=True)
    with open(f"{folder}/{path}", "w") as out:
        out.write(text)


manifest, targets, programs = None, [], []
for number, (place, code) in enumerate(blocks, 1):
    if "let package" in code:
        manifest = code
        continue
    name, kind, settings = f"Block{number}", "target", ""
    modules = sorted({"EventReactor", *re.findall(r"^import (EventReactor\w+)", code, re.M)})
    imports = "".join(f"import {module}\n" for module in modules)
    if "@main" in code:
        programs.append(code)
        name, kind = ("my-server" if len(programs) == 1 else name), "executableTarget"
        text = code
    elif place == "in a function":
        text = imports + "\n" + FUNCTION % re.sub(r"^import .*\n+", "", code, flags=re.M)
    elif place == "in a test that was given data":
        kind, text = "testTarget", "import EventReactor\n" + TEST % code
    elif place == "isolated to the main actor":
        settings, text = ", swiftSettings: [.defaultIsolation(MainActor.self)]", "import EventReactor\n\n" + code
    else:
        assert not place, f"README.md has a block {place!r}, which .ci/readme.py does not know"
        text = "import EventReactor\n\n" + code
    write(f"{'Tests' if kind == 'testTarget' else 'Sources'}/{name}/Block.swift", text)
    if name != "my-server":
        targets.append(
            f'package.targets.append(.{kind}(name: "{name}", dependencies: ['
            + ", ".join(f'.product(name: "{module}", package: "swift-event-reactor")' for module in modules)
            + f"]{settings}))\n"
        )

with open(f"{root}/Examples/Echo/Echo.swift") as file:
    example = file.read()
assert example.endswith(programs[0]), "README.md's server is not that of Examples/Echo"

# Only where the package comes from, and what is asked of it, differ from what the README says.
traits = f', traits: ["{sys.argv[2]}"]' if len(sys.argv) > 2 else ""
manifest, changed = re.subn(
    r'\.package\(url: "[^"]*/swift-event-reactor", from: "[^"]*"\)',
    f'.package(name: "swift-event-reactor", path: "{root}"{traits})', manifest)
assert changed == 1
write("Package.swift", manifest + "\n" + "".join(targets))
print(f"{len(blocks)} blocks of README.md, {len(programs)} of them programs")
