import EventReactorTesting
import Glibc
import Testing

@Suite("SimulatedNetwork")
struct SimulatedNetworkTests {
    @Test func addressesAgreeCrosswiseAndAreNumbers() throws {
        let pair = try Pair()
        pair.connect()
        #expect(pair.clientEnd.transport.localAddress.description == "10.0.0.1:49152")
        #expect(pair.clientEnd.transport.peerAddress.description == "10.0.0.2:7")
        #expect(pair.serverEnd.transport.peerAddress == pair.clientEnd.transport.localAddress)
        #expect(pair.serverEnd.transport.localAddress == pair.clientEnd.transport.peerAddress)
    }

    @Test func whoPausesBehindThePeersEndGetsEverything() throws {
        let network = SimulatedNetwork(seed: 1)
        var configuration = ReactorConfiguration()
        configuration.receiveBufferSize = 10_000
        let server = network.host("server", configuration: configuration)
        let receiver = Recorder()
        let sender = Recorder()
        try server.listenTCP(port: 7) { receiver }
        try network.host("client").connectTCP(host: "server", port: 7) { sender }
        sender.onMade = {
            $0.transport.write([UInt8](repeating: 1, count: 60_000))
            $0.transport.loseConnection()
        }
        receiver.onData = { [unowned server] receiver, _ in
            receiver.transport.pauseReading()
            server.callLater(.milliseconds(10)) { receiver.transport.resumeReading() }
        }
        network.runUntilIdle()
        #expect(receiver.received.count == 60_000)
        #expect(receiver.reason?.isClean == true)
    }

    @Test func oneWriteArrivesAsOnePieceWithoutFaults() throws {
        let pair = try Pair()
        pair.connect()
        for text in ["one", "two"] {
            pair.clientEnd.transport.write(text)
            pair.network.advance(by: .milliseconds(10))
        }
        #expect(pair.serverEnd.pieces == ["one", "two"].map { Array($0.utf8) })
    }

    @Test func latencyDelaysEachWay() throws {
        let pair = try Pair()
        pair.network.setLink(pair.client, pair.server, LinkConditions(latency: .milliseconds(100)))
        pair.network.advance(by: .milliseconds(199))
        #expect(pair.clientEnd.calls.isEmpty)
        pair.network.advance(by: .milliseconds(1))
        #expect(pair.clientEnd.calls == ["made"])
        pair.clientEnd.transport.write("x")
        pair.network.advance(by: .milliseconds(99))
        #expect(pair.serverEnd.text.isEmpty)
        pair.network.advance(by: .milliseconds(1))
        #expect(pair.serverEnd.text == "x")
    }

    @Test func bandwidthBoundsWhatArrivesInASecond() throws {
        let pair = try Pair()
        pair.network.setLink(pair.client, pair.server, LinkConditions(latency: .zero, bandwidth: 10_000))
        pair.connect()
        pair.clientEnd.transport.write([UInt8](repeating: 0, count: 100_000))
        pair.network.advance(by: .milliseconds(9_900))
        #expect(pair.serverEnd.received.count < 100_000)
        pair.network.advance(by: .milliseconds(200))
        #expect(pair.serverEnd.received.count == 100_000)
    }

    @Test func buffersAreFiniteSoThatAPausedPeerIsFelt() throws {
        let pair = try Pair()
        pair.serverEnd.onMade = { $0.transport.pauseReading() }
        pair.connect()
        pair.clientEnd.transport.write([UInt8](repeating: 7, count: 1_000_000))
        pair.network.advance(by: .seconds(100))
        #expect(pair.clientEnd.calls == ["made", "pause"])
        #expect(pair.clientEnd.transport.bufferedByteCount == 1_000_000 - 2 * 65_536)
        pair.serverEnd.transport.resumeReading()
        pair.network.advance(by: .seconds(100))
        #expect(pair.serverEnd.received.count == 1_000_000)
        #expect(pair.clientEnd.calls == ["made", "pause", "resume"])
    }

    @Test func lostPacketsAreSentAgain() throws {
        let pair = try Pair()
        pair.network.setLink(pair.client, pair.server, LinkConditions(lossRate: 0.3))
        pair.network.run { pair.clientEnd.calls == ["made"] }
        let bytes = pair.network.random.bytes(count: 100_000)
        pair.clientEnd.transport.write(bytes)
        pair.clientEnd.transport.loseConnection()
        pair.network.runUntilIdle()
        #expect(pair.serverEnd.received == bytes && pair.serverEnd.isDone && pair.clientEnd.isDone)
        #expect(pair.network.trace.contains("sends again"))
    }

    @Test func aPartitionThatHealsInTimeLosesNothing() throws {
        let pair = try Pair()
        pair.connect()
        pair.network.partition(pair.client, pair.server)
        pair.clientEnd.transport.write("late")
        pair.network.advance(by: .seconds(30))
        #expect(pair.serverEnd.text.isEmpty)
        pair.network.heal(pair.client, pair.server)
        pair.network.advance(by: .seconds(60))
        #expect(pair.serverEnd.text == "late" && pair.clientEnd.reason == nil)
    }

    @Test func aSilentLossIsToldToWhoeverCanKnow() throws {
        let pair = try Pair()
        pair.network.retransmissionTimeout = .seconds(60)
        pair.connect()
        pair.network.silenceConnections(between: pair.client, pair.server)
        pair.clientEnd.transport.write("unheard")
        pair.network.advance(by: .seconds(59))
        #expect(pair.clientEnd.reason == nil)
        pair.network.advance(by: .seconds(2))
        #expect(pair.clientEnd.code == ETIMEDOUT)
        pair.network.runUntilIdle()
        #expect(pair.serverEnd.reason == nil)
    }

