import Testing

@testable import EventReactorCore

@Suite("Sockets of a listener")
struct PortLimitTests {
    private func makePort(
        _ set: (inout ConnectionLimits) -> Void
    ) throws -> (ReactorBase, ScriptedEngine, ListeningPort) {
        let (reactor, engine) = ScriptedEngine.makeReactor()
        engine.names = ["a": [try SocketAddress(ip: "10.0.0.1", port: 7)]]
        reactor.onDiagnostic = { _ in }
        var options = ListenOptions()
        set(&options.limits)
        return (reactor, engine, try reactor.listenTCP(port: 7, host: "a", options: options) { Protocol() })
    }

    private func peer(_ text: String = "192.0.2.1") throws -> SocketAddress { try SocketAddress(ip: text, port: 9) }

    @Test func aConnectionThatCannotBeWatchedLeavesNoTrace() throws {
        let (reactor, engine, port) = try makePort {
            $0.total = 1
            $0.perPeer = 1
        }
        let group = RateLimitGroup(RateLimit(readRate: 10), on: reactor)
        port.rateLimitGroup = group
        engine.openFailure = SystemError(code: 12, operation: "event_add", address: nil)
        port.accepted(descriptor: 5, peer: try peer())
        #expect(port.connectionCount == 0 && group.connectionCount == 0 && port.members.peerCount == 0)
        #expect(engine.log == ["listen 10.0.0.1", "close 5"])
        engine.openFailure = nil
        port.accepted(descriptor: 6, peer: try peer())
        #expect(port.connectionCount == 1 && group.connectionCount == 1 && port.members.peerCount == 1)
        #expect(engine.log.suffix(1) == ["disable"])
    }

    @Test func aListenerOfNobodyIsNeverEnabled() throws {
        let (reactor, engine, port) = try makePort { $0.total = 0 }
        defer { withExtendedLifetime(reactor) {} }
        port.pauseAccepting()
        port.resumeAccepting()
        #expect(engine.log == ["listen 10.0.0.1", "disable"])
    }

    @Test func socketsAreEnabledOnceTheLastReasonNotToIsGone() throws {
        let (reactor, engine, port) = try makePort { $0.rate = ConnectionRate(1, per: .seconds(10)) }
        defer { withExtendedLifetime(reactor) {} }
        port.accepted(descriptor: 5, peer: try peer())
        port.pauseAccepting()
        port.acceptFailed(SystemError(code: 24, operation: "accept", address: nil), closed: 0, waits: true)
        port.resumeAccepting()
        #expect(engine.log == ["listen 10.0.0.1", "disable"])
        #expect(port.counters.waits == 1)
        // The shortage ends first, then the wait for a token.
        try port.reactor.run()
        #expect(engine.log.prefix(3) == ["listen 10.0.0.1", "disable", "enable"])
        #expect(engine.now == ReactorInstant(nanoseconds: 10_000_000_000))
    }

    @Test(arguments: [
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true), ("2001:db8:0:1::1", "2001:db8:0:2::1", false),
        ("192.0.2.1", "::ffff:192.0.2.1", true), ("192.0.2.1", "192.0.2.2", false),
    ])
    func aPeerIsAnAddressOrANetworkOf64Bits(_ one: String, _ other: String, isSame: Bool) throws {
        let (reactor, _, port) = try makePort { $0.perPeer = 1 }
        defer { withExtendedLifetime(reactor) {} }
        port.accepted(descriptor: 5, peer: try peer(one))
        port.accepted(descriptor: 6, peer: try peer(other))
        #expect(port.connectionCount == (isSame ? 1 : 2))
        #expect(port.counters.refusedByPeer == (isSame ? 1 : 0))
    }
}
