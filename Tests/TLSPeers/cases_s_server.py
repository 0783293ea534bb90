"""`openssl s_server` for the library's clients."""

import json
import re

from harness import Program, Setting, case, check, checksum, client, example_client, file, pattern, scratch

VERSIONS = {"tls1_2": ("-tls1_2", "TLS 1.2"), "tls1_3": ("-tls1_3", "TLS 1.3")}
BIG = 8 << 20


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


for label, (flag, version) in VERSIONS.items():

    @case(f"s_server-www-{label}")
    def _(flag=flag, version=version):
        end, port = s_server("-www", flag)
        peer = example_client(port)
        status = peer.finish()
        check(status == 0, f"TLSClient ended with {status}")
        check(version in peer.text and "</HTML>" in peer.text.upper(), "the page did not come")

    @case(f"s_server-Verify-{label}")
    def _(flag=flag, version=version):
        end, port = reversing(flag, "-Verify", "1", "-CAfile", file("root.pem"), "-verify_return_error")
        refuses(example_client(port), "alert (certificate_required|handshake_failure)")
        refuses(client(port, f"--cert={file('client-untrusted.pem')}", f"--key={file('client-untrusted.key')}"),
                "alert unknown_ca")
        refuses(client(port, f"--cert={file('client-expired.pem')}", f"--key={file('client-expired.key')}"),
                "alert certificate_expired")
        talk(port, f"--cert={file('client.pem')}", f"--key={file('client.key')}")

    @case(f"s_server-resumption-{label}")
    def _(flag=flag, version=version):
        end, port = reversing(flag)
        text = talk(port, "--times=3")
        check(re.findall(r"resumed (\w+)", text) == ["no", "yes", "yes"], "sessions are not resumed")

    @case(f"s_server-no_ticket-{label}")
    def _(flag=flag, version=version):
        # Sessions are then in the server's memory, and the client has their numbers.
        end, port = reversing(flag, "-no_ticket")
        text = talk(port, "--times=3")
        check(re.findall(r"resumed (\w+)", text) == ["no", "yes", "yes"], "sessions are not resumed")

    @case(f"s_server-alpn-{label}")
    def _(flag=flag, version=version):
        end, port = reversing(flag, "-alpn", "h2,http/1.1")
        check("alpn h2" in talk(port, "--alpn=http/1.1,h2"), "it is not the server's preference")
        check("alpn none" in talk(port), "there is a protocol")
        refuses(client(port, "--alpn=spdy"), "alert no_application_protocol")

    @case(f"s_server-status-{label}")
    def _(flag=flag, version=version):
        end, port = reversing(flag, "-status_file", file("ocsp-good.der"))
        size = file("ocsp-good.der").stat().st_size
        check(f"staple {size}" in talk(port, "--staple"), "there is no response")
        check("staple 0" in talk(port), "there is a response")

    @case(f"s_server-servername-{label}")
    def _(flag=flag, version=version):
        end, port = s_server(flag, "-servername", "a.test", "-cert2", file("a.test.pem"), "-key2", file("a.test.key"),
                             "-rev")
        # s_server has no chain for its second certificate.
        intermediate = file("a.test.pem").read_bytes().split(b"-----END CERTIFICATE-----\n")[1]
        trust = scratch("trust.pem", intermediate + b"-----END CERTIFICATE-----\n")
        peer = client(port, "--name=a.test", "--send=hello\n", "--until=6", trust=trust)
        check(peer.finish() == 0, "a.test is refused")
        refuses(client(port, "--name=b.test"), "not valid for .*b.test")
        # An address is not sent, and proved.
        check("name none" in talk(port, "--host=127.0.0.1"), "an address is sent as a name")

    @case(f"s_server-groups-{label}")
    def _(flag=flag, version=version):
        for groups in ("P-384:P-256", "X448:P-256", "P-521:P-256", "P-256"):
            end, port = reversing(flag, "-groups", groups)
            talk(port)
        end, port = reversing(flag, "-groups", "P-521", identity="server-rsa")
        refuses(client(port, "--groups=X25519,P-256"), "alert handshake_failure")

    @case(f"s_server-max_send_frag-{label}")
    def _(flag=flag, version=version):
        scratch("page", pattern(1 << 20))
        end, port = s_server(flag, "-WWW", "-max_send_frag", "512", folder=Setting.scratch)
        peer = client(port, "--send=GET /page HTTP/1.0\r\n\r\n")
        check(peer.finish() == 0, "the client failed")
        received(peer, pattern(1 << 20))

    @case(f"s_server-download-{label}")
    def _(flag=flag, version=version):
        scratch("page", pattern(BIG))
        end, port = s_server(flag, "-WWW", folder=Setting.scratch)
        peer = client(port, "--send=GET /page HTTP/1.0\r\n\r\n")
        check(peer.finish() == 0, "the client failed")
        received(peer, pattern(BIG))

    @case(f"s_server-upload-{label}")
    def _(flag=flag, version=version):
        end, port = s_server(flag, "-quiet")
        peer = client(port, f"--send-bytes={BIG}", "--half-close")
        data = end.expect_bytes(BIG)
        check(data == pattern(BIG), "other bytes arrived")
        check(peer.finish() == 0, "the client failed")

    @case(f"s_server-sigkill-{label}")
    def _(flag=flag, version=version):
        end, port = s_server(flag, "-quiet")
        peer = client(port, "--send=hello\n")
        end.expect("hello")
        end.process.kill()
        refuses(peer, "lost: .*close_notify")

    @case(f"s_server-plaintext-{label}")
    def _(flag=flag, version=version):
        end, port = s_server(flag)
        peer = client(port, "--send=hello\n")
        end.expect("(?m)^hello")
        end.say("P\n")  # It sends a line without encryption.
        refuses(peer, "lost: .*record from the peer is bad")


