"""GnuTLS's gnutls-cli and gnutls-serv."""

import re

from harness import Program, case, check, check_alive, client, echo, example_client, file, scratch, server

ONLY = {"tls1_2": ("--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.2"),
        "tls1_3": ("--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.3")}


def gnutls_cli(port, *options, host="localhost"):
    return Program("gnutls-cli", "--x509cafile", file("root.pem"), "-p", port, *options, host)


def say_hello(peer, text="hello"):
    peer.expect("Simple Client Mode")
    talk(peer, text)


def talk(peer, text):
    peer.say(text + "\n")
    peer.expect(f"(?m)^{re.escape(text)}$")


def end_well(peer):
    status = peer.end()
    check(status == 0, f"gnutls-cli ended with {status}")


def identity(name):
    return "--x509certfile", file(f"{name}.pem"), "--x509keyfile", file(f"{name}.key")


def gnutls_serv(*options, name="server"):
    end = Program("gnutls-serv", "-p", "0", *identity(name), *options)
    end.expect("listening on IPv4.*done")
    return end


def exchange(port, *options):
    """A client that has a line echoed, and closes; its output."""
    peer = client(port, "--send=hello\n", "--until=6", "--text", *options)
    status = peer.finish()
    check(status == 0 and "text: hello" in peer.text, f"the client ended with {status}")
    return peer.text


def refuses(peer, words):
    status = peer.finish()
    check(re.search(words, peer.text), f"the client does not say {words!r}")
    check(status == 1, f"the client ended with {status}")


for label, only in ONLY.items():

    @case(f"gnutls-cli-{label}")
    def _(only=only):
        end = server()
        peer = gnutls_cli(end.port, *only)
        say_hello(peer)
        end_well(peer)
        check("The certificate is trusted" in peer.text, "it is not verified")
        end.expect("lost: .*in order")

    @case(f"gnutls-cli-resume-{label}")
    def _(only=only):
        end = server()
        peer = gnutls_cli(end.port, "-r", "--waitresumption", *only)
        say_hello(peer)
        end_well(peer)
        check("This is a resumed session" in peer.text, "it is not resumed")
        end.expect("resumed no")
        end.expect("resumed yes")
        end = server("--tickets=0")
        peer = gnutls_cli(end.port, "-r", *only)
        say_hello(peer)
        end_well(peer)
        check("This is a resumed session" not in peer.text, "it is resumed without tickets")

    @case(f"gnutls-cli-cert-{label}")
    def _(only=only):
        end = server("--client-cert=require", f"--trust={file('root.pem')}")
        peer = gnutls_cli(end.port, *only, *identity("client"))
        say_hello(peer)
        end_well(peer)
        end.expect("certificates [1-9]")
        peer = gnutls_cli(end.port, *only)
        peer.finish()
        check(re.search("Certificate is required|Handshake failed", peer.text), "there is no alert")
        end.expect("lost: .*no certificate was sent")

    @case(f"gnutls-cli-alpn-{label}")
    def _(only=only):
        end = server("--alpn=h2,http/1.1")
        peer = gnutls_cli(end.port, "--alpn", "http/1.1", *only)
        say_hello(peer)
        end_well(peer)
        end.expect("alpn http/1.1")
        peer = gnutls_cli(end.port, "--alpn", "spdy", *only)
        peer.finish()
        check("No supported application protocol" in peer.text, "there is no alert")

    @case(f"gnutls-cli-recordsize-{label}")
    def _(only=only):
        end = echo()
        peer = gnutls_cli(end.port, "--recordsize", "512", *only)
        peer.expect("Simple Client Mode:\\s+")
        line = "x" * 500  # gnutls-cli sends one record of a line, and drops the rest.
        for _ in range(20):
            talk(peer, line)
        end_well(peer)

    @case(f"gnutls-cli-ocsp-{label}")
    def _(only=only):
        end = server(f"--staple={file('ocsp-good.der')}")
        saved = scratch("response")
        peer = gnutls_cli(end.port, "--save-ocsp", saved, *only)
        say_hello(peer)
        end_well(peer)
        check("OCSP" in peer.text and saved.exists(), "there is no response")

    @case(f"gnutls-cli-starttls-{label}")
    def _(only=only):
        end = server("--serve=start-tls")
        peer = gnutls_cli(end.port, "--starttls-proto", "smtp", *only)
        say_hello(peer)
        end_well(peer)
        end.expect("agreed")
        end.expect("lost: .*in order")

    @case(f"gnutls-serv-{label}")
    def _(only=only, label=label):
        end = gnutls_serv("--echo", *only)
        version = label.replace("tls", "TLS ").replace("_", ".")
        check(f"agreed: {version}" in exchange(end.port), f"it is not {version}")

    @case(f"gnutls-serv-http-{label}")
    def _(only=only):
        end = gnutls_serv("--http", *only)
        peer = example_client(end.port)
        status = peer.finish()
        check(status == 0 and "</HTML>" in peer.text.upper(), f"TLSClient ended with {status}")

    @case(f"gnutls-serv-resumption-{label}")
    def _(only=only):
        end = gnutls_serv("--echo", *only)
        resumed = re.findall(r"resumed (\w+)", exchange(end.port, "--times=3"))
        check(resumed == ["no", "yes", "yes"], f"resumed: {resumed}")
        end = gnutls_serv("--echo", "--noticket", "--nodb", *only)
        resumed = re.findall(r"resumed (\w+)", exchange(end.port, "--times=2"))
        check(resumed == ["no", "no"], f"resumed without tickets: {resumed}")

    @case(f"gnutls-serv-require-client-cert-{label}")
    def _(only=only):
        end = gnutls_serv("--echo", "--require-client-cert", "--verify-client-cert", "--x509cafile", file("root.pem"),
                          *only)
        exchange(end.port, f"--cert={file('client.pem')}", f"--key={file('client.key')}")
        refuses(client(end.port, "--send=hello\n"), "the peer ended TLS with the alert")

    @case(f"gnutls-serv-alpn-{label}")
    def _(only=only):
        end = gnutls_serv("--echo", "--alpn", "h2", "--alpn-fatal", *only)
        check("alpn h2" in exchange(end.port, "--alpn=http/1.1,h2"), "h2 is not agreed on")
        refuses(client(end.port, "--alpn=spdy"), "alert no_application_protocol")

    @case(f"gnutls-serv-certificates-{label}")
    def _(only=only):
        for name, words in [("bad/expired", "expired"), ("bad/wrong-name", "not valid for"),
                            ("bad/self-signed", "self.signed"), ("bad/missing-intermediate", "local issuer")]:
            end = gnutls_serv("--echo", *only, name=name)
            refuses(client(end.port), words)

    @case(f"gnutls-serv-big-{label}")
    def _(only=only):
        # It echoes a part of each line only: so lines are short.
        end = gnutls_serv("--echo", *only)
        text = "".join(f"line {number}\n" for number in range(5000))
        peer = client(end.port, f"--send={text}", f"--until={len(text)}")
        check(peer.finish() == 0, "the client failed")


