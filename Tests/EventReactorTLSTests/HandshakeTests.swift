import COpenSSL
import EventReactorTLS
import EventReactorTesting
import Synchronization
import TestSupport
import Testing

@Suite("TLS: the handshake, its settings, and how it fails")
struct HandshakeTests {
    @Test(arguments: [TLSVersion.tls12, .tls13])
    func bothVersionsWork(_ version: TLSVersion) throws {
        var client = Authority.clientSettings()
        (client.minimumVersion, client.maximumVersion) = (version, version)
        let pair = try Pair(client: client).connect()
        #expect(pair.exchange() == "ping")
        #expect(pair.clientEnd.info?.version == version)
        #expect(pair.serverEnd.info?.version == version)
        #expect(pair.server.tlsMetrics.versions == [version: 1])
        pair.close()
        #expect(pair.clientEnd.reason?.isClean == true)
        #expect(pair.serverEnd.reason?.isClean == true)
        #expect(pair.serverEnd.calls == ["made", "data", "readLost", "lost"])
    }

    @Test func versionsThatDoNotMeetAreRefusedOnBothSides() throws {
        var server = try Authority.serverSettings()
        server.minimumVersion = .tls13
        var client = Authority.clientSettings()
        client.maximumVersion = .tls12
        let pair = try Pair(server: server, client: client).connect()
        #expect(pair.clientError == .alertReceived(TLSAlert(rawValue: 70)))
        guard case .handshakeFailed(let alert, _)? = pair.serverEnd.tlsError else {
            Issue.record("\(String(describing: pair.serverEnd.reason))")
            return
        }
        #expect(alert == TLSAlert(rawValue: 70))
        #expect(pair.serverEnd.calls == ["lost"])
    }

    @Test(arguments: [TLSCipherSuite.aes128GCM, .aes256GCM, .chaCha20Poly1305])
    func aCipherSuiteIsChosen(_ suite: TLSCipherSuite) throws {
        var server = try Authority.serverSettings()
        server.cipherSuites = [suite]
        let pair = try Pair(server: server).connect()
        #expect(pair.clientEnd.info?.cipherSuite == suite)
        #expect(pair.exchange() == "ping")
    }

    @Test func groupsAreChosen() throws {
        var server = try Authority.serverSettings()
        server.groups = [.p384]
        #expect(try Pair(server: server).connect().exchange() == "ping")
        var client = Authority.clientSettings()
        client.groups = [.x25519]
        #expect(try Pair(server: server, client: client).connect().failure != nil)
    }

    @Test func applicationProtocolsAreAgreedOnByTheServersPreference() throws {
        var server = try Authority.serverSettings()
        server.applicationProtocols = ["h2", "http/1.1"]
        var client = Authority.clientSettings()
        client.applicationProtocols = ["http/1.1", "h2"]
        let pair = try Pair(server: server, client: client).connect()
        #expect(pair.clientEnd.info?.applicationProtocol == "h2")
        #expect(pair.serverEnd.info?.applicationProtocol == "h2")
        client.applicationProtocols = []
        #expect(try Pair(server: server, client: client).connect().clientEnd.info?.applicationProtocol == nil)
        client.applicationProtocols = ["gopher"]
        let refused = try Pair(server: server, client: client).connect()
        #expect(refused.clientError == .alertReceived(TLSAlert(rawValue: 120)))
        server.refusesUnknownProtocols = false
        let served = try Pair(server: server, client: client).connect()
        #expect(served.clientEnd.isMade)
        #expect(served.clientEnd.info?.applicationProtocol == nil)
    }

    @Test func theIdentityIsChosenByName() throws {
        var server = try Authority.serverSettings()
        let others = try ["a.test": Authority.identity("a.test"), "b.test": Authority.identity("b.test")]
        server.identityForServerName = { others[$0] }
        for name in ["a.test", "B.TEST", "localhost"] {
            let pair = try Pair(server: server, client: Authority.clientSettings(name)).connect()
            #expect(pair.clientEnd.isMade, "\(name): \(String(describing: pair.failure))")
            #expect(pair.serverEnd.info?.serverName == name)
        }
        // An address is verified, and not sent.
        let pair = try Pair(server: server, client: Authority.clientSettings("127.0.0.1")).connect()
        #expect(pair.serverEnd.info?.serverName == nil)
    }

    @Test func aReplacedIdentityIsShownToNewConnectionsAlone() throws {
        let server = try Authority.server()
        var client = Authority.clientSettings()
        // A resumed session has the certificate of its first handshake.
        client.sessions = nil
        let pair = try Pair(server: server, client: TLSClientContext(client))
        try pair.connect()
        let first = pair.clientEnd
        try server.replaceIdentity(with: Authority.identity("server-rsa"))
        #expect(pair.exchange() == "ping")
        try pair.connect()
        #expect(first.info?.peerCertificates.first != pair.clientEnd.info?.peerCertificates.first)
        #expect(first.reason == nil)
    }

    @Test func bothEndsDeriveTheSameKeyingMaterial() throws {
        let pair = try Pair().connect()
        let (server, client) = (pair.serverEnd.transport, pair.clientEnd.transport)
        let made = client.tlsKeyingMaterial(label: "EXPERIMENTAL test", byteCount: 32)
        #expect(made?.count == 32)
        #expect(made == server.tlsKeyingMaterial(label: "EXPERIMENTAL test", byteCount: 32))
        #expect(made != server.tlsKeyingMaterial(label: "EXPERIMENTAL test", context: [1], byteCount: 32))
        #expect(client.tlsKeyingMaterial(label: "EXPERIMENTAL test", byteCount: 0) == nil)
        pair.close()
        #expect(client.tlsKeyingMaterial(label: "EXPERIMENTAL test", byteCount: 32) == nil)
        #expect(client.tls == nil)
    }

    @Test func theKeyLogHasTheSecretsIfAskedFor() throws {
        let lines = Mutex<[String]>([])
        var server = try Authority.serverSettings()
        server.keyLog = { line in lines.withLock { $0.append(line) } }
        try Pair(server: server).connect()
        #expect(lines.withLock { $0.contains { $0.hasPrefix("SERVER_TRAFFIC_SECRET_0 ") } })
    }

    @Test func aStapledResponseReachesTheClientThatAsks() throws {
        let response: [UInt8] = [0x30, 0x03, 0x0a, 0x01, 0x00]
        var server = try Authority.serverSettings()
        server.stapledResponse = response
        var client = Authority.clientSettings()
        #expect(try Pair(server: server, client: client).connect().clientEnd.info?.stapledResponse == nil)
        client.requestsStapledResponse = true
        #expect(try Pair(server: server, client: client).connect().clientEnd.info?.stapledResponse == response)
    }

    @Test func slowGroupsAreOffByDefault() throws {
        var client = Authority.clientSettings()
        client.groups = [TLSGroup(rawValue: "ffdhe8192")]
        #expect(try Pair(client: client).connect().failure != nil)
    }
}
