"""`openssl s_server` for the library's clients."""

import re

from harness import Setting, case, check, checksum, client, example_client, file, pattern, scratch
from s_server import VERSIONS, refuses, reversing, s_server, talk

BIG = 8 << 20

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

    @case(f"s_server-session-of-other-settings-{label}")
    def _(flag=flag, version=version):
        # A session says nothing of a verification that was not made, or that was made of another name.
        end, port = reversing(flag, identity="bad/self-signed")
        refuses(client(port, "--first-insecure", "--times=2", "--send=hello\n", "--until=6"), "not trusted")
        end, port = reversing(flag)
        refuses(client(port, "--first-name=example.test", "--name=other.test", "--times=2", "--send=hello\n",
                       "--until=6"), "not valid for .*other.test")

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
