"""An end of TLS in Python that says when records go out."""

import select
import ssl

from programs import check


class MemoryTLS:
    """Records in memory, and a socket: for half-closed connections, since Python's TLS sockets close both halves."""

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
