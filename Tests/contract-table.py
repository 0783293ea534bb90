#!/usr/bin/env python3
"""Writes Documentation/Contract.md: which line of the contract holds on which reactor and transport.

    ./test --event-stream-output-path run.jsonl --event-stream-version 0
    Tests/contract-table.py run.jsonl            writes the page from that run
    Tests/contract-table.py --check run.jsonl    fails, with the difference, if the page is not the run's

Tests of the contract begin with `lineNN`. The page has no number that differs from run to run or machine to machine.
"""

import difflib
import json
import re
import sys
from collections import defaultdict
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "Documentation" / "Contract.md"
LINES = HERE / "contract-lines.txt"

TRANSPORTS = {"TCP over IPv4": "tcp", "TCP over IPv6": "tcp", "UNIX stream": "unix", "simulated stream": "simulated",
              "TLS": "tls", "startTLS": "tls"}
COLUMNS = [("libevent", transport, movement)
           for transport in list(TRANSPORTS)[:3] for movement in ("direct", "bufferevent")]
COLUMNS += [("native", transport, "direct") for transport in list(TRANSPORTS)[:3]]
COLUMNS += [("simulated", "simulated stream", "direct")]
COLUMNS += [(engine, transport, "direct") for engine in ("libevent", "native", "simulated")
            for transport in ("TLS", "startTLS")]
HEADINGS = [f"libevent {name}{kind}" for name in ("IPv4", "IPv6", "UNIX") for kind in ("", " buffered")]
HEADINGS += ["native IPv4", "native IPv6", "native UNIX", "simulated"]
HEADINGS += [f"{engine} {name}" for engine in ("libevent", "native", "simulated") for name in ("TLS", "startTLS")]
# What a test runs on that runs once a reactor.
FIRST = {column for column in COLUMNS if column[1] in ("TCP over IPv4", "simulated stream") and column[2] == "direct"}

INTRODUCTION = """\
# The contract, and where it holds

Every promise of a reactor, on every transport. This page is written by `Tests/contract-table.py` from a run of the
tests, and CI checks that it is what its own run gives. The lines that are left out here are about UDP, which
the library does not have, and the PROXY protocol, whose tests are in `Tests/EventReactorProtocolsTests/Proxy`.

A number is how many tests of the line passed on that reactor and transport; most of them run with several arguments
each. Columns are the reactor on libevent (`Reactor`), with `buffered` for `buffering: .bufferevent`, `NativeReactor`
and `SimulatedReactor`. `TLS` and `startTLS` run over its first transport: all tests but those of the socket below, and
those whose peer speaks in the clear.

- `·`: the line is the reactor's own, or is the same however bytes are moved: its tests run once for each reactor or
  transport, in the columns that have numbers.
- A letter: not every test of the line can run there; the reason is below the table. `–` with a letter: none can.
"""


def fail(message):
    sys.exit(f"contract-table: {message}")


def read_lines():
    """The sentence of each line, and the reasons by line and cell."""
    sentences, reasons = {}, defaultdict(dict)
    for line in LINES.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        key, text = line.split(" | ", 1)
        number, _, cell = key.partition(" ")
        if cell:
            reasons[int(number)][cell] = text
        else:
            sentences[int(number)] = text
    return sentences, reasons


def column_of(name):
    """The column that a case ran in, by the description of its setting; None where it names none."""
    return next((column for column in COLUMNS if re.match(re.escape(", ".join(column)) + "(,|$)", name)), None)


def read_run(path):
    """The columns of each test of the contract, by line and name, and what failed."""
    cases, ended, failed = defaultdict(set), set(), set()
    with open(path, errors="replace") as records:
        for record in records:
            record = json.loads(record)
            payload = record["payload"]
            test = payload.get("testID", "")
            found = re.search(r"/line(\d\d)(\w+)", test)
            if record["kind"] != "event" or not found:
                continue
            test = int(found[1]), found[2]
            case = column_of((payload.get("_testCase") or {}).get("displayName", ""))
            if payload["kind"] == "testCaseEnded":
                cases[test].add(case)
            elif payload["kind"] == "testEnded":
                ended.add(test)
            elif payload["kind"] == "issueRecorded" and not payload["issue"].get("isKnown"):
                failed.add(f"line {test[0]}: {test[1]} on {', '.join(case) if case else 'all'}")
    if not ended:
        fail(f"{path} has no test of the contract: was it written by `swift test --event-stream-version 0`?")
    failed |= {f"line {test[0]}: {test[1]} did not end" for test in cases if test not in ended}
    lines = defaultdict(dict)
    for test, columns in cases.items():
        # A test that has no setting goes through all of them by itself.
        lines[test[0]][test[1]] = set(COLUMNS) if None in columns else columns
    return lines, failed


