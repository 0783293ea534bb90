"""tlslite-ng, which can be made to break the rules: see tlslite_peer.py for the attacks."""

import re

from harness import HERE, Failure, Program, Setting, case, check, check_alive, client, file, server

FINE, FLOOD = "fine", "too many TLS records without data"

# How the library takes each attack, in TLS 1.2 and 1.3: the alert that it sends, or one of the above. OpenSSL sends
# internal_error for records of TLS 1.2 that are too short to be encrypted.
ATTACKS = {
    "nothing": (FINE, FINE),
    "wrong_finished": ("decrypt_error", "decrypt_error"),
    "short_finished": ("decode_error", "decode_error"),
    "long_finished": ("decode_error", "decode_error"),
    "padded_handshake": (None, FINE),
    "small_records": (FINE, FINE),
    "few_empty_records": (FINE, FINE),
    "many_empty_records": (FLOOD, FLOOD),
    "few_padded_records": (None, FINE),
    "many_padded_records": (None, FLOOD),
    "padding_only": ("unexpected_message", "unexpected_message"),
    "padded_data": (None, FINE),
    "one_byte_records": (FINE, FINE),
    "changed_byte": ("bad_record_mac", "bad_record_mac"),
    "short_record": ("internal_error", "bad_record_mac"),
    "no_bytes_in_record": ("internal_error", "bad_record_mac"),
    "too_long_record": ("record_overflow", "record_overflow"),
    "too_long_plaintext": ("record_overflow", "record_overflow"),
    "longest_plaintext": (FINE, FINE),
    "unknown_content_type": ("unexpected_message", "unexpected_message"),
    "heartbeat": ("unexpected_message", "unexpected_message"),
    "plaintext_data": ("bad_record_mac", "bad_record_mac"),
    "plaintext_alert": ("internal_error", "unexpected_message"),
    "no_record": ("protocol_version", "protocol_version"),
    "old_record_version": ("protocol_version", "protocol_version"),
    "change_cipher_spec": ("internal_error", "unexpected_message"),
    "few_warnings": (FINE, FINE),
    "many_warnings": ("unexpected_message", "unexpected_message"),
    "short_alert": ("unexpected_message", "unexpected_message"),
    "long_alert": ("unexpected_message", "unexpected_message"),
    "two_alerts_in_record": ("unexpected_message", "unexpected_message"),
    "wrong_key_update": ("unexpected_message", "illegal_parameter"),
    "long_key_update": ("unexpected_message", "illegal_parameter"),
    "key_update_and_more": ("unexpected_message", "unexpected_message"),
    "few_key_updates": (None, FINE),
    "many_key_updates": (None, FLOOD),
    "many_key_updates_without_answer": (None, FLOOD),
    "empty_handshake_record": (FINE, "unexpected_message"),
    "part_of_handshake_message": (FINE, "unexpected_message"),
    "giant_handshake_message": ("unexpected_message", "illegal_parameter"),
    "finished_again": ("unexpected_message", "unexpected_message"),
    "unknown_handshake_message": ("unexpected_message", "unexpected_message"),
}
# Where a server and a client differ.
OF_A_CLIENT = {
    "repeated_record": ("bad_record_mac", "bad_record_mac"),
    "data_and_changed_byte": ("bad_record_mac", "bad_record_mac"),
    "hello_again": ("no_renegotiation", "unexpected_message"),
    "ticket": ("unexpected_message", "unexpected_message"),
    "hello_requests": ("unexpected_message", "unexpected_message"),
}
OF_A_SERVER = {
    "hello_again": ("unexpected_message", "unexpected_message"),
    "ticket": ("unexpected_message", "decode_error"),
    "hello_requests": (FLOOD, "unexpected_message"),
}


def attack(*arguments):
    return Program(Setting.tools / "tlslite/bin/python", HERE / "tlslite_peer.py", *arguments)


def check_outcome(peer, end, expected, fine, lost_fine):
    """Compares how the attacker and the library saw the end of the connection."""
    result = peer.expect(r"result: ([^\r\n]*)")[1].decode()
    lost = end.expect(r"(?:lost|failed): ([^\r\n]*)")[1].decode()
    if expected == FINE:
        right = re.match(fine, result) and re.search(lost_fine, lost)
    elif expected == FLOOD:
        # A request to renegotiate is answered by a warning first.
        right = result in ("alert record_overflow", "alert no_renegotiation") and FLOOD in lost
    elif expected == "no_renegotiation":
        right = result == "alert no_renegotiation"  # A warning: the attacker ends the connection.
    else:
        right = result == f"alert {expected}" and re.search(rf"is bad|\({expected} sent\)", lost)
    if not right:
        raise Failure(f"expected {expected}; the peer had {result}; the library: {lost}")


def add(name, number, version, of_a_client, of_a_server):
    if of_a_client:

        @case(f"tlslite-client-{name}-{version}")
        def _():
            end = server()
            peer = attack("client", end.port, version, name)
            check_outcome(peer, end, of_a_client, "data b'hello", "close_notify|reset|Broken pipe|bad record mac")
            check_alive(end)

    if of_a_server:

        @case(f"tlslite-server-{name}-{version}")
        def _():
            peer = attack("server", version, name, file("server.pem"), file("server.key"))
            end = client(peer.expect(r"listening at (\d+)")[1].decode(), "--send=hello", "--until=5")
            check_outcome(peer, end, of_a_server, "closed by close_notify", "in order")


# What the attacker gets, and the library's reason of the loss.
CLOSES = [
    ("close_notify", "closed by close_notify", "in order"),
    ("data_after_close_notify", "closed by close_notify", "in order"),
    ("fatal_alert", "closed|reset", "alert internal_error"),
    ("data_and_close_notify", "data b'hello'", ""),
    ("data_and_fatal_alert", "closed|reset", "alert internal_error"),
]


def check_close(name, peer, end, results, words):
    result = peer.expect(r"result: ([^\r\n]*)")[1].decode()
    lost = end.expect(r"lost: ([^\r\n]*)")[1].decode()
    check(re.fullmatch(results, result) and words in lost, f"{name}: {result}; the library: {lost}")


for number, version in enumerate(("1.2", "1.3")):
    for name in ATTACKS | OF_A_CLIENT | OF_A_SERVER:
        both = ATTACKS.get(name, (None, None))[number]
        add(name, number, version, OF_A_CLIENT.get(name, (both, both))[number],
            OF_A_SERVER.get(name, (both, both))[number])

    @case(f"tlslite-client-closes-{version}")
    def _(version=version):
        for name, results, words in CLOSES:
            end = server()
            peer = attack("client", end.port, version, name)
            check_close(name, peer, end, results, words)
            check_alive(end)

    @case(f"tlslite-server-closes-{version}")
    def _(version=version):
        for name, results, words in CLOSES[:3]:
            peer = attack("server", version, name, file("server.pem"), file("server.key"))
            end = client(peer.expect(r"listening at (\d+)")[1].decode(), "--send=hello", "--until=5")
            check_close(name, peer, end, results, words)
