import COpenSSL
import EventReactorTLS
import EventReactorTesting
import TestSupport
import Testing

@Suite("TLS: who is verified")
struct VerificationTests {
    /// A server's certificate that a client has to refuse, and the kind of the reason.
    struct Bad: Sendable, CustomTestStringConvertible {
        let name: String
        let kind: TLSVerifyFailure.Kind
        let trust: String
        var testDescription: String { name }

        init(_ name: String, _ kind: TLSVerifyFailure.Kind, trust: String = "root.pem") {
            self.name = name
            self.kind = kind
            self.trust = trust
        }
    }

    @Test(arguments: [
        Bad("expired", .expired), Bad("not-yet-valid", .notYetValid), Bad("expired-intermediate", .expired),
        Bad("expired-root", .expired, trust: "bad/expired-root-trust.pem"), Bad("self-signed", .selfSigned),
        Bad("unknown-authority", .unknownIssuer), Bad("unknown-authority-without-root", .unknownIssuer),
        Bad("missing-intermediate", .unknownIssuer), Bad("client-usage-only", .wrongUse),
        Bad("no-server-usage", .wrongUse), Bad("not-an-authority", .constraint),
        Bad("version-1-authority", .constraint),
        Bad("path-length", .constraint), Bad("name-constraint", .constraint, trust: "name-constraint-trust.pem"),
        Bad("excluded-name", .constraint), Bad("critical-unknown-extension", .constraint),
        Bad("bad-signature", .badSignature),
    ])
    func aBadCertificateIsRefusedForItsReason(_ bad: Bad) throws {
        var client = Authority.clientSettings()
        client.trust = .files([TestAuthority.path(bad.trust)])
        let pair = try Pair(server: TLSServerSettings(identity: Authority.identity("bad/" + bad.name)), client: client)
        try pair.connect()
        guard case .untrusted(let failure)? = pair.clientError else {
            Issue.record("\(String(describing: pair.failure))")
            return
        }
        #expect(failure.kind == bad.kind, "\(failure)")
        #expect(!pair.clientEnd.isMade)
        // The server is told by an alert.
        pair.network.run { pair.serverEnd.reason != nil }
        guard case .alertReceived? = pair.serverEnd.tlsError else {
            Issue.record("\(String(describing: pair.serverEnd.reason))")
            return
        }
    }

    @Test func aCertificateThatNoCipherSuiteHasFailsTheHandshake() throws {
        let pair = try Pair(server: TLSServerSettings(identity: Authority.identity("bad/dsa"))).connect()
        #expect(pair.clientError != nil)
        pair.network.run { pair.serverEnd.reason != nil }
        #expect(pair.serverEnd.tlsError != nil)
    }

    @Test(arguments: [("huge-chain", "localhost"), ("two-keys", "localhost")])
    func anOddCertificateIsAccepted(_ name: String, _ host: String) throws {
        let pair = try Pair(
            server: TLSServerSettings(identity: Authority.identity("bad/" + name)),
            client: Authority.clientSettings(host)
        ).connect()
        #expect(pair.exchange() == "ping")
    }

    @Test func anAlternateChainToATrustedRootIsFound() throws {
        var client = Authority.clientSettings()
        client.trust = .files([TestAuthority.path("alternate-trust.pem")])
        let pair = try Pair(server: TLSServerSettings(identity: Authority.identity("alternate-chain")), client: client)
        #expect(try pair.connect().exchange() == "ping")
    }

    @Test(arguments: [
        ("wrong-name", "localhost"), ("common-name-only", "localhost"), ("common-name-mismatch-san", "localhost"),
        ("partial-wildcard", "foo.example.test"), ("partial-wildcard-localhost", "localhost"),
        ("bare-wildcard", "localhost"), ("double-wildcard", "www.example.test"), ("top-wildcard", "example.test"),
        ("deep-wildcard", "a.b.example.test"), ("ip-as-dns", "127.0.0.1"), ("ip-wrong", "127.0.0.1"),
        ("null-byte-in-name", "localhost"), ("very-long-name", "localhost"), ("version-1", "localhost"),
    ])
    func aCertificateForAnotherNameIsRefused(_ name: String, _ host: String) throws {
        let pair = try Pair(
            server: TLSServerSettings(identity: Authority.identity("bad/" + name)),
            client: Authority.clientSettings(host))
        try pair.connect()
        #expect(pair.clientError == .wrongName(expected: host))
    }

