"""What tlslite_peer.py can send, by name: attacks in the handshake, and after it."""

from tlslite import tlsconnection
from tlslite.constants import AlertDescription, ContentType
from tlslite.messages import Message

APPLICATION, HANDSHAKE, ALERT = ContentType.application_data, ContentType.handshake, ContentType.alert
BEFORE, AFTER = {}, {}  # Attacks in the handshake, and after it.


def before(function):
    BEFORE[function.__name__] = function
    return function


def after(function):
    AFTER[function.__name__] = function
    return function


def send(end, kind, data=b""):
    """Sends one record."""
    for _ in end._recordLayer.sendRecord(Message(kind, bytearray(data))):
        pass


def send_raw(end, data):
    end.raw.sendall(data)


def handshake_message(kind, body=b""):
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


def send_many(end, count, kind, data=b""):
    """Many records by few calls of the kernel."""
    end.sock.buffer_writes = True
    for number in range(count):
        send(end, kind, data)
        if number % 100 == 99:
            end.sock.flush()
    end.sock.flush()
    end.sock.buffer_writes = False


def hello(end):
    send(end, APPLICATION, b"hello")


# MARK: Attacks in the handshake


@before
def nothing(end):
    pass


@before
def wrong_finished(end):
    original = tlsconnection.Finished.create

    def create(self, verify_data):
        verify_data = bytearray(verify_data)
        verify_data[0] ^= 1
        return original(self, verify_data)

    tlsconnection.Finished.create = create


@before
def short_finished(end):
    original = tlsconnection.Finished.create
    tlsconnection.Finished.create = lambda self, verify_data: original(self, verify_data[:-1])


@before
def long_finished(end):
    original = tlsconnection.Finished.create
    tlsconnection.Finished.create = lambda self, verify_data: original(self, verify_data + bytearray(1))


@before
def padded_handshake(end):
    """Padding is allowed in the records of a handshake too."""
    end._recordLayer.padding_cb = lambda length, kind, most: min(most, 5000)


@before
def small_records(end):
    """The handshake in records of 32 bytes."""
    end.recordSize = 32


# MARK: Attacks after the handshake


@after
def few_empty_records(end):
    send_many(end, 20, APPLICATION)
    hello(end)


@after
def many_empty_records(end):
    send_many(end, 20000, APPLICATION)
    hello(end)


@after
def few_padded_records(end):
    end._recordLayer.padding_cb = lambda length, kind, most: min(most, 1000)
    send_many(end, 20, APPLICATION)
    hello(end)


@after
def many_padded_records(end):
    end._recordLayer.padding_cb = lambda length, kind, most: min(most, 1000)
    send_many(end, 5000, APPLICATION)


@after
def padding_only(end):
    """Zeros alone: there is no type of content in it."""
    send(end, 0, bytes(100))


@after
def padded_data(end):
    end._recordLayer.padding_cb = lambda length, kind, most: most
    hello(end)


@after
def one_byte_records(end):
    end.sock.buffer_writes = True
    for byte in b"hello" * 1000:
        send(end, APPLICATION, bytes([byte]))
    end.sock.flush()


@after
def changed_byte(end):
    original = end._recordLayer._encryptThenSeal

    def seal(data, kind):
        sealed = original(data, kind)
        sealed[-1] ^= 1
        return sealed

    end._recordLayer._encryptThenSeal = seal
    hello(end)


def in_one_packet(end, *attacks):
    end.sock.buffer_writes = True
    for attack in attacks:
        attack(end)
    end.sock.flush()
    end.sock.buffer_writes = False


@after
def repeated_record(end):
    original = end._recordLayer._encryptThenSeal

    def seal(data, kind):
        sealed = original(data, kind)
        end.sock.send(b"\x17\x03\x03" + len(sealed).to_bytes(2, "big") + sealed)
        return sealed

    end._recordLayer._encryptThenSeal = seal
    in_one_packet(end, hello)


@after
def data_and_changed_byte(end):
    in_one_packet(end, hello, changed_byte)


@after
def data_and_fatal_alert(end):
    in_one_packet(end, hello, fatal_alert)


@after
def data_and_close_notify(end):
    in_one_packet(end, hello, close_notify)


@after
def short_record(end):
    send_raw(end, b"\x17\x03\x03\x00\x05hello")


@after
def no_bytes_in_record(end):
    send_raw(end, b"\x17\x03\x03\x00\x00")


@after
def too_long_record(end):
    send_raw(end, b"\x17\x03\x03\x48\x00" + bytes(0x4800))


@after
def too_long_plaintext(end):
    end._recordLayer.send_record_limit = 2**14 + 100
    send(end, APPLICATION, bytes(2**14 + 1))


@after
def longest_plaintext(end):
    send(end, APPLICATION, b"hello" + bytes(2**14 - 5))


@after
def unknown_content_type(end):
    send(end, 99, b"hello")


@after
def heartbeat(end):
    send(end, 24, b"\x01\x40\x00" + bytes(100))


@after
def plaintext_data(end):
    send_raw(end, b"\x17\x03\x03\x00\x20" + bytes(32))


@after
def plaintext_alert(end):
    send_raw(end, b"\x15\x03\x03\x00\x02\x01\x00")


@after
def no_record(end):
    send_raw(end, b"GET / HTTP/1.1\r\n\r\n")


@after
def old_record_version(end):
    send_raw(end, b"\x17\x02\x00\x00\x20" + bytes(32))


@after
def change_cipher_spec(end):
    send_raw(end, b"\x14\x03\x03\x00\x01\x01")


@after
def many_warnings(end):
    send_many(end, 1000, ALERT, bytes([1, AlertDescription.user_canceled]))
    hello(end)


@after
def few_warnings(end):
    send_many(end, 3, ALERT, bytes([1, AlertDescription.user_canceled]))
    hello(end)


@after
def fatal_alert(end):
    send(end, ALERT, bytes([2, AlertDescription.internal_error]))


@after
def short_alert(end):
    send(end, ALERT, bytes([1]))


@after
def long_alert(end):
    send(end, ALERT, bytes([1, 0, 0]))


@after
def two_alerts_in_record(end):
    send(end, ALERT, bytes([1, 0, 1, 0]))


@after
def close_notify(end):
    send(end, ALERT, bytes([1, 0]))


@after
def data_after_close_notify(end):
    in_one_packet(end, close_notify, hello)