def received(peer, page):
    """A client has received a page, behind the header that s_server sends."""
    header = b"HTTP/1.0 200 ok\r\nContent-type: text/plain\r\n\r\n"
    check(f"received: {checksum(header + page)}" in peer.text, f"the client received not {checksum(header + page)}")


@case("s_server-num_tickets")
def _():
    end, port = reversing("-tls1_3", "-num_tickets", "0")
    check(re.findall(r"resumed (\w+)", talk(port, "--times=2")) == ["no", "no"], "it is resumed without a ticket")
    end, port = reversing("-tls1_3", "-num_tickets", "5")
    resumed = re.findall(r"resumed (\w+)", talk(port, "--times=4"))
    check(resumed == ["no", "yes", "yes", "yes"], f"resumed: {resumed}")


@case("s_server-key-updates")
def _():
    end, port = s_server("-tls1_3")
    peer = client(port, "--send=hello\n", "--until=1000", "--text")
    end.expect("(?m)^hello")
    for number in range(5):
        for command in ("K", "k"):
            end.say(f"{command}\n")
            end.expect("SSL_do_handshake -> 1")
            end.say(f"line {number} after {command}\n")
            peer.expect(f"text: line {number} after {command}")
    end.say("Q\n")  # It closes without close_notify.
    refuses(peer, "lost: .*close_notify")


@case("s_server-renegotiation")
def _():
    end, port = s_server("-tls1_2")
    peer = client(port, "--send=hello\n", "--text")
    end.expect("(?m)^hello")
    end.say("r\n")
    # The client answers with a warning, which s_server takes for a failure.
    end.expect("no renegotiation|SSL_do_handshake -> ")
    end.say("still there?\n")
    peer.finish()
    check(re.findall("agreed", peer.text) == ["agreed"], "it was renegotiated")


@case("s_server-client-certificate-later")
def _():
    # A request after the handshake, for which the client has not said that it is ready.
    end, port = s_server("-tls1_3", "-CAfile", file("root.pem"))
    peer = client(port, "--send=hello\n", "--until=1000", "--text")
    end.expect("(?m)^hello")
    end.say("c\n")
    end.expect("(?i)extension not received|Failed to initiate request")
    end.say("line\n")
    peer.expect("text: line")


@case("s_server-versions")
def _():
    end, port = s_server("-tls1_1", "-cipher", "ALL:@SECLEVEL=0", "-rev")
    refuses(example_client(port), "alert protocol_version|unsupported protocol|handshake failed")
    end, port = reversing("-tls1_2")
    refuses(client(port, "--min=1.3"), "alert protocol_version|handshake failed")
    end, port = reversing("-tls1_3")
    refuses(client(port, "--max=1.2"), "alert protocol_version")
    end, port = reversing()
    check("TLS 1.2" in talk(port, "--max=1.2"), "it is not TLS 1.2")
    check("TLS 1.3" in talk(port), "it is not TLS 1.3")