    @Test(arguments: ["localhost", "LOCALHOST", "localhost.", "127.0.0.1", "::1", "example.test", "a.example.test"])
    func aNameOfTheCertificateIsAccepted(_ name: String) throws {
        let pair = try Pair(client: Authority.clientSettings(name)).connect()
        #expect(pair.clientEnd.isMade, "\(String(describing: pair.failure))")
        #expect(pair.exchange() == "ping")
    }

    @Test(arguments: ["a.b.example.test", "127.0.0.2", "::2", "test", "localhost.example"])
    func anotherNameIsNot(_ name: String) throws {
        let pair = try Pair(client: Authority.clientSettings(name)).connect()
        #expect(pair.clientError == .wrongName(expected: name))
    }

    @Test func theHostOfTheEndpointIsTheName() throws {
        var client = Authority.clientSettings()
        client.serverName = nil
        let pair = try Pair(client: client).connect()
        #expect(pair.clientError == .wrongName(expected: "server"))
    }

    @Test func theChainAloneOrNothingIsVerifiedIfAskedFor() throws {
        var client = Authority.clientSettings("other.invalid")
        client.verification = .chainOnly
        #expect(try Pair(client: client).connect().clientEnd.isMade)
        client.trust = .files([TestAuthority.path("rogue-root.pem")])
        #expect(try !Pair(client: client).connect().clientEnd.isMade)
        client.verification = .unsafelyNone
        #expect(try Pair(client: client).connect().clientEnd.isMade)
    }

    @Test func aClientShowsItsCertificateIfAsked() throws {
        var server = try Authority.serverSettings()
        var client = Authority.clientSettings()
        client.identity = try Authority.identity("client")
        #expect(try Pair(server: server, client: client).connect().serverEnd.info?.peerCertificates == [])
        for asked in [TLSServerSettings.ClientCertificates.request(Authority.trust), .require(Authority.trust)] {
            server.clientCertificates = asked
            let pair = try Pair(server: server, client: client).connect()
            #expect(pair.serverEnd.info?.peerCertificates.first == client.identity?.certificates.first)
            #expect(pair.exchange() == "ping")
        }
    }

    @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func aServerNamesAllAuthoritiesWhoseCertificatesItAccepts(_ version: Int32) throws {
        let text = unsafe try #require(BIO_new_file(TestAuthority.path("client.pem"), "r"))
        defer { unsafe BIO_free(text) }
        var pem = [UInt8](repeating: 0, count: 65536)
        pem.removeLast(65536 - Int(unsafe BIO_read(text, &pem, 65536)))
        let files = ["root.pem", "rogue-root.pem"].map(TestAuthority.path)
        let server = try Authority.server { $0.clientCertificates = .request(TLSTrust(files: files, pem: [pem])) }
        let peer = Peer(of: server, version: version)
        peer.shakeHands()
        let names = unsafe SSL_get_client_CA_list(peer.ssl)
        // Each file has one certificate, the text a leaf and its authority.
        #expect(unsafe OPENSSL_sk_num(names) == 4)
    }

    @Test func aClientWithoutACertificateIsRefusedIfOneIsRequired() throws {
        var server = try Authority.serverSettings()
        server.clientCertificates = .request(Authority.trust)
        #expect(try Pair(server: server).connect().exchange() == "ping")
        server.clientCertificates = .require(Authority.trust)
        let pair = try Pair(server: server).connect()
        pair.network.run { pair.serverEnd.reason != nil }
        guard case .untrusted(let failure)? = pair.serverEnd.tlsError else {
            Issue.record("\(String(describing: pair.serverEnd.reason))")
            return
        }
        #expect(failure.kind == .missing)
        // TLS 1.3 lets the client go on until the alert arrives.
        pair.network.run { pair.clientEnd.reason != nil }
        #expect(pair.clientEnd.tlsError == .alertReceived(TLSAlert(rawValue: 116)))
        #expect(!pair.serverEnd.isMade)
    }

    @Test(arguments: ["client-untrusted", "client-expired", "client-server-usage"])
    func aClientsBadCertificateIsRefused(_ name: String) throws {
        var server = try Authority.serverSettings()
        server.clientCertificates = .request(Authority.trust)
        var client = Authority.clientSettings()
        client.identity = try Authority.identity(name)
        let pair = try Pair(server: server, client: client).connect()
        pair.network.run { pair.serverEnd.reason != nil }
        guard case .untrusted? = pair.serverEnd.tlsError else {
            Issue.record("\(String(describing: pair.serverEnd.reason))")
            return
        }
    }
}
