import COpenSSL
import EventReactorTLS
import EventReactorTesting
import TestSupport
import Testing

@Suite("TLS: how the handshake fails, and what bounds it")
struct HandshakeFailureTests {
    @Test func aFailedHandshakeHasItsPeersAddress() throws {
        let network = SimulatedNetwork(seed: 1)
        let (end, client) = (Recorder(), Recorder())
        var peer: SocketAddress?
        end.onLost = { peer = $0.transport.peerAddress }
        client.onMade = { $0.transport.write("plain text") }
        try network.host("server").listen(.tcp(port: 7).tls(Authority.server())) { end }
        try network.host("client").connectTCP(host: "server", port: 7) { client }
        network.run { end.reason != nil }
        #expect(peer == client.transport.localAddress)
    }

    @Test func aHandshakeHasADeadline() throws {
        let context = try Authority.server { $0.handshakeTimeout = .seconds(10) }
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
        let transport = TestTransport(for: try Authority.server().secured(end))
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
        let peer = Peer(of: try Authority.server { $0.minimumVersion = .tls13 }, version: TLS1_2_VERSION)
        peer.send(peer.step())
        #expect(peer.transport.written.suffix(2) == [2, 70])
        #expect(peer.end.tlsError == .handshakeFailed(alert: TLSAlert(rawValue: 70), message: "unsupported protocol"))
    }

    /// Each prefix of each flight, then the end: a typed error, nothing else, and all is released.
    @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func anEndAtEachByteOfAHandshakeIsAnError(_ version: Int32) throws {
        let context = try Authority.server()
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
        let context = try Authority.server()
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
        let peer = Peer(of: try Authority.server(), version: version)
        peer.shakeHands(pieces: 1)
        peer.send(peer.encrypt("hello"), pieces: 1)
        #expect(peer.decryptText() == "hello")
        #expect(peer.end.calls == ["made", "data"])
    }

    @Test func handshakesUnderWayAreBoundedAndTheOthersWait() throws {
        let context = try Authority.server { $0.handshakesUnderWay = 2 }
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

    @Test func aListenersExcessConnectionsSpeakTLSToo() throws {
        let network = SimulatedNetwork(seed: 1)
        var options = ListenOptions()
        options.limits.total = 1
        options.limits.excess = .close
        let port = try network.host("server").listen(.tcp(port: 7).tls(Authority.server()), options: options) {
            Recorder()
        }
        port.onExcess = { _ in
            let busy = Recorder()
            busy.onMade = { $0.transport.write("busy") }
            return busy
        }
        let context = try TLSClientContext(Authority.clientSettings())
        let clients = [Recorder(), Recorder()]
        for client in clients {
            try network.host("client").connect(.tcp(host: "server", port: 7).tls(context)) { client }
            network.run { client.isMade }
        }
        network.run { clients[1].text == "busy" }
        #expect(clients[1].text == "busy")
        #expect(clients[0].received.isEmpty)
    }

    @Test func aServerThatRefusesByAddressBeginsNoHandshake() throws {
        let network = SimulatedNetwork(seed: 1)
        try network.host("server").listen(.tcp(port: 7).tls(Authority.server())) { nil }
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
