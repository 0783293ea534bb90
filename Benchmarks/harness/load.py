"""The two kinds of clients: echoload for throughput, plain Python sockets for everything that counts connections."""

import json
import select
import socket
import struct
import subprocess
import tempfile
import time
from pathlib import Path

from .processes import HarnessError, read_line, spawn, stolen_seconds, stop

RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # struct linger: on, zero seconds


class Load:
    """echoload, connected and warmed up, standing still until `measure()` is called."""

    def __init__(self, server, binaries, cpus, size, connections=64, threads=1, seconds=1.0, warmup=0.3, spin=True,
                 arguments=()):
        self.server, self.cpus, self.threads = server, cpus, threads
        self.seconds, self.warmup = seconds, warmup
        self.command = [Path(binaries) / "echoload", "--hold", "--json", "--port", server.port,
                        "--server-pid", server.pid, "--size", size, "--connections", connections,
                        "--threads", threads, "--seconds", seconds, "--warmup", warmup,
                        *(["--spin"] if spin else []), *arguments]

    def __enter__(self):
        return self.launch().wait()

    def launch(self):
        """Starts it, so that several can connect at once; `wait()` has to follow."""
        self.errors = tempfile.TemporaryFile()
        self.process = spawn(self.command, self.cpus, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=self.errors, bufsize=0)
        return self

    def wait(self):
        """Until it is connected and warm."""
        try:
            self.messages = int(self._line(self.warmup).removeprefix("ready "))
        except BaseException:
            stop(self.process)
            raise
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            stop(self.process)
        self.process.stdout.close()
        self.errors.close()

    def _line(self, seconds):
        try:
            return read_line(self.process, self.process.stdout, seconds + 45, f"echoload at {self.server.spec.name}")
        except HarnessError as error:
            self.errors.seek(0)
            raise HarnessError(f"{error} {self.errors.read().decode(errors='replace').strip()}") from None

    def measure(self):
        """One measurement. `exchanged` counts all messages between standing still and standing still again; the other
        figures are of the time in which all connections were busy. `disturbance` is the share of processor time that
        server and clients wanted and others got."""
        processors = {*self.server.cpus, *self.cpus}
        stolen = stolen_seconds(processors)
        try:
            self.process.stdin.write(b"\n")
        except BrokenPipeError:
            pass  # it has ended, and the next line says why
        figures = json.loads(self._line(self.seconds))
        figures["exchanged"] = figures["total_messages"] - self.messages
        self.messages = figures["total_messages"]
        # A server's threads wait for one another too, on their processors; that is no disturbance.
        idle = max(0.0, figures["seconds"] * len(self.server.cpus) - figures["server_ran"])
        figures["server_waited"] = min(figures["server_waited"], idle)
        figures["stolen"] = stolen_seconds(processors) - stolen
        lost = figures["server_waited"] + figures["load_waited"] + figures["stolen"]
        figures["disturbance"] = lost / (figures["seconds"] * (1 + self.threads))
        return figures


def connect(port, patience=5.0):
    connection = socket.create_connection(("127.0.0.1", port), timeout=patience)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def reset(connection):
    """Closes with a reset: nothing lingers in TIME_WAIT, so many thousand in turn do not run out of ports."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    connection.close()


def receive_exactly(connection, count):
    received = b""
    while len(received) < count:
        part = connection.recv(count - len(received))
        if not part:
            raise HarnessError("the server closed a connection")
        received += part
    return received


def echo(connection, message):
    connection.sendall(message)
    if receive_exactly(connection, len(message)) != message:
        raise HarnessError("wrong bytes came back")


def answers(connections, message, patience):
    """Sends a message on each and says which have echoed it, and which are closed, by the end of patience."""
    received, closed = {connection: b"" for connection in connections}, set()
    for connection in connections:
        connection.setblocking(False)
        try:
            connection.send(message)
        except OSError:
            closed.add(connection)
    open_ones = set(connections) - closed
    poll = select.poll()
    by_descriptor = {connection.fileno(): connection for connection in open_ones}
    for descriptor in by_descriptor:
        poll.register(descriptor, select.POLLIN)
    deadline, served = time.monotonic() + patience, set()
    while by_descriptor and (left := deadline - time.monotonic()) > 0:
        for descriptor, _ in poll.poll(left * 1000):
            connection = by_descriptor[descriptor]
            try:
                part = connection.recv(65536)
            except OSError:
                part = b""
            received[connection] += part
            done = len(received[connection]) >= len(message)
            if done or not part:
                poll.unregister(descriptor)
                del by_descriptor[descriptor]
                if done and received[connection] == message:
                    served.add(connection)
                else:
                    closed.add(connection)
    return served, closed