@case("s_server-suites")
def _():
    for identity, kind in (("server", "ECDSA"), ("server-rsa", "RSA")):
        for suite in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305"):
            end, port = reversing("-tls1_2", "-cipher", f"ECDHE-{kind}-{suite}", identity=identity)
            talk(port)
        # Without authenticated encryption, or without forward secrecy.
        for suite in (f"ECDHE-{kind}-AES128-SHA256", "AES128-GCM-SHA256", "DHE-RSA-AES128-GCM-SHA256"):
            end, port = reversing("-tls1_2", "-cipher", suite, identity=identity)
            refuses(client(port), "alert handshake_failure")


@case("s_server-early_data")
def _():
    # Tickets that allow early data, which the client does not send.
    end, port = s_server("-tls1_3", "-early_data", "-naccept", "2")
    peer = client(port, "--send=hello\n", "--times=2", "--until=5")
    for _ in range(2):
        end.expect("(?m)^hello")
        end.say("there\n")
    check(peer.finish() == 0 and re.findall(r"resumed (\w+)", peer.text) == ["no", "yes"], "it is not resumed")


# MARK: Certificates

NAMED = {
    "expired": ("bad/expired", "not trusted: certificate has expired"),
    "wrong-name": ("bad/wrong-name", 'not valid for "?localhost'),
    "self-signed": ("bad/self-signed", "not trusted: self.signed certificate"),
    "missing-intermediate": ("bad/missing-intermediate", "not trusted: unable to get local issuer"),
}
for label, (identity, words) in NAMED.items():

    @case(f"s_server-{label}")
    def _(identity=identity, words=words):
        for flag, _ in VERSIONS.values():
            end, port = s_server(flag, "-www", identity=identity)
            refuses(example_client(port), words)


@case("s_server-reversed-chain")
def _():
    parts = file("alternate-chain.pem").read_bytes().split(b"-----END CERTIFICATE-----\n")[:3]
    chain = scratch("chain.pem", b"".join(part + b"-----END CERTIFICATE-----\n" for part in reversed(parts[1:])))
    end, port = s_server("-www", identity="alternate-chain", chain=chain)
    check(example_client(port, trust="alternate-trust.pem").finish() == 0, "a chain out of order is refused")


@case("s_server-alternate-chain")
def _():
    end, port = s_server("-www", identity="alternate-chain")
    check(example_client(port, trust="alternate-trust.pem").finish() == 0, "the shorter path is not found")
    refuses(example_client(port, trust="bad/expired-root-trust.pem"), "not trusted: certificate has expired")


@case("s_server-oversized-chain")
def _():
    end, port = reversing(identity="bad/oversized-chain")
    refuses(client(port), "handshake failed.*excessive message size")


@case("s_server-every-certificate", limit=60)
def _():
    wrong = []
    for entry in json.loads(file("manifest.json").read_text())["identities"]:
        if entry["role"] != "server" or entry["outcome"].startswith("cannot") or entry["revocation"]:
            continue
        options = ["-cert", file(entry["certificate"]), "-key", file(entry["key"]), "-cert_chain",
                   file(entry["certificate"])]
        if entry["password"]:
            options += ["-pass", f"pass:{entry['password']}"]
        end = Program("openssl", "s_server", "-accept", "0", "-rev", "-cipher", "ALL:@SECLEVEL=0", *options)
        port = int(end.expect(r"ACCEPT \S*:(\d+)\s")[1])
        peer = client(port, "--host=127.0.0.1", f"--name={entry['host']}", "--send=hello\n", "--until=6",
                      trust=entry["trust"])
        status = peer.finish()
        words = {0: "closed in order", 62: "not valid for", 64: "not valid for"}.get(entry["error"], "not trusted")
        if words not in peer.text or (status == 0) != (entry["error"] == 0):
            wrong.append(f"{entry['name']}: {entry['outcome']}, but {peer.text.strip().splitlines()[-1]}")
        end.kill()
        peer.kill()
    check(not wrong, "; ".join(wrong))
