import EventReactorTLS
import TestSupport
import Testing

@Suite("TLS: identities and trust are checked as they are loaded")
struct IdentityTests {
    @Test(arguments: ["server", "server-rsa", "server-root", "other", "client"])
    func aGoodIdentityLoads(_ name: String) throws {
        let identity = try Authority.identity(name)
        #expect(!identity.certificates.isEmpty)
        #expect(try #require(identity.validity).contains(1_800_000_000))
    }

    @Test func aChainHasTheCertificatesOfItsFile() throws {
        #expect(try Authority.identity().certificates.count == 2)
        #expect(try Authority.identity("server-root").certificates.count == 1)
    }

    @Test func anEncryptedKeyNeedsItsPassphrase() throws {
        let chain = TestAuthority.path("server.pem")
        for key in ["server-encrypted.key", "server-legacy-encrypted.key"] {
            let key = TestAuthority.path(key)
            #expect(throws: Never.self) { try TLSIdentity.pem(chain: chain, key: key, passphrase: "secret") }
            let missing = #expect(throws: TLSError.self) { try TLSIdentity.pem(chain: chain, key: key) }
            #expect(missing?.description.contains("no passphrase was given") == true)
            #expect(throws: TLSError.self) { try TLSIdentity.pem(chain: chain, key: key, passphrase: "wrong") }
        }
    }

    @Test func pkcs12LoadsWithItsPassphraseAlone() throws {
        let path = TestAuthority.path("server.p12")
        let identity = try TLSIdentity.pkcs12(path: path, passphrase: "secret")
        #expect(try identity.certificates == Authority.identity().certificates)
        #expect(throws: TLSError.self) { try TLSIdentity.pkcs12(path: path, passphrase: "wrong") }
        #expect(throws: TLSError.self) { try TLSIdentity.pkcs12(bytes: [1, 2, 3], passphrase: "") }
        #expect(throws: TLSError.self) { try TLSIdentity.pkcs12(bytes: [], passphrase: "") }
    }

    @Test func aKeyOfAnotherCertificateIsRefused() {
        let error = #expect(throws: TLSError.self) { try Authority.identity("server", key: "other") }
        #expect(error?.description.contains("does not belong to the certificate") == true)
    }

    @Test func aChainInTheWrongOrderIsRefused() {
        let error = #expect(throws: TLSError.self) { try Authority.identity("bad/reversed") }
        #expect(error?.description.contains("first of the chain") == true)
        let unrelated = #expect(throws: TLSError.self) { try Authority.identity("bad/extra-unrelated") }
        #expect(unrelated?.description.contains("out of order") == true)
    }

    @Test(arguments: [
        "truncated", "truncated-intermediate", "empty", "not-pem", "garbage", "garbage-base64", "key-mismatch",
        "key-type-mismatch", "key-missing", "key-truncated", "two-keys-wrong-first", "nowhere",
    ])
    func whatIsNoIdentityIsRefused(_ name: String) {
        #expect(throws: TLSError.self) { try Authority.identity("bad/" + name) }
    }

    @Test(arguments: ["weak-rsa-1024", "sha1-signature", "md5-signature"])
    func aWeakCertificateIsRefused(_ name: String) throws {
        let identity = try Authority.identity("bad/" + name)
        let error = #expect(throws: TLSError.self) { try TLSServerContext(identity: identity) }
        guard case .badIdentity = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func trustThatCannotBeLoadedIsRefused() {
        for trust in [
            TLSTrust.files(["/nowhere"]), .files([TestAuthority.path("server.key")]), .pem([]), .pem(Array("x".utf8)),
        ] {
            var settings = TLSClientSettings()
            settings.trust = trust
            let error = #expect(throws: TLSError.self) { try TLSClientContext(settings) }
            guard case .badTrust = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
        }
    }

    @Test func theSystemsTrustLoads() {
        #expect(throws: Never.self) { try TLSClientContext() }
    }

    @Test func settingsThatCannotBeAreRefused() throws {
        var server = try Authority.serverSettings()
        server.ticketCount = 17
        #expect(throws: TLSError.self) { try TLSServerContext(server) }
        server.ticketCount = 1
        server.applicationProtocols = [""]
        #expect(throws: TLSError.self) { try TLSServerContext(server) }
        server.applicationProtocols = [String(repeating: "x", count: 256)]
        #expect(throws: TLSError.self) { try TLSServerContext(server) }
        server.applicationProtocols = []
        server.minimumVersion = .tls13
        server.maximumVersion = .tls12
        #expect(throws: TLSError.self) { try TLSServerContext(server) }
        var client = TLSClientSettings()
        client.cipherSuites = [TLSCipherSuite(rawValue: "NONE_SUCH")]
        #expect(throws: TLSError.self) { try TLSClientContext(client) }
        client.cipherSuites = [TLSCipherSuite(rawValue: "TLS_NONE_SUCH")]
        #expect(throws: TLSError.self) { try TLSClientContext(client) }
        client.cipherSuites = nil
        client.groups = [TLSGroup(rawValue: "none")]
        #expect(throws: TLSError.self) { try TLSClientContext(client) }
        #expect(throws: TLSError.self) { try TLSTicketKeys(exported: [1, 2, 3]) }
        #expect(throws: TLSError.self) { try TLSTicketKeys(exported: []) }
    }

    @Test(arguments: [
        "", ".", ".example.test", "*.example.test", "a..b", "-\u{e4}.test", "127.1", "1", "a b", "a\0b",
        String(repeating: "a", count: 64) + ".test", String(repeating: "a.", count: 127) + "test",
    ])
    func aNameThatNoServerCanHaveIsRefused(_ name: String) {
        #expect(throws: TLSError.invalidServerName(name)) {
            try TLSClientContext(Authority.clientSettings(name))
        }
    }
}
