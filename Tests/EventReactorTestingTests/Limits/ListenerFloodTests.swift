import EventReactorTesting
import Testing

@testable import EventReactorCore

@Suite("Floods of connects")
struct ListenerFloodTests {
    private final class Busy: Protocol {
        override func connectionMade() {
            transport.write("busy")
            transport.loseConnection()
        }
    }

    private final class Client: Protocol {
        var onLost: () -> Void = {}
        override func connectionLost(_ reason: ConnectionLostReason) { onLost() }
    }

    private func network(_ hosts: Int) -> (SimulatedNetwork, server: SimulatedReactor, clients: [SimulatedReactor]) {
        let network = SimulatedNetwork(seed: 1)
        let server = network.host("server")
        return (network, server, (0..<hosts).map { network.host("client \($0)") })
    }

    @Test func tenThousandConnectsMakeNoMoreThanTheLimits() throws {
        let (network, server, clients) = network(10)
        defer { network.end() }
        var options = ListenOptions()
        options.limits.total = 100
        options.limits.excess = .close
        options.limits.excessConnections = 8
        var most = 0
        let port = try server.listenTCP(port: 7, options: options) { Protocol() }
        port.onExcess = { excess in
            most = max(most, server.connectionCount)
            return Busy()
        }
        var failures = 0
        for index in 0..<10_000 {
            try clients[index % 10].connectTCP(
                host: "server", port: 7, { Protocol() }, onFailure: { _ in failures += 1 })
        }
        network.advance(by: .seconds(60))
        #expect(failures == 0)
        #expect(port.connectionCount == 100)
        #expect(port.excessConnectionCount == 0)
        #expect(port.counters.accepted == 100)
        #expect(port.counters.refusedByTotal == 9_900)
        #expect(port.counters.excessServed > 0)
        #expect(most <= 108)
        #expect(server.connectionCount == 100)
    }

    @Test func tenThousandThatWaitAreAllServedInTheEnd() throws {
        let (network, server, clients) = network(4)
        defer { network.end() }
        var options = ListenOptions()
        options.limits.total = 50
        let port = try server.listenTCP(port: 7, backlog: 10_000, options: options) {
            #expect(server.connectionCount < 50)
            return Busy()
        }
        var lost = 0
        for index in 0..<10_000 {
            try clients[index % 4].connectTCP(host: "server", port: 7) {
                let client = Client()
                client.onLost = { lost += 1 }
                return client
            }
        }
        #expect(network.run { lost == 10_000 })
        #expect(port.counters.accepted == 10_000)
        network.advance(by: .seconds(1))
        #expect(port.connectionCount == 0)
    }

    @Test func eachPeerHasItsShareWhateverTheOthersDo() throws {
        let (network, server, clients) = network(8)
        defer { network.end() }
        var options = ListenOptions()
        options.limits.perPeer = 3
        var byPeer: [String: Int] = [:]
        let factory = PeerCounter { byPeer[$0.host ?? "", default: 0] += 1 }
        let port = try server.listen(.tcp(port: 7), options: options, factory: factory)
        for (index, client) in clients.enumerated() {
            for _ in 0..<(index == 0 ? 1000 : 3) { try client.connectTCP(host: "server", port: 7) { Protocol() } }
        }
        network.advance(by: .seconds(60))
        #expect(byPeer.count == 8 && byPeer.values.allSatisfy { $0 == 3 })
        #expect(port.counters.refusedByPeer == 997)
        #expect(port.members.peerCount == 8)
        // The table has only the peers that are connected.
        for client in clients.dropFirst(2) { try client.stop() }
        network.advance(by: .seconds(1))
        #expect(port.members.peerCount == 2 && port.connectionCount == 6)
    }

