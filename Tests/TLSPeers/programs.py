"""Programs that run in a terminal, and ways for a case to fail."""

import os
import pty
import re
import signal
import subprocess
import tempfile
import threading
import tty
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


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


def check(condition, message):
    if not condition:
        raise Failure(message)


class Program:
    """A program with a pipe to its input, and output through a terminal: so lines come as they are printed."""

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
