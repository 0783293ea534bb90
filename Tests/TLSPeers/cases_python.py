"""Python's ssl and bare sockets, for what no command does: half-closed connections, and ends cut off."""

import re
import socket
import ssl
import struct

from harness import case, check, check_alive, checksum, client, echo, file, pattern, python_client, server
from memory_tls import MemoryTLS

VERSIONS = {"tls1_2": ssl.TLSVersion.TLSv1_2, "tls1_3": ssl.TLSVersion.TLSv1_3}
BIG = 8 << 20


def client_context(version=None):
    context = ssl.create_default_context(cafile=str(file("root.pem")))
    if version:
        context.minimum_version = context.maximum_version = version
    return context


def server_context(version=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file("server.pem"), file("server.key"))
    if version:
        context.minimum_version = context.maximum_version = version
    return context


def connect(port, version=None):
    """A client with a handshake behind it that may close its halves one by one."""
    plain = socket.create_connection(("localhost", port))
    end = MemoryTLS(plain, client_context(version), server_hostname="localhost")
    end.call(end.tls.do_handshake)
    return end


def listen():
    listener = socket.create_server(("127.0.0.1", 0))
    return listener, listener.getsockname()[1]


def accept(listener, version=None):
    """A server's end, with a handshake behind it."""
    end = MemoryTLS(listener.accept()[0], server_context(version), server_side=True)
    end.call(end.tls.do_handshake)
    return end


def reset(plain):
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    plain.close()


def read_all(plain):
    """Bytes to the end; a reset is one."""
    got = b""
    try:
        while data := plain.recv(65536):
            got += data
    except ConnectionResetError:
        pass
    return got


def refused(peer, words):
    status = peer.finish()
    check(re.search(words, peer.text), f"the client does not say {words!r}")
    check(status == 1, f"the client ended with {status}")


