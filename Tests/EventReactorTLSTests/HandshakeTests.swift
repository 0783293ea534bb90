import COpenSSL
import EventReactorTLS
import EventReactorTesting
import Synchronization
import TestSupport
import Testing

@Suite("TLS: the handshake, its settings, and how it fails")
struct HandshakeTests {
    private func server(_ change: (inout TLSServerSettings) -> Void = { _ in }) throws -> TLSServerContext {
        var settings = try Authority.serverSettings()
        change(&settings)
        return try TLSServerContext(settings)
    }

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
        let server = try server()
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

    // MARK: Failing

    @Test func aFailedHandshakeHasItsPeersAddress() throws {
        let network = SimulatedNetwork(seed: 1)
        let (end, client) = (Recorder(), Recorder())
        var peer: SocketAddress?
        end.onLost = { peer = $0.transport.peerAddress }
        client.onMade = { $0.transport.write("plain text") }
        try network.host("server").listen(.tcp(port: 7).tls(server())) { end }
        try network.host("client").connectTCP(host: "server", port: 7) { client }
        network.run { end.reason != nil }
        #expect(peer == client.transport.localAddress)
    }

    @Test func aHandshakeHasADeadline() throws {
        let context = try server { $0.handshakeTimeout = .seconds(10) }
        for bytes in [[], [UInt8(0x16), 3, 1]] {
            let end = Recorder()
            let transport = TestTransport(for: context.secured(end))
            transport.receive(bytes)
            transport.advance(by: .milliseconds(9_800))
            #expect(end.reason == nil)
            transport.advance(by: .seconds(1))
            #expect(end.tlsError == .handshakeTimedOut(after: .seconds(10)))
            #expect(end.calls == ["lost"])
            #expect(transport.isClosed)
        }
    }

    @Test func aClientsHandshakeHasADeadlineAndItsConnectorOne() throws {
        var settings = Authority.clientSettings()
        settings.handshakeTimeout = .seconds(5)
        let context = try TLSClientContext(settings)
        for (timeout, expected) in [
            (
                Duration.seconds(30),
                ConnectError.handshakeFailed(TLSError.handshakeTimedOut(after: .seconds(5)), with: "server:7")
            ),
            (.seconds(2), .timedOut(after: .seconds(2), to: "server:7")),
        ] {
            let network = SimulatedNetwork(seed: 1)
            try network.host("server").listenTCP(port: 7) { Recorder() }
            var failures: [ConnectError] = []
            try network.host("client").connect(.tcp(host: "server", port: 7, timeout: timeout).tls(context)) {
                Recorder()
            } onFailure: {
                failures.append($0)
            }
            network.runUntilIdle()
            #expect(failures == [expected])
            #expect(network.host("client").connectionCount == 0)
        }
    }

