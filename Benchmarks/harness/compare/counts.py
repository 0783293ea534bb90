"""What noise does not touch: memory a connection, system calls and instructions a message."""

from ..measurements import instructions, memory, syscalls
from ..processes import HarnessError


def attempt(bench, spec, what, measure):
    try:
        return measure()
    except (HarnessError, OSError, ValueError, ZeroDivisionError, AttributeError) as error:
        reason = str(error).strip().splitlines()[0].rstrip(":")
        bench.report.note(f"FLAG  {what} of {spec.name} could not be counted: {reason}")
        return None


def memory_of(bench, specs, progress, seconds):
    count, rows = min(4000 if bench.quick else 18_000, bench.descriptor_limit - 200), []
    for spec in specs:
        progress.tell(f"memory of {count:,} connections: {spec.name}")
        of = min(count, (bench.descriptor_limit - 200) // spec.descriptors)
        figures = attempt(bench, spec, f"memory of {of:,} connections", lambda: memory.measure(bench, spec, of))
        progress.add(seconds)
        if figures:
            rows.append({"server": spec.name, "connections": of,
                         **dict(zip(("baseline", "left", "released", "idle", "used"), figures))})
    return {"connections": count, "rows": rows}


def syscalls_of(bench, specs, progress, seconds):
    rows = []
    for spec in specs:
        progress.tell(f"system calls a message: {spec.name}")
        for size in (64, 16 * 1024):
            counted = attempt(bench, spec, "system calls", lambda: syscalls.busy_second(bench, spec, size))
            if counted:
                calls, messages = counted
                kinds = syscalls.by_kind(calls, messages)
                rows.append({"server": spec.name, "size": size, "messages": messages, **kinds,
                             "all": sum(calls.values()) / messages})
        progress.add(seconds)
    return rows


def instructions_of(bench, specs, progress, seconds):
    rows = []
    for spec in specs:
        progress.tell(f"instructions a message: {spec.name}")
        each = attempt(bench, spec, "instructions", lambda: instructions.per_message(bench, spec, 64))
        progress.add(seconds)
        if each:
            rows.append({"server": spec.name, "size": 64, "instructions": each})
    return rows