    @Test(arguments: [(32, 12), (31, 6), (30, 3), (0, 3), (-1, 3), (99, 12)])
    func aPrefixMakesOnePeerOfSeveral(_ length: Int, _ expected: Int) throws {
        let reactor = SimulatedReactor(seed: 1)
        defer { reactor.network.end() }
        var options = ListenOptions()
        options.limits.perPeer = 3
        options.limits.ipv4PrefixLength = length
        let port = try reactor.listenTCP(port: 7, host: "127.0.0.1", options: options) { Protocol() }
        for last in 4..<8 {
            for _ in 0..<5 {
                try reactor.connectTCP(
                    host: "127.0.0.1", port: 7, bindAddress: SocketAddress(ip: "127.0.0.\(last)", port: 0)
                ) { Protocol() }
            }
        }
        reactor.advance(by: .seconds(10))
        // Four addresses of three each, two pairs, or one prefix for all; odd lengths are taken for the nearest.
        #expect(port.connectionCount == expected)
    }

    @Test func theRateIsExactInVirtualTime() throws {
        let reactor = SimulatedReactor(seed: 1)
        defer { reactor.network.end() }
        var options = ListenOptions()
        options.limits.rate = ConnectionRate(1000, burst: 10)
        let port = try reactor.listenTCP(port: 7, host: "127.0.0.1", options: options) { Protocol() }
        for _ in 0..<5000 { try reactor.connectTCP(host: "127.0.0.1", port: 7) { Protocol() } }
        reactor.advance(by: .milliseconds(1))
        let early = port.counters.accepted
        #expect((10...11).contains(early))
        for second in 1...3 {
            reactor.advance(by: .seconds(1))
            let accepted = Int(port.counters.accepted)
            // It checks at most once a millisecond.
            #expect((1000 * second...1000 * second + 11).contains(accepted), "\(accepted) after \(second) s")
        }
        #expect(port.counters.refusedByRate == 0)
    }

    @Test(arguments: [Int.min, -1, 0, 1, Int.max])
    func oddRatesOfConnectionsAreTakenForTheNearestThatWorks(_ number: Int) throws {
        for period: Duration in [.seconds(Int64.min), .zero, .nanoseconds(1), .seconds(1)] {
            let reactor = SimulatedReactor(seed: 1)
            defer { reactor.network.end() }
            var options = ListenOptions()
            options.limits.rate = ConnectionRate(number, per: period, burst: number)
            let port = try reactor.listenTCP(port: 7, host: "127.0.0.1", options: options) { Protocol() }
            for _ in 0..<3 { try reactor.connectTCP(host: "127.0.0.1", port: 7) { Protocol() } }
            reactor.advance(by: .seconds(10))
            #expect(port.counters.accepted == 3)
        }
    }

    @Test func aShortageOfDescriptorsAndALimitBothHold() throws {
        let (network, server, clients) = network(1)
        defer { network.end() }
        server.descriptorLimit = 3
        server.onDiagnostic = { _ in }
        var options = ListenOptions()
        options.limits.total = 5
        options.whenOutOfDescriptors = .wait
        var servers: [Protocol] = []
        let port = try server.listenTCP(port: 7, options: options) {
            servers.append(Protocol())
            return servers.last
        }
        for _ in 0..<12 { try clients[0].connectTCP(host: "server", port: 7) { Protocol() } }
        network.advance(by: .seconds(5))
        #expect(port.connectionCount == 3)
        server.descriptorLimit = nil
        network.advance(by: .seconds(5))
        #expect(port.connectionCount == 5)
        server.descriptorLimit = 5
        for server in servers { server.transport.abortConnection() }
        network.advance(by: .seconds(5))
        #expect(port.connectionCount == 5 && port.counters.accepted == 10)
        #expect(port.counters.refusedByTotal == 0 && port.counters.refusedByShortage == 0)
    }
}

private final class PeerCounter: Factory {
    private let count: (SocketAddress) -> Void

    init(_ count: @escaping (SocketAddress) -> Void) {
        self.count = count
    }

    override func buildProtocol(for peer: SocketAddress) -> Protocol? {
        count(peer)
        return Protocol()
    }
}