    @Test func aConnectorIsCancelledInTheHandshake() throws {
        let network = SimulatedNetwork(seed: 1)
        let server = Recorder()
        try network.host("server").listenTCP(port: 7) { server }
        var failures: [ConnectError] = []
        let connector = try network.host("client").connect(
            .tcp(host: "server", port: 7).tls(TLSClientContext(Authority.clientSettings()))
        ) {
            Recorder()
        } onFailure: {
            failures.append($0)
        }
        network.run { !server.received.isEmpty }
        #expect(connector.isConnecting)
        connector.cancel()
        connector.cancel()
        network.run { server.reason != nil }
        #expect(failures == [.cancelled(to: "server:7")])
        #expect(!connector.isConnecting)
        #expect(network.host("client").connectionCount == 0)
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "CONNECT x:443 HTTP/1.1\r\n\r\n", "EHLO x\r\n", "\0\0\0\0\0\0",
    ])
    func plaintextIsCalledSo(_ text: String) throws {
        let end = Recorder()
        let transport = TestTransport(for: try server().secured(end))
        transport.receive(text)
        transport.advance(by: .seconds(6))
        guard case .notTLS? = end.tlsError else {
            Issue.record("\(String(describing: end.reason))")
            return
        }
        #expect(transport.isClosed)
        #expect(transport.reactor.tlsMetrics.failures[.notTLS] == 1)
    }

    @Test func theAlertOfAFailedHandshakeReachesThePeer() throws {
        let peer = Peer(of: try server { $0.minimumVersion = .tls13 }, version: TLS1_2_VERSION)
        peer.send(peer.step())
        #expect(peer.transport.written.suffix(2) == [2, 70])
        #expect(peer.end.tlsError == .handshakeFailed(alert: TLSAlert(rawValue: 70), message: "unsupported protocol"))
    }

    /// Each prefix of each flight, then the end: a typed error, nothing else, and all is released.
    @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func anEndAtEachByteOfAHandshakeIsAnError(_ version: Int32) throws {
        let context = try server()
        let flights = handshake(with: context, version: version)
        let total = flights.reduce(0) { $0 + $1.count }
        for count in stride(from: 0, to: total, by: 7) {
            let peer = Peer(of: context, version: version)
            var left = count
            while left > 0 {
                let bytes = peer.step()
                guard !bytes.isEmpty else { break }
                peer.send(Array(bytes.prefix(left)))
                left -= min(left, bytes.count)
            }
            peer.transport.receiveEnd()
            #expect(peer.transport.isClosed, "after \(count) bytes")
            guard !peer.end.isMade else { continue }
            #expect(
                peer.end.tlsError == .closedInHandshake, "after \(count) bytes: \(String(describing: peer.end.reason))")
            #expect(peer.end.calls == ["lost"])
        }
    }

    /// One byte of the handshake is changed: nothing traps, and the connection is made or ends with a typed error.
    @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func aChangedByteOfAHandshakeIsAnError(_ version: Int32) throws {
        let context = try server()
        let total = handshake(with: context, version: version).reduce(0) { $0 + $1.count }
        for changed in stride(from: 0, to: total, by: 5) {
            let peer = Peer(of: context, version: version)
            var at = 0
            for _ in 0..<4 {
                var bytes = peer.step()
                guard !bytes.isEmpty else { break }
                if bytes.indices.contains(changed - at) { bytes[changed - at] ^= 0x55 }
                at += bytes.count
                peer.send(bytes)
            }
            if peer.end.isMade { continue }
            peer.transport.receiveEnd()
            peer.transport.advance(by: .seconds(100))
            #expect(peer.end.tlsError != nil, "byte \(changed): \(String(describing: peer.end.reason))")
            #expect(peer.transport.isClosed, "byte \(changed)")
        }
    }

    /// Bytes that a peer sends in a handshake, flight by flight.
    private func handshake(with context: TLSServerContext, version: Int32) -> [[UInt8]] {
        let peer = Peer(of: context, version: version)
        var flights: [[UInt8]] = []
        while unsafe SSL_is_init_finished(peer.ssl) == 0 {
            let bytes = peer.step()
            guard !bytes.isEmpty else { break }
            flights.append(bytes)
            peer.send(bytes)
        }
        return flights
    }

    @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func aHandshakeArrivesByteByByte(_ version: Int32) throws {
        let peer = Peer(of: try server(), version: version)
        peer.shakeHands(pieces: 1)
        peer.send(peer.encrypt("hello"), pieces: 1)
        #expect(peer.decryptText() == "hello")
        #expect(peer.end.calls == ["made", "data"])
    }

    @Test func handshakesUnderWayAreBoundedAndTheOthersWait() throws {
        let context = try server { $0.handshakesUnderWay = 2 }
        let network = SimulatedNetwork(seed: 3)
        let reactor = network.host("server")
        var ends: [Recorder] = []
        try reactor.listen(.tcp(port: 7).tls(context)) {
            ends.append(.echo())
            return ends.last
        }
        // Two that begin and never go on.
        let stuck = [Recorder(), Recorder()]
        for end in stuck {
            end.onMade = { $0.transport.write([0x16, 3, 1]) }
            try network.host("client").connectTCP(host: "server", port: 7) { end }
        }
        network.run { ends.count == 2 }
        network.advance(by: .seconds(1))
        let client = Recorder()
        client.onMade = { $0.transport.write("hello") }
        var failure: ConnectError?
        try network.host("client").connect(
            .tcp(host: "server", port: 7).tls(TLSClientContext(Authority.clientSettings()))
        ) {
            client
        } onFailure: {
            failure = $0
        }
        network.advance(by: .seconds(5))
        #expect(client.calls.isEmpty)
        #expect(reactor.tlsMetrics.begun == 2)
        stuck[0].transport.abortConnection()
        network.run { client.text == "hello" || failure != nil }
        #expect(client.text == "hello")
    }

    @Test func aServerThatRefusesByAddressBeginsNoHandshake() throws {
        let network = SimulatedNetwork(seed: 1)
        try network.host("server").listen(.tcp(port: 7).tls(server())) { nil }
        var failure: ConnectError?
        try network.host("client").connect(
            .tcp(host: "server", port: 7).tls(TLSClientContext(Authority.clientSettings()))
        ) {
            Recorder()
        } onFailure: {
            failure = $0
        }
        network.run { failure != nil }
        #expect(network.host("server").tlsMetrics.begun == 0)
    }
}
