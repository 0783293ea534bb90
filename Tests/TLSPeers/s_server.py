"""`openssl s_server`, and what the cases with it share."""

import re

from harness import Program, check, client, file

VERSIONS = {"tls1_2": ("-tls1_2", "TLS 1.2"), "tls1_3": ("-tls1_3", "TLS 1.3")}


def s_server(*options, identity="server", chain=None, folder=None):
    """s_server, and the port at which it listens."""
    end = Program("openssl", "s_server", "-accept", "0", "-cert", file(f"{identity}.pem"), "-key",
                  file(f"{identity}.key"), "-cert_chain", chain or file(f"{identity}.pem"), *options, folder=folder)
    if "-quiet" in options:  # Not even the port is printed.
        return end, end.port
    return end, int(end.expect(r"ACCEPT \S*:(\d+)\s")[1])


def reversing(*options, **keywords):
    """s_server that sends back each line from its end to its beginning."""
    return s_server("-rev", *options, **keywords)


def talk(port, *options, **keywords):
    """A client that exchanges a line with it, and closes; its output."""
    peer = client(port, "--send=hello\n", "--until=6", "--text", *options, **keywords)
    status = peer.finish()
    check(status == 0 and "text: olleh" in peer.text, f"the client ended with {status}")
    return peer.text


def refuses(peer, words):
    """A client ends with an error that has these words."""
    status = peer.finish()
    check(re.search(words, peer.text), f"the client does not say {words!r}")
    check(status == 1, f"the client ended with {status}")