@case("gnutls-cli-groups")
def _():
    end = echo()
    for group in ("X25519", "SECP256R1", "SECP384R1"):
        peer = gnutls_cli(end.port, "--priority", f"NORMAL:-GROUP-ALL:+GROUP-{group}", "--single-key-share")
        say_hello(peer)
        end_well(peer)
    end = server("--groups=P-384")  # A second hello.
    peer = gnutls_cli(end.port, "--single-key-share")
    say_hello(peer)
    end_well(peer)


@case("gnutls-cli-rekey")
def _():
    end = server()
    peer = gnutls_cli(end.port, "--inline-commands", *ONLY["tls1_3"])
    say_hello(peer)
    for number in range(5):
        peer.say("^rekey^\n")
        peer.expect("Rekey was completed")
        talk(peer, f"hello {number}")
    end_well(peer)
    end.expect("lost: .*in order")


@case("gnutls-cli-rehandshake")
def _():
    end = server()
    peer = gnutls_cli(end.port, "-e", *ONLY["tls1_2"])
    peer.finish()
    check("No renegotiation is allowed" in peer.text and "agreed" in end.text, "it is not refused")
    check_alive(end)


@case("gnutls-cli-names")
def _():
    end = server(f"--name=a.test:{file('a.test.pem')}:{file('a.test.key')}")
    peer = gnutls_cli(end.port, "--sni-hostname", "a.test", "--verify-hostname", "a.test")
    say_hello(peer)
    end_well(peer)
    end.expect("name a.test")
    peer = gnutls_cli(end.port, "--disable-sni")
    say_hello(peer)
    end_well(peer)
    end.expect("name none")


@case("gnutls-cli-old-versions")
def _():
    end = server()
    peer = gnutls_cli(end.port, "--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.1:%COMPAT")
    peer.finish()
    check("protocol version" in peer.text, "there is no alert")
    end.expect("lost: .*protocol")
