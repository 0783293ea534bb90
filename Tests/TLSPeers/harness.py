"""What the cases share: a table of them, files, and the library's ends."""

import re
import signal
import socket
import ssl
import tempfile
import time
import zlib
from pathlib import Path

from programs import HERE, ROOT, Failure, OutOfTime, Program, Setting, check  # noqa: F401

CASES = {}


def case(name, limit=10):
    """Adds a function to the cases; it fails by an exception."""

    def add(function):
        assert name not in CASES, name
        CASES[name] = (function, limit)
        return function

    return add


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
        self.listening = int(self.expect(r"listen(?:s|ing) at \S*:(\d+)\s")[1])

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
        except Failure as failure:
            reason = str(failure)
        except Exception as error:  # One case that is wrong does not end the others.
            reason = f"{type(error).__name__}: {error}"
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
