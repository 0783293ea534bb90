"""What the cases share: programs that run in a terminal, a table of cases, and ends of TLS in Python."""

import os
import pty
import re
import select
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import tty
import zlib
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CASES = {}


class Failure(Exception):
    """A case has not turned out as it has to."""


class OutOfTime(Exception):
    """A case took longer than its limit."""


class Setting:
    """Where things are; set by peers.py before the first case."""

    build = ROOT / ".build/release"
    tools = Path(tempfile.gettempdir()) / "swift-event-reactor-tls-peers"
    authority = Path()
    scratch = Path()


def case(name, limit=10):
    """Adds a function to the cases; it fails by an exception."""

    def add(function):
        assert name not in CASES, name
        CASES[name] = (function, limit)
        return function

    return add


def check(condition, message):
    if not condition:
        raise Failure(message)


class Program:
    """A program with a pipe to its input; its output comes through a terminal, so that lines come as they are printed."""

    running = []

    def __init__(self, *command, folder=None):
        self.command = [str(part) for part in command]
        self.output, terminal = pty.openpty()
        tty.setraw(terminal)  # Bytes come through as they are.
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=terminal, stderr=terminal, cwd=folder or Setting.scratch,
            start_new_session=True,  # So that what it starts can be ended with it.
            env=dict(os.environ, TERM="dumb", LC_ALL="C", SWIFT_BACKTRACE="enable=no"))
        os.close(terminal)
        self.data = bytearray()
        self.at = 0
        self.is_over = False
        self.changed = threading.Condition()
        # All the time, so that a program never waits for its output to be read.
        self.reader = threading.Thread(target=self.gather, daemon=True)
        self.reader.start()
        Program.running.append(self)

    @property
    def text(self):
        return bytes(self.data).decode(errors="replace")

    def gather(self):
        data = True
        while data:
            try:
                data = os.read(self.output, 65536)
            except OSError:  # Linux's way to say that the last holder of a terminal has gone.
                data = b""
            with self.changed:
                self.data += data
                self.is_over = not data
                self.changed.notify_all()

    def wait_for(self, condition, failure):
        """Waits for a condition of the output; returns what it gives."""
        with self.changed:
            while not (result := condition()):
                if self.is_over:
                    raise Failure(failure)
                self.changed.wait()
        return result

    def expect(self, pattern):
        """Waits for a match behind the last one that was waited for."""
        pattern = re.compile(pattern.encode())
        found = self.wait_for(
            lambda: pattern.search(bytes(self.data), self.at), f"no {pattern.pattern!r} in the output of {self.name}")
        self.at = found.end()
        return found

    def expect_bytes(self, count):
        """Waits for that much output behind the last match, and returns it."""
        self.wait_for(lambda: len(self.data) >= self.at + count, f"{self.name} gave less than {count} bytes")
        self.at += count
        return bytes(self.data[self.at - count:self.at])

    def say(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def exchange(self, data):
        """Sends data to the program while it reads the output, until as much has come out; returns that."""

        def send():
            try:
                self.process.stdin.write(data)
                self.process.stdin.flush()
            except OSError:
                pass  # What has not come back says enough.

        sender = threading.Thread(target=send, daemon=True)
        sender.start()
        got = self.expect_bytes(len(data))
        sender.join()
        return got

    def end(self):
        """Ends the input, reads the output to its end, and returns the status."""
        try:
            self.process.stdin.close()
        except OSError:
            pass
        return self.finish()

    def finish(self):
        """Reads the output to its end without ending the input, and returns the status."""
        with self.changed:
            while not self.is_over:
                self.changed.wait()
        return self.process.wait()

    def kill(self):
        Program.running.remove(self)
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.reader.join()
        try:
            self.process.stdin.close()
        except OSError:
            pass
        os.close(self.output)

    @property
    def name(self):
        return " ".join([Path(self.command[0]).name] + self.command[1:2])

    @property
    def port(self):
        """The TCP port that it listens at, for programs that do not print it."""
        while True:
            for port in listening_ports(self.process.pid):
                return port
            check(self.process.poll() is None, f"{self.name} ended")
            with self.changed:
                self.changed.wait(0.02)


def listening_ports(pid):
    """The ports of listening TCP sockets of a process, as Linux lists them."""
    inodes = set()
    try:
        for entry in os.scandir(f"/proc/{pid}/fd"):
            if found := re.match(r"socket:\[(\d+)\]", os.readlink(entry.path)):
                inodes.add(found[1])
    except OSError:
        return []
    ports = []
    for table in ("tcp", "tcp6"):
        with open(f"/proc/{pid}/net/{table}") as lines:
            for line in list(lines)[1:]:
                fields = line.split()
                if fields[3] == "0A" and fields[9] in inodes:
                    ports.append(int(fields[1].rsplit(":", 1)[1], 16))
    return ports


# MARK: Files


def file(name):
    """The path of a file of the test authority."""
    return Setting.authority / name


def scratch(name, content=None):
    """The path of a file of this case, with a content if one is given."""
    path = Setting.scratch / name
    if content is not None:
        path.write_bytes(content)
    return path


def pattern(count):
    """The bytes that TLSPeer sends: 0 to 250, again and again."""
    return (bytes(range(251)) * (count // 251 + 1))[:count]


def checksum(data):
    return f"{len(data)} bytes, checksum {zlib.crc32(data)}"


# MARK: The library's ends


class Server(Program):
    """A server of the library, once it listens."""

    def __init__(self, *command):
        super().__init__(*command)
        self.listening = int(self.expect(r"listening at \S*:(\d+)\s")[1])

    @property
    def port(self):
        return self.listening


def echo(identity="server"):
    """The example, as it is."""
    return Server(Setting.build / "TLSEcho", 0, file(f"{identity}.pem"), file(f"{identity}.key"))


def server(*options, identity="server"):
    """TLSPeer as a server."""
    return Server(
        Setting.build / "TLSPeer", "server", f"--cert={file(identity + '.pem')}", f"--key={file(identity + '.key')}",
        *options)


def example_client(port, host="localhost", trust="root.pem"):
    """The example, as it is."""
    return Program(Setting.build / "TLSClient", host, port, file(trust))


def client(port, *options, trust="root.pem"):
    """TLSPeer as a client."""
    return Program(Setting.build / "TLSPeer", "client", f"--port={port}", f"--trust={file(trust)}", *options)


def closed_well(end):
    """The library's end of a connection was lost as it should."""
    end.expect(r"lost: closed gracefully|lost: done|lost: .*clean")


# MARK: Ends in Python


def python_client(port, **settings):
    """A connection that is verified, by Python's ssl."""
    context = ssl.create_default_context(cafile=str(file("root.pem")))
    for name, value in settings.items():
        setattr(context, name, value)
    plain = socket.create_connection(("localhost", port), timeout=10)
    return context.wrap_socket(plain, server_hostname="localhost")


def check_alive(end):
    """A server still serves."""
    check(end.process.poll() is None, f"{end.name} has ended")
    with python_client(end.port) as connection:
        connection.sendall(b"are you there?")
        got = b""
        while len(got) < 14 and (data := connection.recv(100)):
            got += data
        check(got == b"are you there?", f"the server echoed {got!r}")


class MemoryTLS:
    """An end of TLS that says when records go out, for half-closed connections: Python's sockets close both halves."""

    def __init__(self, plain, context, **options):
        self.plain = plain
        self.input, self.output = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.input, self.output, **options)

    def flush(self):
        if data := self.output.read():
            self.plain.sendall(data)

    def call(self, function, *arguments):
        """Calls a function until it has had all that it wants to read."""
        while True:
            try:
                result = function(*arguments)
                self.flush()
                return result
            except ssl.SSLWantReadError:
                self.flush()
                data = self.plain.recv(65536)
                if data:
                    self.input.write(data)
                else:
                    self.input.write_eof()

    def close_half(self):
        """Sends close_notify, and does not wait for the peer's."""
        try:
            self.tls.unwrap()
        except ssl.SSLWantReadError:
            pass
        self.flush()

    def read_to_end(self):
        got = b""
        try:
            while data := self.call(self.tls.read, 65536):
                got += data
        except ssl.SSLZeroReturnError:  # In place of no bytes, if we have closed our half.
            pass
        return got

    def exchange(self, data):
        """Sends data while it reads, until as much has come back; returns that."""
        got, at = bytearray(), 0
        waiting = memoryview(b"")
        self.plain.setblocking(False)
        while len(got) < len(data):
            if not waiting and at < len(data):
                self.tls.write(data[at:at + 65536])
                at += 65536
                waiting = memoryview(self.output.read())
            readable, writable, _ = select.select([self.plain], [self.plain] if waiting else [], [])
            if writable:
                waiting = waiting[self.plain.send(waiting):]
            if readable:
                piece = self.plain.recv(65536)
                check(piece, f"{len(got)} bytes of {len(data)} came back")
                self.input.write(piece)
                try:
                    while True:
                        got += self.tls.read(65536)
                except ssl.SSLWantReadError:
                    pass
        self.plain.setblocking(True)
        return bytes(got)


# MARK: Running


def out_of_time(signum, frame):
    raise OutOfTime()


def run(name):
    """Runs a case; returns the reason why it failed, or None, and how long it took."""
    function, limit = CASES[name]
    begin = time.monotonic()
    reason = None
    Program.running.clear()
    with tempfile.TemporaryDirectory(prefix="tls-peers-") as folder:
        Setting.scratch = Path(folder)
        signal.signal(signal.SIGALRM, out_of_time)
        signal.setitimer(signal.ITIMER_REAL, limit)
        try:
            function()
        except OutOfTime:
            reason = f"not over within {limit} s"
        except (Failure, OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
            reason = str(error) or type(error).__name__
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            programs = list(Program.running)
            for program in programs:
                program.kill()
    if reason:
        for program in programs:
            tail = re.sub(r"[^\n -~]", "?", program.text[-1500:].replace("\r", "")).strip()
            reason += f"\n    {' '.join(program.command)}\n        | " + tail.replace("\n", "\n        | ")
    return reason, time.monotonic() - begin