for label, version in VERSIONS.items():

    @case(f"python-half-close-of-a-client-{label}")
    def _(version=version):
        end = server("--serve=count")
        data = pattern(1 << 20)
        peer = connect(end.port, version)
        peer.call(peer.tls.write, data)
        peer.close_half()
        answer = peer.read_to_end()
        check(answer.decode().strip() == checksum(data).replace(" bytes, checksum", ""), f"the answer is {answer}")
        end.expect(f"end of input: {checksum(data)}")
        end.expect("lost: .*in order")

    @case(f"python-half-close-with-shutdown-{label}")
    def _(version=version):
        end = server("--serve=count")
        peer = connect(end.port, version)
        peer.call(peer.tls.write, b"hello")
        peer.close_half()
        peer.plain.shutdown(socket.SHUT_WR)
        check(peer.read_to_end().startswith(b"5 "), "there is no answer")
        end.expect("lost: .*in order")

    @case(f"python-half-close-of-a-server-{label}")
    def _(version=version):
        listener, port = listen()
        peer = client(port, f"--send-bytes={1 << 20}", "--half-close")
        end = accept(listener, version)
        check(end.read_to_end() == pattern(1 << 20), "other bytes arrived")
        answer = pattern(BIG)
        for at in range(0, len(answer), 65536):
            end.call(end.tls.write, answer[at:at + 65536])
        end.close_half()
        check(peer.finish() == 0, "the client failed")
        check(f"received: {checksum(answer)}" in peer.text, "the client received something else")

    @case(f"python-server-closes-first-{label}")
    def _(version=version):
        listener, port = listen()
        peer = client(port, "--send=hello")
        end = accept(listener, version)
        check(end.call(end.tls.read, 100) == b"hello", "something else arrived")
        end.call(end.tls.write, b"good bye")
        end.close_half()
        check(end.read_to_end() == b"", "more arrived")
        check(read_all(end.plain) == b"", "bytes follow close_notify")
        check(peer.finish() == 0 and "received: 8 bytes" in peer.text, "the client failed")

    @case(f"python-cut-off-{label}")
    def _(version=version):
        end = server()
        peer = connect(end.port, version)
        peer.call(peer.tls.write, b"hello")
        check(peer.call(peer.tls.read, 100) == b"hello", "no echo")
        peer.plain.shutdown(socket.SHUT_WR)
        read_all(peer.plain)
        end.expect("lost: .*close_notify")
        peer = connect(end.port, version)
        reset(peer.plain)
        end.expect("lost: ")
        check_alive(end)

    @case(f"python-server-cuts-off-{label}")
    def _(version=version):
        listener, port = listen()
        for close in (lambda plain: plain.close(), reset):
            peer = client(port, "--send=hello")
            end = accept(listener, version)
            check(end.call(end.tls.read, 100) == b"hello", "something else arrived")
            end.call(end.tls.write, b"half of")
            peer.expect("agreed")
            close(end.plain)
            refused(peer, "lost: .*(close_notify|reset)")

    @case(f"python-close-while-data-arrives-{label}")
    def _(version=version):
        # The client has had enough, and the server never reads its close_notify.
        listener, port = listen()
        peer = client(port, "--send=hello", "--until=100000")
        end = accept(listener, version)
        try:
            while True:
                end.tls.write(bytes(16384))
                end.flush()
        except OSError:
            pass
        check(peer.finish() == 0, "the client failed")

    @case(f"python-big-both-ways-{label}")
    def _(version=version):
        data = pattern(BIG)
        for end in (echo(), server()):
            peer = connect(end.port, version)
            check(peer.exchange(data) == data, "other bytes came back")

    @case(f"python-close-at-once-{label}")
    def _(version=version):
        # The peer does not wait for our close_notify, as RFC 8446 allows: the kernel answers it with a reset.
        end = server()
        for _ in range(100):
            peer = connect(end.port, version)
            peer.call(peer.tls.write, b"hello")
            check(peer.call(peer.tls.read, 100) == b"hello", "no echo")
            peer.close_half()
            peer.plain.close()
            end.expect("lost: .*")
        reasons = re.findall("lost: (.*)", end.text)
        resets = sum("in order" not in reason for reason in reasons)
        check(not resets, f"{resets} of {len(reasons)} connections were not lost in order")

    @case(f"python-server-closes-at-once-{label}")
    def _(version=version):
        listener, port = listen()
        peer = client(port, "--send=hello", "--times=100")
        for number in range(100):
            end = accept(listener, version)
            check(end.call(end.tls.read, 100) == b"hello", "something else arrived")
            end.close_half()
            end.plain.close()
            reason = peer.expect("lost: (.*)")[1].decode()
            check("in order" in reason, f"connection {number + 1}: {reason}")

    @case(f"python-close_notify-in-one-packet-{label}")
    def _(version=version):
        # The last data, close_notify and the end of the stream arrive together.
        end = server("--serve=count")
        peer = connect(end.port, version)
        peer.tls.write(pattern(100_000))
        try:
            peer.tls.unwrap()
        except ssl.SSLWantReadError:
            pass
        peer.plain.sendall(peer.output.read())
        peer.plain.shutdown(socket.SHUT_WR)
        end.expect(f"end of input: {checksum(pattern(100_000))}")
        end.expect("lost: .*in order")


@case("python-byte-by-byte")
def _():
    end = server()
    for version in VERSIONS.values():
        plain = socket.create_connection(("localhost", end.port))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer = MemoryTLS(plain, client_context(version), server_hostname="localhost")

        def flush():
            for byte in peer.output.read():
                plain.sendall(bytes([byte]))

        peer.flush = flush
        peer.call(peer.tls.do_handshake)
        peer.call(peer.tls.write, b"hello there")
        check(peer.call(peer.tls.read, 100) == b"hello there", "no echo")
        plain.close()
        end.expect("agreed")


@case("python-many-at-once")
def _():
    end = echo()
    ends = [python_client(end.port) for _ in range(200)]
    for number, peer in enumerate(ends):
        peer.sendall(b"hello %d" % number)
    for number, peer in enumerate(ends):
        check(peer.recv(100) == b"hello %d" % number, "another echo")
        peer.close()
    check_alive(end)
