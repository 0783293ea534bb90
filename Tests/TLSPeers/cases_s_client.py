"""`openssl s_client` against the library's servers, in each version of TLS."""

import re

from harness import case, check, echo, file, pattern, scratch, server
from s_client import VERSIONS, check_name, closed, quit_well, refused, s_client, say_hello

BIG = 8 << 20
# Nothing but the data at its output; without a name in the hello it would complain there.
BINARY = ("-quiet", "-nocommands", "-verify_quiet", "-servername", "localhost")

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
            # With another name no session is resumed, as RFC 6066 has it.
            peer = s_client(end.port, flag, "-servername", "b.test", "-sess_in", session, name=name)
            if options:
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

    @case(f"s_client-cert-of-other-settings-{label}")
    def _(flag=flag, version=version):
        # A session of a port that asks for no certificate does not stand for one at a port that requires it.
        end = server("--client-cert=require", f"--trust={file('root.pem')}", "--open-port")
        session = scratch("session")
        open_port = re.search(r"open at \S*:(\d+)", end.text)[1]
        peer = s_client(open_port, flag, "-sess_out", session)
        say_hello(peer)
        quit_well(peer)
        closed(end)
        peer = s_client(end.port, flag, "-sess_in", session)
        peer.say("hello\n")
        end.expect("agreed|lost")
        check("resumed yes" not in end.text, "a session without a certificate is resumed")
        end.expect("not trusted: no certificate")

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
        for group in ("X25519", "P-256", "P-384"):
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
