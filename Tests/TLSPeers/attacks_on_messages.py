"""Attacks by messages of the handshake that come after it."""

from tlslite.constants import HandshakeType

from attacks import HANDSHAKE, after, handshake_message, hello, send, send_many


@after
def wrong_key_update(end):
    send(end, HANDSHAKE, handshake_message(HandshakeType.key_update, b"\x02"))


@after
def long_key_update(end):
    send(end, HANDSHAKE, handshake_message(HandshakeType.key_update, b"\x00\x00"))


@after
def key_update_and_more(end):
    """After an update of keys the record has to end."""
    update = handshake_message(HandshakeType.key_update, b"\x00")
    send(end, HANDSHAKE, update + update)


def update_keys(end, count, requested):
    end.sock.buffer_writes = True
    for _ in range(count):
        for _ in end.send_keyupdate_request(requested):
            pass
    end.sock.flush()
    end.sock.buffer_writes = False


@after
def few_key_updates(end):
    update_keys(end, 10, 1)
    hello(end)


@after
def many_key_updates(end):
    update_keys(end, 300, 1)


@after
def many_key_updates_without_answer(end):
    update_keys(end, 300, 0)


@after
def empty_handshake_record(end):
    send(end, HANDSHAKE)
    hello(end)


@after
def part_of_handshake_message(end):
    send(end, HANDSHAKE, handshake_message(HandshakeType.key_update, b"\x00")[:2])
    hello(end)


@after
def giant_handshake_message(end):
    send(end, HANDSHAKE, bytes([HandshakeType.key_update]) + b"\xff\xff\xff" + bytes(1000))


@after
def hello_again(end):
    send(end, HANDSHAKE, handshake_message(HandshakeType.client_hello, b"\x03\x03" + bytes(32) + bytes.fromhex(
        "00 0002 1301 01 00 0000")))


@after
def finished_again(end):
    send(end, HANDSHAKE, handshake_message(HandshakeType.finished, bytes(32)))


@after
def ticket(end):
    send(end, HANDSHAKE, handshake_message(HandshakeType.new_session_ticket, bytes(40)))


@after
def unknown_handshake_message(end):
    send(end, HANDSHAKE, handshake_message(200, bytes(40)))


@after
def hello_requests(end):
    send_many(end, 1000, HANDSHAKE, handshake_message(HandshakeType.hello_request))
