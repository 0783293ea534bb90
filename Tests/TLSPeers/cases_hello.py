"""Hellos that no library makes: too long, in too many pieces, or with something wrong in them."""

import os
import random
import re
import socket
import struct

from harness import case, check, check_alive, server

X25519 = bytes([9] + [0] * 31)  # A point that any client may send.
ALERTS = {10: "unexpected_message", 22: "record_overflow", 40: "handshake_failure", 47: "illegal_parameter",
          50: "decode_error", 70: "protocol_version", 80: "internal_error", 109: "missing_extension",
          110: "unsupported_extension", 112: "unrecognized_name"}
ANY = "|".join(ALERTS.values())


def block(data, size=2):
    return len(data).to_bytes(size, "big") + data


def extension(kind, data):
    return struct.pack("!H", kind) + block(data)


def server_name(*names):
    return extension(0, block(b"".join(b"\0" + block(name) for name in names)))


VERSIONS = extension(43, block(b"\x03\x04", 1))
GROUPS = extension(10, block(b"\x00\x1d"))
SIGNATURES = extension(13, block(b"\x04\x03\x08\x04\x04\x01"))


def share(key):
    return extension(51, block(b"\x00\x1d" + block(key)))


SHARE = share(X25519)
GOOD = VERSIONS + GROUPS + SIGNATURES + SHARE


def hello(extensions=GOOD, suites=b"\x13\x01", compression=b"\0", session=b"", version=b"\x03\x03", more=b""):
    """The message; its parts can be wrong."""
    body = (version + os.urandom(32) + block(session, 1) + block(suites) + block(compression, 1) +
            (block(extensions) if extensions is not None else b"") + more)
    return b"\x01" + block(body, 3)


def records(message, size=16384, version=b"\x03\x01"):
    return b"".join(b"\x16" + version + block(message[at:at + size]) for at in range(0, len(message), size))


def answer(data):
    """What the server sends first: `hello`, an alert's name, or nothing."""
    end = server()
    with socket.create_connection(("127.0.0.1", end.port)) as plain:
        try:
            plain.sendall(data)
            plain.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        got = b""
        try:
            while len(got) < 7 and (data := plain.recv(1000)):
                got += data
        except ConnectionResetError:
            pass
    end.expect("lost: ")
    check("agreed" not in end.text, "the handshake was complete")
    check_alive(end)
    if not got:
        return "nothing"
    return "hello" if got[0] == 22 else ALERTS.get(got[6], f"alert {got[6]}")


GREASE = b"\x0a\x0a"
PADDING = 21
HELLOS = {
    "good": (hello(), "hello"),
    "grease": (hello(extension(0x0A0A, b"") + extension(43, block(GREASE + b"\x03\x04", 1)) +
                     extension(10, block(GREASE + b"\x00\x1d")) + SIGNATURES +
                     extension(51, block(GREASE + block(b"\0") + b"\x00\x1d" + block(X25519))),
                     suites=GREASE + b"\x13\x01"), "hello"),
    "unknown-extensions": (hello(b"".join(extension(0xF000 + number, bytes(100)) for number in range(200)) + GOOD),
                           "hello"),
    "without-key-share": (hello(VERSIONS + GROUPS + SIGNATURES), "missing_extension|illegal_parameter|hello"),
    "second-hello-needed": (hello(VERSIONS + extension(10, block(b"\x00\x18\x00\x1d")) + SIGNATURES + extension(
        51, block(b""))), "hello"),
    "without-groups": (hello(VERSIONS + SIGNATURES + SHARE), "missing_extension|illegal_parameter"),
    "without-signatures": (hello(VERSIONS + GROUPS + SHARE), "missing_extension|handshake_failure"),
    "without-extensions": (hello(b""), ANY),
    "without-extensions-field": (hello(None), ANY),
    "without-suites": (hello(suites=b""), ANY),
    "odd-suites": (hello(suites=b"\x13"), "decode_error|illegal_parameter"),
    "without-compression": (hello(compression=b""), "decode_error|illegal_parameter"),
    "other-compression": (hello(compression=b"\x01"), "illegal_parameter|decode_error"),
    "session-of-33-bytes": (hello(session=bytes(33)), "decode_error|illegal_parameter"),
    "bytes-behind": (hello(more=b"more"), "decode_error"),
    "same-extension-twice": (hello(GOOD + VERSIONS), "illegal_parameter|decode_error"),
    "extension-too-long": (hello(GOOD + b"\x12\x34\xff\xff"), "decode_error"),
    "old-versions-only": (hello(extension(43, block(b"\x03\x01\x03\x02", 1)) + GROUPS + SIGNATURES + SHARE),
                          "protocol_version"),
    "unknown-version-only": (hello(extension(43, block(b"\x03\x09", 1)) + GROUPS + SIGNATURES + SHARE),
                             "protocol_version"),
    "legacy-version-0": (hello(version=b"\0\0"), "protocol_version|hello"),
    "legacy-version-of-the-future": (hello(version=b"\x7f\x7f"), "hello|protocol_version"),
    "name-with-nul": (hello(server_name(b"local\0host") + GOOD), "unrecognized_name|illegal_parameter|decode_error"),
    "empty-name": (hello(server_name(b"") + GOOD), f"{ANY}|hello"),
    "two-names": (hello(server_name(b"a.test", b"b.test") + GOOD), f"{ANY}|hello"),
    "name-of-256-bytes": (hello(server_name(b"a" * 256) + GOOD), "unrecognized_name|illegal_parameter"),
    "empty-alpn": (hello(extension(16, block(b"")) + GOOD), "decode_error|illegal_parameter"),
    "alpn-with-empty-name": (hello(extension(16, block(b"\0")) + GOOD), "decode_error|illegal_parameter"),
    "alpn-too-long": (hello(extension(16, block(b"\x05h2")) + GOOD), "decode_error|illegal_parameter"),
    "share-of-zeros": (hello(VERSIONS + GROUPS + SIGNATURES + share(bytes(32))), ANY),
    "share-of-31-bytes": (hello(VERSIONS + GROUPS + SIGNATURES + share(X25519[:31])), ANY),
    "length-beyond": (b"\x01\x00\x01\x00" + hello()[4:], "nothing"),
    "length-16-MiB": (b"\x01\xff\xff\xff" + hello()[4:], "illegal_parameter|decode_error|internal_error"),
    "giant": (hello(GOOD + extension(PADDING, bytes(60000))), "hello"),
    "largest": (hello(GOOD + extension(PADDING, bytes(65535 - len(GOOD) - 4)), session=bytes(32),
                      suites=b"\x13\x01" * 32000), "hello"),
    "other-message": (b"\x02" + hello()[1:], "unexpected_message"),
    "ticket-message": (b"\x04" + block(bytes(100), 3), "unexpected_message"),
}

