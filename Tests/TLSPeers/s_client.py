"""`openssl s_client`, and what the cases with it share."""

import re

from harness import Program, check, file

VERSIONS = {"tls1_2": ("-tls1_2", "TLSv1.2"), "tls1_3": ("-tls1_3", "TLSv1.3")}


def s_client(port, *options, root="root.pem", name="localhost"):
    return Program(
        "openssl", "s_client", "-connect", f"localhost:{port}", "-CAfile", file(root), "-verify_return_error",
        "-verify_hostname", name, *options)


def say_hello(peer, text="hello"):
    """A round trip of the echo server; the pattern cannot match what s_client says of the session."""
    peer.say(text + "\n")
    peer.expect(r"(?m)^" + re.escape(text) + r"$")


def quit_well(peer):
    peer.say("Q\n")
    status = peer.finish()
    check(status == 0, f"s_client ended with {status}")


def refused(peer, words):
    """The handshake fails, and s_client says why."""
    status = peer.finish()
    check(re.search(words, peer.text), f"s_client does not say {words!r}")
    check(status != 0, "s_client ended with 0")


def check_name(end, name):
    """The server tells its program the name that the client of the next handshake sent."""
    agreed = end.expect(r"agreed: (.*)")[1].decode()
    check(f"name {name}," in agreed, f"the client sent {name}; the server: {agreed}")


def closed(end):
    end.expect(r"lost: (?=.*closed)")