    @Test func keepAliveProbesFindASilentLoss() throws {
        let pair = try Pair()
        pair.connect()
        pair.serverEnd.transport.setKeepAlive(idle: .seconds(10), interval: .seconds(2), count: 3)
        pair.network.advance(by: .seconds(100))
        #expect(pair.serverEnd.reason == nil)
        pair.network.silenceConnections(between: pair.client, pair.server)
        pair.network.advance(by: .seconds(20))
        #expect(pair.serverEnd.code == ETIMEDOUT)
    }

    @Test func aResetOnTheWayIsToldToBoth() throws {
        let pair = try Pair()
        pair.connect()
        pair.network.resetConnections(between: pair.client, pair.server)
        pair.network.advance(by: .seconds(1))
        #expect(pair.clientEnd.code == ECONNRESET && pair.serverEnd.code == ECONNRESET)
    }

    @Test func anAbortIsSeenAsAResetAfterWhatWasSentBefore() throws {
        let pair = try Pair()
        pair.connect()
        pair.clientEnd.transport.write("last words")
        pair.network.advance(by: .zero)
        pair.clientEnd.transport.abortConnection()
        pair.network.advance(by: .seconds(1))
        #expect(pair.serverEnd.text == "last words" && pair.serverEnd.code == ECONNRESET)
    }

    @Test func connectsFailEachInItsWay() throws {
        let network = SimulatedNetwork(seed: 1)
        let host = network.host("host")
        let far = network.host("far")
        var failures: [String] = []
        func connect(_ name: String, _ port: Int, timeout: Duration? = nil, from: SocketAddress? = nil) throws {
            try host.connectTCP(host: name, port: port, timeout: timeout, bindAddress: from) {
                Recorder()
            } onFailure: { error in
                switch error {
                case .unresolvable: failures.append("unresolvable")
                case .refused: failures.append("refused")
                case .timedOut(let after, _): failures.append(after == nil ? "unanswered" : "timed out")
                case .unreachable: failures.append("unreachable")
                case .bindFailed: failures.append("bind failed")
                case .handshakeFailed: failures.append("handshake failed")
                case .cancelled, .system: failures.append("\(error)")
                }
            }
            network.advance(by: .seconds(200))
        }
        try connect("nowhere", 7)
        try connect("far", 7)
        try connect("10.0.9.9", 7)
        try connect("far", 7, from: SocketAddress(ip: "10.0.0.2", port: 0))
        network.partition(host, far)
        try connect("far", 7)
        try connect("far", 7, timeout: .seconds(5))
        #expect(failures == ["unresolvable", "refused", "unreachable", "bind failed", "unanswered", "timed out"])
    }

    @Test func aHostOutOfDescriptorsCannotAccept() throws {
        let network = SimulatedNetwork(seed: 1)
        let server = network.host("server")
        server.descriptorLimit = 2
        var failures = 0
        let port = try server.listenTCP(port: 7) { Recorder() }
        port.onAcceptFailure = { failure in
            failures += 1
            #expect(failure.error.code == EMFILE && failure.closedPeers == 1)
        }
        let ends = (0..<3).map { _ in Recorder() }
        for end in ends {
            try network.host("client").connectTCP(host: "server", port: 7) { end }
            network.advance(by: .seconds(1))
        }
        #expect(ends.map(\.isDone) == [false, false, true] && failures == 1)
        ends[0].transport.loseConnection()
        network.advance(by: .seconds(1))
        let late = Recorder()
        try network.host("client").connectTCP(host: "server", port: 7) { late }
        network.advance(by: .seconds(1))
        #expect(late.reason == nil && late.calls == ["made"])
    }

    @Test func aSlowHostReadsLateAndMuchAtOnce() throws {
        let pair = try Pair()
        pair.server.turnTime = .seconds(1)
        pair.connect()
        for text in ["a", "b", "c"] {
            pair.clientEnd.transport.write(text)
            pair.network.advance(by: .milliseconds(50))
        }
        pair.network.advance(by: .seconds(2))
        #expect(pair.serverEnd.text == "abc" && pair.serverEnd.pieces.count < 3)
    }

    @Test func listenersAreFoundByNameAndNotTwice() throws {
        let network = SimulatedNetwork(seed: 1)
        let host = network.host("host")
        let port = try host.listenTCP(port: 0, host: "host") { Recorder() }
        #expect(port.localAddress.description == "10.0.0.1:49152")
        #expect(throws: ListenError.self) { try host.listenTCP(port: 49_152) { Recorder() } }
        #expect(throws: ListenError.self) { try host.listenTCP(port: 7, host: "10.0.0.9") { Recorder() } }
        port.stopListening()
        try host.listenTCP(port: 49_152) { Recorder() }
        try host.listenUNIX(path: "/run/x.sock") { Recorder() }
        let local = Recorder()
        try host.connectUNIX(path: "/run/x.sock") { local }
        network.advance(by: .seconds(1))
        #expect(local.calls == ["made"])
    }

    @Test(arguments: 0..<14)
    func everyKindOfFaultHappens(_ index: Int) throws {
        let kind = Faults(rawValue: 1 << index)
        var made = 0
        for seed in 0..<8 as Range<UInt64> {
            let network = try DeterminismTests.run(seed: seed, faults: kind)
            #expect(network.failure == nil)
            made += network.faultCount
        }
        #expect(made > 0)
    }
}
