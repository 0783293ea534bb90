import EventReactorProtocols
import EventReactorTesting
import Testing

@testable import EventReactorCore

/// The helpers in networks with every fault that a seed draws.
@Suite("Policies: simulations with faults")
struct PolicySimulationTests {
    private static let endpoint = ClientEndpoint.tcp(host: "server", port: 7, timeout: .seconds(5))

    @Test func aPoolLendsEachConnectionToOneBorrowerWhateverTheNetworkDoes() throws {
        try Simulation.check(seeds: 0..<40, faults: .all) { network in
            let reactor = network.host("client")
            try network.host("server").listenTCP(port: 7) { ScriptedSession.echo() }
            var settings = ConnectionPoolSettings()
            settings.maximumConnections = 3
            settings.maximumIdle = 2
            settings.idleTime = .seconds(2)
            settings.maximumLifetime = .seconds(10)
            settings.waitTimeout = .seconds(20)
            settings.healthCheckTimeout = .seconds(1)
            let pool = try ConnectionPool(to: Self.endpoint, on: reactor, settings: settings) { ScriptedSession() }
            pool.healthCheck = { session, check in
                session.onData = { _, _ in check.pass() }
                session.transport.write("?")
            }
            var (calls, started, users) = (0, 0, Set<ObjectIdentifier>())
            let borrowing = RepeatingCall(on: reactor, every: .milliseconds(150)) { _ in
                network.expect(pool.connectionCount <= 3, "\(pool.connectionCount) connections")
                network.expect(pool.borrowedCount == users.count, "\(pool.borrowedCount) are borrowed")
                started += 1
                var isWaiting = true
                let waiter = try? pool.borrow { result in
                    network.expect(isWaiting, "called twice")
                    isWaiting = false
                    calls += 1
                    guard let lease = try? result.get() else { return }
                    let id = ObjectIdentifier(lease.session)
                    network.expect(users.insert(id).inserted, "lent twice")
                    lease.session.onLost = { _ in users.remove(id) }
                    reactor.callLater(.milliseconds(network.random.integer(in: 0...1_500))) {
                        guard lease.isActive else { return }
                        users.remove(id)
                        lease.session.onLost = { _ in }
                        if network.random.oneIn(5) { lease.discard() } else { lease.giveBack() }
                    }
                }
                guard let waiter else { return calls += 1 }
                if network.random.oneIn(8) {
                    reactor.callLater(.milliseconds(network.random.integer(in: 0...500))) {
                        if waiter.cancel() { calls += 1 }
                    }
                }
            }
            borrowing.start()
            network.advance(by: .seconds(30))
            borrowing.stop()
            network.advance(by: .seconds(60))
            network.expect(calls == started, "\(calls) of \(started) were called or gave up")
            var isDrained = false
            pool.drain(within: .seconds(5)) { isDrained = true }
            network.advance(by: .seconds(120))
            network.expect(isDrained && pool.connectionCount == 0, "\(pool.connectionCount) connections are left")
        }
    }

    @Test func aClientHasOneConnectionAtATimeWhateverTheNetworkDoes() throws {
        try Simulation.check(seeds: 0..<40, faults: .all) { network in
            let reactor = network.host("client")
            try network.host("server").listenTCP(port: 7) { ScriptedSession.echo() }
            var live = 0
            let policy = ReconnectPolicy(initialDelay: .milliseconds(50), maximumDelay: .seconds(3))
            var options = StreamOptions()
            options.timeouts.idle = .seconds(5)
            let client = try ReconnectingClient(
                to: Self.endpoint, on: reactor, options: options, policy: policy, random: SeededRandom(seed: 1)
            ) {
                let session = ScriptedSession()
                session.onMade = { _ in
                    live += 1
                    network.expect(live == 1, "two connections")
                }
                session.onLost = { _ in live -= 1 }
                return session
            }
            var (ends, connects) = (0, 0)
            client.onConnected = { _ in connects += 1 }
            let ended: (Duration?) -> Void = { delay in
                ends += 1
                network.expect(live == 0 && client.state == .waiting, "\(live) live, \(client.state)")
                network.expect(delay.map { $0 >= .milliseconds(50) && $0 <= .seconds(3) } ?? false, "\(delay as Any)")
            }
            client.onFailure = { ended($1) }
            client.onLoss = { ended($1) }
            // `ended` retains the client.
            defer { (client.onFailure, client.onLoss) = (nil, nil) }
            client.start()
            network.advance(by: .seconds(120))
            network.expect(connects + ends > 5, "it gave up after \(connects) connects and \(ends) ends")
            client.stop()
            network.advance(by: .seconds(120))
            network.expect(live == 0 && client.state == .stopped, "\(live) live, \(client.state)")
            network.expect(reactor.timers.count == 0, "\(reactor.timers.count) timers are left")
        }
    }
}
