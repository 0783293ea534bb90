"""`openssl s_client` against the library's servers."""

import json
import os
import re
import signal
import shutil
import socket

from harness import Program, Server, Setting, case, check, check_alive, echo, file, pattern, scratch, server

VERSIONS = {"tls1_2": ("-tls1_2", "TLSv1.2"), "tls1_3": ("-tls1_3", "TLSv1.3")}
BIG = 8 << 20
# Nothing but the data at its output; without a name in the hello it would complain there.
BINARY = ("-quiet", "-nocommands", "-verify_quiet", "-servername", "localhost")


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


for label, (flag, version) in VERSIONS.items():

    @case(f"s_client-{label}")
    def _(flag=flag, version=version):
        end = echo()
        peer = s_client(end.port, flag)
        say_hello(peer)
        quit_well(peer)
        check("Verify return code: 0 (ok)" in peer.text, "the certificate is not verified")
        check(f"New, {version}, Cipher is" in peer.text, f"it is not {version}")
        end.expect(version.replace("TLSv", "TLS "))

    @case(f"s_client-resumption-{label}")
    def _(flag=flag, version=version):
        end = server()
        session = scratch("session")
        peer = s_client(end.port, flag, "-sess_out", session)
        say_hello(peer)
        quit_well(peer)
        end.expect("resumed no")
        for _ in range(2):
            peer = s_client(end.port, flag, "-sess_in", session)
            say_hello(peer)
            quit_well(peer)
            check(f"Reused, {version}" in peer.text, "the session is not resumed")
            end.expect("resumed yes")
        # Another server has other keys: a full handshake.
        other = server()
        peer = s_client(other.port, flag, "-sess_in", session)
        say_hello(peer)
        quit_well(peer)
        other.expect("resumed no")

    @case(f"s_client-resumption-and-names-{label}")
    def _(flag=flag, version=version):
        own = [f"--name={name}:{file(name + '.pem')}:{file(name + '.key')}" for name in ("a.test", "b.test")]
        for options, name in (([], "localhost"), (own, "a.test")):
            end = server(*options)
            session = scratch(f"session-{name}")
            for given in ("-sess_out", "-sess_in"):
                peer = s_client(end.port, flag, "-servername", "a.test", given, session, name=name)
                say_hello(peer)
                quit_well(peer)
                # What the client asked for, whether the session is resumed or not.
                check_name(end, "a.test")
            # With another name: RFC 6066 has no session resumed, and RFC 8446 the new name count.
            peer = s_client(end.port, flag, "-servername", "b.test", "-sess_in", session, name=name)
            if flag == "-tls1_2" and options:
                refused(peer, "hostname mismatch")  # A full handshake, with the certificate of b.test.
            else:
                say_hello(peer)
                quit_well(peer)
            check_name(end, "b.test")

    @case(f"s_client-no_ticket-{label}")
    def _(flag=flag, version=version):
        end = server()
        session = scratch("session")
        for options in (["-sess_out", session], ["-sess_out", session]):
            peer = s_client(end.port, flag, "-no_ticket", *options)
            say_hello(peer)
            quit_well(peer)
            end.expect("resumed no")

    @case(f"s_client-server-without-tickets-{label}")
    def _(flag=flag, version=version):
        end = server("--tickets=0")
        session = scratch("session")
        peer = s_client(end.port, flag, "-sess_out", session)
        say_hello(peer)
        quit_well(peer)
        check("TLS session ticket:" not in peer.text, "there is a ticket")
        if session.exists():
            peer = s_client(end.port, flag, "-sess_in", session)
            say_hello(peer)
            quit_well(peer)
        check("resumed yes" not in end.text, "it is resumed without tickets")

    @case(f"s_client-alpn-{label}")
    def _(flag=flag, version=version):
        end = server("--alpn=h2,http/1.1")
        peer = s_client(end.port, flag, "-alpn", "http/1.1,h2")
        say_hello(peer)
        quit_well(peer)
        check("ALPN protocol: h2" in peer.text, "it is not the server's preference")
        end.expect("alpn h2")
        peer = s_client(end.port, flag)
        say_hello(peer)
        quit_well(peer)
        check("No ALPN negotiated" in peer.text, "there is a protocol")
        end.expect("alpn none")
        refused(s_client(end.port, flag, "-alpn", "spdy"), "alert no application protocol")
        end.expect(r"lost: .*no_application_protocol")
        end = server("--alpn=h2", "--any-protocol")
        peer = s_client(end.port, flag, "-alpn", "spdy")
        say_hello(peer)
        quit_well(peer)
        end.expect("alpn none")

    @case(f"s_client-servername-{label}")
    def _(flag=flag, version=version):
        end = server(f"--name=a.test:{file('a.test.pem')}:{file('a.test.key')}",
                     f"--name=b.test:{file('b.test.pem')}:{file('b.test.key')}")
        for name in ("a.test", "b.test", "A.Test"):
            peer = s_client(end.port, flag, "-servername", name, name=name)
            say_hello(peer)
            quit_well(peer)
            end.expect(f"name {name}")
        # A name that is not served, an address and a name with bytes that none has: the first certificate.
        for name in ("c.test", "127.0.0.1", "caf\u00e9.test", "a" * 255):
            peer = s_client(end.port, flag, "-servername", name)
            say_hello(peer)
            quit_well(peer)
            end.expect(f"name {name}")
        peer = s_client(end.port, flag, "-noservername")
        say_hello(peer)
        quit_well(peer)
        end.expect("name none")

    @case(f"s_client-cert-{label}")
    def _(flag=flag, version=version):
        def own(name):
            return ["-cert", file(f"{name}.pem"), "-key", file(f"{name}.key"), "-cert_chain", file(f"{name}.pem")]

        for mode in ("request", "require"):
            end = server(f"--client-cert={mode}", f"--trust={file('root.pem')}")
            peer = s_client(end.port, flag, *own("client"))
            say_hello(peer)
            quit_well(peer)
            end.expect("certificates [1-9]")
            check("Acceptable client certificate CA names" in peer.text, "there are no names of authorities")
            for name, words in [("client-untrusted", "unable to get local issuer"), ("client-expired", "expired"),
                                ("client-server-usage", "purpose|wrong use")]:
                peer = s_client(end.port, flag, *own(name))
                refused(peer, "alert")
                end.expect(f"lost: .*not trusted.*({words})")
        refused(s_client(end.port, flag), "alert (certificate required|handshake failure)")
        end.expect("lost: .*not trusted: no certificate")
        end = server("--client-cert=request", f"--trust={file('root.pem')}")
        peer = s_client(end.port, flag)
        say_hello(peer)
        quit_well(peer)
        end.expect("certificates 0")

    @case(f"s_client-cert-resumed-{label}")
    def _(flag=flag, version=version):
        end = server("--client-cert=require", f"--trust={file('root.pem')}")
        own = ["-cert", file("client.pem"), "-key", file("client.key"), "-cert_chain", file("client.pem")]
        session = scratch("session")
        peer = s_client(end.port, flag, *own, "-sess_out", session)
        say_hello(peer)
        quit_well(peer)
        end.expect("resumed no, certificates [1-9]")
        peer = s_client(end.port, flag, "-sess_in", session)
        say_hello(peer)
        quit_well(peer)
        end.expect("resumed yes, certificates [1-9]")

    @case(f"s_client-status-{label}")
    def _(flag=flag, version=version):
        peer = s_client(echo().port, flag, "-status")
        say_hello(peer)
        quit_well(peer)
        check("OCSP response: no response sent" in peer.text, "there is a response")
        end = server(f"--staple={file('ocsp-good.der')}")
        peer = s_client(end.port, flag, "-status")
        say_hello(peer)
        quit_well(peer)
        check("Cert Status: good" in peer.text, "there is no response")
        peer = s_client(end.port, flag)
        say_hello(peer)
        quit_well(peer)

    @case(f"s_client-groups-{label}")
    def _(flag=flag, version=version):
        # In TLS 1.2 an ECDSA certificate's own curve has to be among the client's groups.
        end = echo("server-rsa")
        for group in ("X25519", "P-256", "P-384", "P-521", "X448"):
            peer = s_client(end.port, flag, "-groups", group)
            say_hello(peer)
            quit_well(peer)
        # The server wants another than the first: in TLS 1.3 a second hello.
        end = server("--groups=P-384")
        peer = s_client(end.port, flag, "-groups", "P-256:P-384")
        say_hello(peer)
        quit_well(peer)
        refused(s_client(end.port, flag, "-groups", "P-256:X25519", "-sigalgs", "ECDSA+SHA256"), "alert handshake fail")
        end.expect("lost: .*handshake")

    @case(f"s_client-max_send_frag-{label}")
    def _(flag=flag, version=version):
        data = pattern(1 << 20)
        peer = s_client(echo().port, flag, "-max_send_frag", "512", *BINARY)
        check(peer.exchange(data) == data, "other bytes came back")

    @case(f"s_client-maxfraglen-{label}")
    def _(flag=flag, version=version):
        data = pattern(1 << 20)
        peer = s_client(echo().port, flag, "-maxfraglen", "512", *BINARY)
        check(peer.exchange(data) == data, "other bytes came back")

    @case(f"s_client-big-{label}")
    def _(flag=flag, version=version):
        data = pattern(BIG)
        for end in (echo(), server()):
            peer = s_client(end.port, flag, *BINARY)
            check(peer.exchange(data) == data, "other bytes came back")

    @case(f"s_client-keylogfile-{label}")
    def _(flag=flag, version=version):
        end = server("--key-log")
        log = scratch("keys")
        peer = s_client(end.port, flag, "-keylogfile", log)
        say_hello(peer)
        quit_well(peer)
        closed(end)
        theirs = {line for line in log.read_text().splitlines() if line and not line.startswith("#")}
        own = set(re.findall(r"(?m)^key: (.*)$", end.text))
        check(own and own == theirs, f"the logs differ: {sorted(own)}, {sorted(theirs)}")

    @case(f"s_client-sigkill-{label}")
    def _(flag=flag, version=version):
        end = server()
        peer = s_client(end.port, flag)
        say_hello(peer)
        peer.process.kill()
        end.expect("lost: .*close_notify")

    @case(f"s_client-end-of-input-{label}")
    def _(flag=flag, version=version):
        end = server()
        peer = s_client(end.port, flag)
        say_hello(peer)
        status = peer.end()
        check(status == 0, f"s_client ended with {status}")
        closed(end)

    @case(f"s_client-starttls-{label}")
    def _(flag=flag, version=version):
        end = server("--serve=start-tls")
        peer = s_client(end.port, flag, "-starttls", "smtp")
        say_hello(peer)
        quit_well(peer)
        end.expect("agreed: .*")
        closed(end)


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