def is_due(tests, column):
    """Whether a test of the line is missing from a column for a reason that somebody has to give."""
    if TRANSPORTS[column[1]] == "tls":
        # What concerns the socket below, or needs a peer in the clear, is tested in the columns without TLS.
        return False
    for columns in tests.values():
        if column in columns:
            continue
        engines = {engine for engine, _, _ in columns}
        if columns <= FIRST:
            # Once a reactor: due in the first column of each.
            due = column in FIRST
        elif {TRANSPORTS[transport] for _, transport, _ in columns} == {"unix"}:
            due = True
        elif any(movement == "bufferevent" for _, _, movement in columns):
            due = True
        else:
            # Once a transport.
            due = column[2] == "direct"
        if due or column[0] not in engines:
            return True
    return False


def reason_for(reasons, column):
    for cell in (", ".join(column), column[0], TRANSPORTS[column[1]]):
        if cell in reasons:
            return cell
    return None


def make_page(lines, sentences, all_reasons):
    rows, notes = [], []
    missing, used = [], set()
    for number, sentence in sorted(sentences.items()):
        tests = lines.get(number, {})
        if not tests:
            missing.append(f"line {number} has no test")
        cells, letters = [], {}
        for column in COLUMNS:
            count = sum(column in columns for columns in tests.values())
            if not is_due(tests, column):
                cells.append(str(count or "·"))
                continue
            cell = reason_for(all_reasons[number], column)
            if cell is None:
                without = sorted(name for name, columns in tests.items() if column not in columns)
                missing.append(f"line {number} on {', '.join(column)}: no reason for the lack of {', '.join(without)}")
                continue
            used.add((number, cell))
            if cell not in letters:
                letters[cell] = f"{number}{'abcdefgh'[len(letters)]}"
                notes.append(f"- **{letters[cell]}** {all_reasons[number][cell]}")
            cells.append(f"{count or '–'} {letters[cell][-1]}")
        rows.append(f"| {number} | {sentence} | {len(tests)} | {' | '.join(cells)} |")
    missing += [f"line {number} is not in {LINES.name}" for number in sorted(set(lines) - set(sentences))]
    missing += [f"line {number}: the reason for {cell!r} is none's any more"
                for number, reasons in sorted(all_reasons.items()) for cell in reasons if (number, cell) not in used]
    if missing:
        fail("\n".join(["the table has holes:"] + missing))
    head = ["|  | the line | tests | " + " | ".join(HEADINGS) + " |",
            "| --: | --- | --: |" + " --: |" * len(COLUMNS)]
    return "\n".join([INTRODUCTION] + head + rows + ["", "## Reasons", ""] + notes) + "\n"


def main():
    arguments = sys.argv[1:]
    check = "--check" in arguments
    paths = [argument for argument in arguments if argument != "--check"]
    if len(paths) != 1:
        sys.exit(__doc__)
    lines, failed = read_run(paths[0])
    if failed:
        fail("\n".join(["the contract does not hold:"] + sorted(failed)))
    page = make_page(lines, *read_lines())
    if not check:
        PAGE.write_text(page)
        return
    committed = PAGE.read_text() if PAGE.exists() else ""
    if committed != page:
        sys.stdout.writelines(difflib.unified_diff(
            committed.splitlines(True), page.splitlines(True), "Documentation/Contract.md", "this run"))
        fail("Documentation/Contract.md is not current. Write it again, as Tests/contract-table.py says.")
    print("Documentation/Contract.md is what this run gives.")


main()
