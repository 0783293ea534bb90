"""Clients and servers of TLS: certificates, what echoload is called with, and Python's clients for what counts
connections."""

import ssl
import subprocess
import sys
from dataclasses import dataclass, replace

from . import load
from .load import connect
from .processes import HarnessError
from .servers import PACKAGE

AES, CHACHA = "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"
AUTHORITY = PACKAGE / ".build" / "tls-authority"
HEADER, APPLICATION_DATA = 5, 23


@dataclass(frozen=True)
class Work:
    title: str
    size: int
    arguments: tuple  # of echoload
    key: str = "server"  # of the authority's identities
    connections: int = 64
    slice_seconds: float = 0.25


def echo(title, size, cipher=AES):
    return Work(title, size, ("--tls", "--cipher", cipher))


def handshake(title, key, *arguments):
    # Few at a time, and longer slices: those that a slice's ends cut through count in full or not at all.
    return Work(title, 1, ("--tls", "--work", "churn", *arguments), key, connections=8, slice_seconds=0.5)


def make_authority():
    subprocess.run([sys.executable, PACKAGE.parent / "Tests" / "TLSAuthority" / "make.py", AUTHORITY], check=True,
                   stdout=subprocess.DEVNULL)


def identified(spec, key="server"):
    """The server with a certificate."""
    names = ("--chain", str(AUTHORITY / f"{key}.pem"), "--key", str(AUTHORITY / f"{key}.key"))
    return replace(spec, arguments=spec.arguments + names)


def client_context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context


def secure(connection, context):
    """The handshake, and an echo: when it is back, the server has all of the handshake behind it."""
    connection = context.wrap_socket(connection)
    load.echo(connection, b"x")
    return connection


def first_hello(context):
    """What a client sends first."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        context.wrap_bio(incoming, outgoing).do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


class RecordClient:
    """A client that counts the records of the answers: OpenSSL works in memory, and this moves the bytes."""

    def __init__(self, port, context):
        self.socket = connect(port)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.object = context.wrap_bio(self.incoming, self.outgoing)
        self.received = bytearray()
        self.call(self.object.do_handshake)
        self.exchange([b"x"])  # tickets come with it

    def call(self, step):
        """Calls it until it wants to read no more."""
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                self.flush()
                part = self.socket.recv(1 << 18)
                if not part:
                    raise HarnessError("the server closed a connection") from None
                self.received += part
                self.incoming.write(part)

    def flush(self):
        if self.outgoing.pending:
            self.socket.sendall(self.outgoing.read())

    def exchange(self, pieces):
        """Sends each piece in a record of its own, all at once; the number of records in which they came back."""
        self.received.clear()
        for piece in pieces:
            self.object.write(piece)
        self.flush()
        expected, answer = b"".join(pieces), b""
        while len(answer) < len(expected):
            answer += self.call(lambda: self.object.read(1 << 18))
        if answer != expected:
            raise HarnessError("wrong bytes came back")
        count, at = 0, 0
        while at < len(self.received):
            count += self.received[at] == APPLICATION_DATA
            at += HEADER + int.from_bytes(self.received[at + 3 : at + HEADER], "big")
        return count

    def close(self):
        self.socket.close()
