"""Bare sockets: peers without TLS, or with it only from a command on, and peers that are silent or gone."""

import socket
import ssl

from cases_python import VERSIONS, client_context, listen, read_all, refused, reset, server_context
from harness import case, check, check_alive, client, echo, example_client, server
from memory_tls import MemoryTLS


@case("python-start-tls")
def _():
    listener, port = listen()
    peer = client(port, "--start-tls", "--send=hello", "--until=5", "--text")
    plain = listener.accept()[0]
    plain.sendall(b"220 ready\r\n")
    check(plain.recv(100) == b"STARTTLS\r\n", "no command came")
    plain.sendall(b"220 go ahead\r\n")
    end = MemoryTLS(plain, server_context(), server_side=True)
    end.call(end.tls.do_handshake)
    check(end.call(end.tls.read, 100) == b"hello", "something else arrived")
    end.call(end.tls.write, b"HELLO")
    check(peer.finish() == 0 and "text: HELLO" in peer.text, "the client failed")


@case("python-start-tls-injection")
def _():
    listener, port = listen()
    peer = client(port, "--start-tls", "--send=hello", "--text")
    plain = listener.accept()[0]
    plain.sendall(b"220 ready\r\n")
    plain.recv(100)
    plain.sendall(b"220 go ahead\r\n250 injected\r\n")
    refused(peer, "lost: .*14 bytes followed")


@case("python-no-tls-server")
def _():
    listener, port = listen()
    for greeting in (b"220 localhost ESMTP\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", bytes(100), b"\x16" * 1000):
        peer = example_client(port, host="127.0.0.1")
        plain = listener.accept()[0]
        plain.sendall(greeting)
        refused(peer, "does not speak TLS")
        plain.close()


@case("python-no-tls-client")
def _():
    end = server()
    for greeting, words in [
            (b"GET / HTTP/1.1\r\n\r\n", "HTTP request"), (b"CONNECT a:1 HTTP/1.1\r\n\r\n", "CONNECT request"),
            (b"EHLO there\r\n", "speak TLS|handshake"), (bytes(100), "speak TLS|handshake"),
            (b"\xff" * 100, "speak TLS|handshake"), (b"SSH-2.0-OpenSSH_9.2\r\n", "speak TLS|handshake"),
            (bytes.fromhex("802e0100020015000000100100800200800300800400800500800600400700c0") + bytes(16),
             "speak TLS|handshake|protocol")]:  # The hello of SSL 2
        with socket.create_connection(("127.0.0.1", end.port)) as plain:
            plain.sendall(greeting)
            answer = read_all(plain)
            check(not answer or answer[0] == 21, f"the answer to {greeting[:10]} is {answer[:20]}")
        end.expect(f"lost: .*({words})")
    check_alive(end)


@case("python-address-of-a-failure")
def _():
    # A server has to be able to say whose handshake failed.
    end = echo()
    with socket.create_connection(("127.0.0.1", end.port)) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
        read_all(plain)
        end.expect(r"HTTP request without encryption")
        check(f"127.0.0.1:{plain.getsockname()[1]}: " in end.text, "the peer's address is missing")


@case("python-silence")
def _():
    listener, port = listen()
    peer = client(port, "--handshake-timeout=200")
    plain = listener.accept()[0]
    refused(peer, "not complete within")
    plain.close()
    end = server("--handshake-timeout=200")
    with socket.create_connection(("127.0.0.1", end.port)) as plain:
        read_all(plain)
        end.expect("lost: .*not complete within")
    with socket.create_connection(("127.0.0.1", end.port)) as plain:
        plain.sendall(bytes.fromhex("16030100ff010000fb0303"))
        read_all(plain)
        end.expect("lost: .*not complete within")
    check_alive(end)


@case("python-closed-in-the-handshake")
def _():
    end = server()
    hello = client_hello()
    for count in (0, 1, 4, 5, 6, 50, len(hello) - 1, len(hello)):
        for close in (lambda plain: plain.shutdown(socket.SHUT_WR), reset):
            plain = socket.create_connection(("127.0.0.1", end.port))
            plain.sendall(hello[:count])
            close(plain)
            if close is not reset:
                read_all(plain)
                plain.close()
            end.expect("lost: ")
    check("agreed" not in end.text, "a handshake was complete")
    check_alive(end)


def answer_to(end, data=b""):
    """What an end sends when it has read data, or first of all; the handshake need not be complete then."""
    end.input.write(data)
    try:
        end.tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return end.output.read()


def cuts(data):
    """Numbers of bytes after which a piece of a handshake is cut off."""
    return [0, 1, 4, 5, 6, len(data) // 2, len(data) - 1]


for label, version in VERSIONS.items():

    @case(f"python-client-stops-in-the-handshake-{label}")
    def _(version=version):
        end = server()
        for number in range(7):
            for close in (lambda plain: plain.shutdown(socket.SHUT_WR), reset):
                plain = socket.create_connection(("localhost", end.port))
                peer = MemoryTLS(plain, client_context(version), server_hostname="localhost")
                plain.sendall(answer_to(peer))
                second = b""
                while not second:
                    second = answer_to(peer, plain.recv(65536))
                plain.sendall(second[:cuts(second)[number]])
                close(plain)
                if close is not reset:
                    read_all(plain)
                    plain.close()
                end.expect("lost: .*(in the TLS handshake|reset|Broken pipe)")
        check("agreed" not in end.text, "a handshake was complete")
        check_alive(end)

    @case(f"python-server-stops-in-the-handshake-{label}")
    def _(version=version):
        listener, port = listen()
        for number in range(7):
            for close in (lambda plain: plain.close(), reset):
                peer = client(port)
                plain = listener.accept()[0]
                end = MemoryTLS(plain, server_context(version), server_side=True)
                flight = answer_to(end, plain.recv(65536))
                plain.sendall(flight[:cuts(flight)[number]])
                close(plain)
                refused(peer, "(in the TLS handshake|reset|Broken pipe)")


def client_hello():
    return answer_to(MemoryTLS(None, client_context(), server_hostname="localhost"))
