"""`openssl s_client` against the library's servers: what is of one version of TLS, or of none."""

import json
import os
import shutil
import signal
import socket

from harness import Program, Server, Setting, case, check, check_alive, echo, file, scratch, server
from s_client import closed, quit_well, refused, s_client, say_hello


@case("s_client-key-updates")
def _():
    end = server()
    peer = s_client(end.port, "-tls1_3")
    for number in range(5):
        for command in ("K", "k"):
            peer.say(f"{command}\n")
            peer.expect("KEYUPDATE")
            say_hello(peer, f"hello {number} after {command}")
    quit_well(peer)
    closed(end)


@case("s_client-renegotiation")
def _():
    end = server()
    peer = s_client(end.port, "-tls1_2")
    say_hello(peer)
    check("Secure Renegotiation IS supported" in peer.text, "RFC 5746 is not announced")
    peer.say("R\n")
    peer.finish()
    check("no renegotiation" in peer.text, "it is not refused")
    end.expect("lost: ")
    check_alive(end)


@case("s_client-early_data")
def _():
    end = server()
    session, early = scratch("session"), scratch("early", b"early\n")
    peer = s_client(end.port, "-tls1_3", "-sess_out", session)
    say_hello(peer)
    quit_well(peer)
    peer = s_client(end.port, "-tls1_3", "-sess_in", session, "-early_data", early)
    say_hello(peer)
    quit_well(peer)
    check("Early data was not sent" in peer.text, "the ticket allows early data")


@case("s_client-early_data-rejected")
def _():
    # A session of a server that takes early data: the client sends it, and the library has to skip it.
    session, early = scratch("session"), scratch("early", b"early\n" * 1000)
    other = Program("openssl", "s_server", "-accept", "0", "-cert", file("server.pem"), "-key", file("server.key"),
                    "-cert_chain", file("server.pem"), "-tls1_3", "-early_data")
    port = other.expect(r"ACCEPT \S*:(\d+)\s")[1].decode()
    peer = s_client(port, "-tls1_3", "-sess_out", session)
    peer.expect("New Session Ticket arrived")
    quit_well(peer)
    end = server()
    peer = s_client(end.port, "-tls1_3", "-sess_in", session, "-early_data", early)
    say_hello(peer)
    quit_well(peer)
    check("Early data was rejected" in peer.text, "it is not rejected")
    end.expect("resumed no")
    closed(end)
    check("early" not in end.text, "early data reached the program")


@case("s_client-reconnect")
def _():
    end = server()
    peer = s_client(end.port, "-tls1_2", "-reconnect")
    peer.expect(r"(?s)(Reused, TLSv1.2.*){5}")
    for _ in range(4):
        end.expect("lost: ")
    peer.end()


@case("s_client-suites")
def _():
    for identity, kind in (("server", "ECDSA"), ("server-rsa", "RSA")):
        end = echo(identity)
        for suite in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305"):
            peer = s_client(end.port, "-tls1_2", "-cipher", f"ECDHE-{kind}-{suite}")
            say_hello(peer)
            quit_well(peer)
        for suite in ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"):
            peer = s_client(end.port, "-tls1_3", "-ciphersuites", suite)
            say_hello(peer)
            quit_well(peer)
        # Without authenticated encryption, or without forward secrecy.
        for suite in (f"ECDHE-{kind}-AES128-SHA256", f"ECDHE-{kind}-AES128-SHA", "AES128-GCM-SHA256",
                      "DHE-RSA-AES128-GCM-SHA256"):
            refused(s_client(end.port, "-tls1_2", "-cipher", suite), "alert handshake failure")
        check_alive(end)


@case("s_client-old-versions")
def _():
    end = server()
    for flag in ("-tls1", "-tls1_1"):
        refused(s_client(end.port, flag, "-cipher", "ALL:@SECLEVEL=0"), "alert protocol version")
        end.expect("lost: .*protocol")
    end = server("--min=1.3")
    refused(s_client(end.port, "-tls1_2"), "alert protocol version")
    end = server("--max=1.2")
    refused(s_client(end.port, "-tls1_3"), "alert protocol version")
    peer = s_client(end.port)
    say_hello(peer)
    quit_well(peer)
    end.expect("TLS 1.2")


@case("s_client-fallback")
def _():
    refused(s_client(echo().port, "-tls1_2", "-fallback_scsv"), "inappropriate fallback")


@case("s_client-cost-of-groups")
def _():
    # A hello may not buy much time: what a group costs the server is what anyone can have it do again and again.
    end = echo()
    costly = []
    for group in ("X25519", "P-256", "P-384", "P-521", "X448", "ffdhe2048", "ffdhe3072", "ffdhe4096", "ffdhe6144",
                  "ffdhe8192"):
        before = cpu_milliseconds(end)
        s_client(end.port, "-tls1_3", "-groups", group).end()
        check_alive(end)
        spent = cpu_milliseconds(end) - before
        if spent > 20:
            costly.append(f"{group} {spent:.0f} ms")
    check(not costly, f"handshakes that cost more than 20 ms of the server's processor: {', '.join(costly)}")


def cpu_milliseconds(end):
    with open(f"/proc/{end.process.pid}/schedstat") as figures:
        return int(figures.read().split()[0]) / 1e6


@case("s_client-huge-chain")
def _():
    end = echo("bad/huge-chain")
    peer = s_client(end.port)
    say_hello(peer)
    quit_well(peer)


@case("s_client-starttls-injection")
def _():
    end = server("--serve=start-tls")
    with socket.create_connection(("127.0.0.1", end.port)) as plain:
        plain.sendall(b"EHLO there\r\nSTARTTLS\r\nRSET\r\n")
        try:
            while plain.recv(1000):
                pass
        except ConnectionResetError:
            pass
    end.expect("lost: .*6 bytes followed")


@case("s_client-new-certificate")
def _():
    certificate, key = scratch("own.pem"), scratch("own.key")
    shutil.copy(file("a.test.pem"), certificate)
    shutil.copy(file("a.test.key"), key)
    end = Server(Setting.build / "TLSEcho", 0, certificate, key)
    old = s_client(end.port, name="a.test")
    say_hello(old)
    shutil.copy(file("b.test.pem"), certificate)
    shutil.copy(file("b.test.key"), key)
    os.kill(end.process.pid, signal.SIGHUP)
    end.expect("certificate loaded")
    peer = s_client(end.port, name="b.test")
    say_hello(peer)
    quit_well(peer)
    say_hello(old, "hello again")
    quit_well(old)


@case("server-bad-identities")
def _():
    for entry in json.loads(file("manifest.json").read_text())["identities"]:
        if entry["role"] == "server" and entry["outcome"] == "cannot be loaded":
            peer = Program(Setting.build / "TLSPeer", "server", f"--cert={file(entry['certificate'])}",
                           f"--key={file(entry['key'])}")
            peer.expect("failed: the TLS identity cannot be used|listening at")
            check("listening" not in peer.text, f"{entry['name']} is loaded")
            check(peer.end() == 1, "it did not end with 1")