for name, (message, wanted) in HELLOS.items():

    @case(f"hello-{name}")
    def _(message=message, wanted=wanted):
        # The sizes of records change nothing; but of 100 bytes a large one would be more than a handshake may have.
        for size in (16384, 100) if len(message) < 50_000 else (16384,):
            got = answer(records(message, size))
            check(re.fullmatch(wanted, got), f"the answer is {got}, not {wanted}")


@case("hello-records")
def _():
    good = hello()
    for data, wanted in [
            (records(good, 1), "hello"), (records(good, 50), "hello"),
            (records(good, version=b"\x03\x04"), "hello|protocol_version"),
            (records(good, version=b"\x03\x00"), "hello|protocol_version"),
            (b"\x16\x03\x01\x00\x00" + records(good), "unexpected_message|decode_error|nothing|hello"),
            (b"\x16\x03\x01\xff\xff" + bytes(65535), "record_overflow|nothing"),
            (b"\x17\x03\x01" + block(b"hello"), "unexpected_message"),
            (b"\x14\x03\x01" + block(b"\x01"), "unexpected_message|nothing"),
            (b"\x15\x03\x01" + block(b"\x02\x28"), "nothing|unexpected_message"),
            (b"\x15\x03\x01" + block(b"\x01\x00"), "nothing|unexpected_message"),
            (records(good[:50], 100) + b"\x17\x03\x01" + block(b"hello"), "unexpected_message"),
            (records(good[:50], 100) + b"\x15\x03\x01" + block(b"\x01\x5a") + records(good[50:], 100),
             "unexpected_message|hello")]:
        got = answer(data)
        check(re.fullmatch(wanted, got), f"the answer to {data[:8].hex()} is {got}, not {wanted}")


@case("hello-one-byte-records")
def _():
    # A long hello in records of a byte: more than a handshake may have, so it is refused and costs little.
    got = answer(records(hello(GOOD + extension(PADDING, bytes(20000))), 1))
    check(got == "record_overflow", f"the answer is {got}")


@case("hello-noise")
def _():
    noise = random.Random(1)
    end = server()
    for number in range(300):
        message = bytearray(records(hello(server_name(b"localhost") + GOOD)))
        for _ in range(noise.choice((1, 2, 5, 20))):
            message[noise.randrange(5, len(message))] = noise.randrange(256)
        if number % 3 == 0:
            message = message[:noise.randrange(len(message))]
        with socket.create_connection(("127.0.0.1", end.port)) as plain:
            plain.sendall(message)
            plain.shutdown(socket.SHUT_WR)
            try:
                while plain.recv(10000):
                    pass
            except ConnectionResetError:
                pass
        end.expect("lost: ")
    check("agreed" not in end.text, "a handshake was complete")
    check_alive(end)
