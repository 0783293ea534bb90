"""One server on one port with more descriptors than a process may have: several processes over which the kernel
spreads the callers, or one whose threads have tables of their own."""

import os
from contextlib import ExitStack
from pathlib import Path

from .processes import HarnessError, Server, stop

# The servers that know --reuse-port, and those that know --reactors and --private-tables.
SHARE_A_PORT = {"c-epoll", "reactor", "native", "reactor-bufferevent"}
MANY_TABLES = {"group"}


def can_be_many(bench, names):
    """Those of the servers by these names of which a fleet can be made."""
    able = SHARE_A_PORT | MANY_TABLES
    return [bench.known[name] for name in names if name in bench.known and name in able]


class Fleet:
    """Where processors are given, each process has one of them, in turn."""

    def __init__(self, bench, spec, count, cpus=None):
        self.bench, self.spec, self.count, self.cpus = bench, spec, count, cpus

    def __enter__(self):
        self.port, self.servers = 0, []
        with ExitStack() as stack:
            in_one = self.spec.name in MANY_TABLES
            arguments = ("--reactors", self.count, "--private-tables") if in_one else ("--reuse-port", "on")
            for number in range(1 if in_one else self.count):
                cpus = self.cpus if in_one or not self.cpus else [self.cpus[number % len(self.cpus)]]
                server = Server(self.spec, self.bench.binaries, cpus, port=self.port, arguments=arguments)
                self.servers.append(stack.enter_context(server))
                self.port = server.port
            stack.pop_all()  # from here on __exit__ ends them
        return self

    def __exit__(self, *_):
        ended = [server for server in self.servers if server.process.poll() is not None]
        complaints = "".join(server.complaint() for server in ended)
        # All are told before any is waited for: closing tens of thousands of connections takes each its time.
        for server in self.servers:
            if server.process.poll() is None:
                server.process.terminate()
        for server in self.servers:
            stop(server.process, patience=20)
            server.process.stdout.close()
            server.errors.close()
        if ended:
            raise HarnessError(f"{len(ended)} of {self.count} {self.spec.name} ended by themselves{complaints}")

    def private_bytes(self):
        return sum(server.private_bytes() for server in self.servers)

    def descriptor_counts(self):
        """Of each table. What threads with a table in common hold is counted for each, which a difference hides."""
        if self.spec.name not in MANY_TABLES:
            return [open_descriptors(f"/proc/{server.pid}/fd") for server in self.servers]
        return [open_descriptors(task / "fd") for server in self.servers
                for task in Path(f"/proc/{server.pid}/task").iterdir()]

    def waited_seconds(self):
        """Ready to run, with the processor given to others."""
        tasks = (task for server in self.servers for task in Path(f"/proc/{server.pid}/task").iterdir())
        return sum(int((task / "schedstat").read_text().split()[1]) for task in tasks) / 1e9


def open_descriptors(folder):
    """The size of the folder is their count, from Linux 6.2 on, and costs nothing to read."""
    return os.stat(folder).st_size or len(os.listdir(folder))
