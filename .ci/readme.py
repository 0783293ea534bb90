#!/usr/bin/env python3
"""Makes a package of the code in README.md and in articles of Documentation/. It has to build, as a user's package does.

    .ci/readme.py <folder> <repository> [trait]

The repository is a folder, or the URL of a clone that has the tag 0.0.1. The README's manifest becomes the package's, and
programs become its targets. Every other block is a target too. A comment before a block says what its text leaves out:

    in a function                       statements, which get a reactor, a transport and the like: see FUNCTION
    in an async function                the same, with handles of reactors: see ASYNC
    in a function, with <module>        the same, which import that too
    in a test that was given data       statements of a test
    isolated to the main actor          a file of a module with that default
    not compiled: <why>                 left out
"""

import os
import re
import sys

ARTICLES = [
    "GettingStarted", "Connections", "Endpoints", "RunningAReactor", "FilesAndRelays", "Limits", "Timeouts", "Memory",
    "ReactorGroup", "Metrics", "Handover", "TLS", "Framing", "Clients", "Proxy", "Lifetime",
]

root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
folder = os.path.abspath(sys.argv[1])
repository = sys.argv[2]

ECHO = "final class Echo: Protocol {}\n"
FUNCTION = ECHO + """final class Web: Protocol {}
func slowSum(of count: Int) -> Int { count }

func block(
    reactor: Reactor, port: ListeningPort, transport: any Transport, options: inout ListenOptions, descriptor: Int32
) throws {
%s}
"""
ASYNC = """
func block(group: ReactorGroup, remote: ReactorRemote, otherRemote: ReactorRemote) async throws {
%s}
"""
TEST = "import Testing\n\n@Test func block() {\n    let array: [UInt8] = []\n    let data = array.span\n%s}\n"


def write(path, text):
    os.makedirs(os.path.dirname(f"{folder}/{path}"), exist_ok=True)
    with open(f"{folder}/{path}", "w") as out:
        out.write(text)


def read_blocks(page):
    with open(f"{root}/{page}") as file:
        return re.findall(r"(?:<!-- ([^\n]*) -->\n)?```swift\n(.*?)```\n", file.read(), re.S)


def make_target(name, place, code, page):
    """Writes a block's source, and returns the line of the manifest for its target."""
    kind, settings = "target", ""
    modules = sorted({"EventReactor", *re.findall(r"^import (EventReactor\w*)", code, re.M)})
    place, _, more = place.partition(", with ")
    if more.startswith("EventReactor"):
        modules.append(more)
    imports = "".join(f"import {module}\n" for module in sorted({*modules, *([more] if more else [])}))
    # What a block only makes counts as used.
    statements = re.sub(r"^import .*\n+", "", code, flags=re.M)
    statements += "".join(f"_ = {name}\n" for name in re.findall(r"^(?:let|var) (\w+)", code, re.M))
    if "@main" in code:
        kind, text = "executableTarget", code
        if "class Echo" not in code and "Echo()" in code:
            text += "\n" + ECHO
    elif place == "in a function":
        text = imports + "\n" + FUNCTION % statements
    elif place == "in an async function":
        text = imports + "\n" + ASYNC % statements
    elif place == "in a test that was given data":
        kind, text = "testTarget", "import EventReactor\n" + TEST % code
    elif place == "isolated to the main actor":
        settings, text = ", swiftSettings: [.defaultIsolation(MainActor.self)]", "import EventReactor\n\n" + code
    else:
        assert not place, f"{page} has a block {place!r}, which .ci/readme.py does not know"
        text = imports + "\n" + re.sub(r"^import EventReactor\w*\n+", "", code, flags=re.M)
    write(f"{'Tests' if kind == 'testTarget' else 'Sources'}/{name}/Block.swift", text)
    return (
        f'package.targets.append(.{kind}(name: "{name}", dependencies: ['
        + ", ".join(f'.product(name: "{module}", package: "swift-event-reactor")' for module in modules)
        + f"]{settings}))\n"
    )


# The README has the manifest and the server, and nothing else.
(_, manifest), (_, server) = sorted(read_blocks("README.md"), key=lambda block: "let package" not in block[1])
assert "@main" in server
write("Sources/my-server/Echo.swift", server)
with open(f"{root}/Examples/Echo/Echo.swift") as file:
    assert file.read().endswith(server), "README.md's server is not that of Examples/Echo"

targets, skipped = [], 0
for article in ARTICLES:
    page = f"Documentation/{article}.md"
    for number, (place, code) in enumerate(read_blocks(page), 1):
        if place.startswith("not compiled: "):
            skipped += 1
        else:
            targets.append(make_target(f"{article}{number}", place, code, page))

# Only where the package comes from, and what is asked of it, differ from what the README says.
origin = f'url: "{repository}", from: "0.0.1"' if "://" in repository else (
    f'name: "swift-event-reactor", path: "{os.path.abspath(repository)}"')
traits = f', traits: ["{sys.argv[3]}"]' if len(sys.argv) > 3 else ""
manifest, changed = re.subn(
    r'\.package\(url: "[^"]*/swift-event-reactor", from: "[^"]*"\)', f".package({origin}{traits})", manifest)
assert changed == 1
write("Package.swift", manifest + "\n" + "".join(targets))
print(f"README.md and {len(targets)} blocks of {len(ARTICLES)} articles, without {skipped} that are not compiled")
