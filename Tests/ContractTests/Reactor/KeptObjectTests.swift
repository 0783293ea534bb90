import EventReactor
import EventReactorTesting
import Glibc
import TestSupport
import Testing

/// Objects that a program keeps longer than their reactor or connection.
@Suite("Contract 51: kept objects are harmless")
struct KeptObjectTests {
    /// One object of each kind that a reactor returns.
    private final class Kept {
        var transports: [any Transport] = []
        var ports: [ListeningPort] = []
        var connectors: [Connector] = []
        var relays: [StreamRelay] = []
        var calls: [DelayedCall] = []
        var timeouts: [ArmedTimeout] = []
        var common: [CommonTimeout] = []
        var groups: [RateLimitGroup] = []
        var hooks: [ReactorHook] = []
        var completions: [ShutdownCompletion] = []
        var remote: RemoteHandle<ReactorBase>?

        /// Objects of a connection or listener that has gone when the run has ended.
        func touchConnections() {
            for transport in transports { transport.touchEverything(group: groups.first) }
            for port in ports { port.touchEverything(group: groups.first) }
            for connector in connectors { connector.touchEverything() }
            for relay in relays { relay.touchEverything() }
            for completion in completions {
                completion.finish()
                completion.finish()
            }
        }

        /// Objects of the reactor, which has gone or was closed.
        func touchAll() {
            touchConnections()
            for call in calls { call.touchEverything() }
            for timeout in timeouts { timeout.touchEverything() }
            for one in common {
                _ = one.duration
                one.arm { Issue.record("called by a reactor that has gone") }.touchEverything()
            }
            for group in groups {
                _ = group.limit
                #expect(group.connectionCount == 0)
            }
            for hook in hooks { hook.touchEverything() }
            remote?.callFromThread { _ in Issue.record("called by a reactor that has gone") }
            remote?.stop()
        }
    }

    /// Runs a reactor with one of everything, closes it if asked to, and releases it.
    private func fill(_ kept: Kept, _ setting: Setting, closes: Bool = false) throws {
        let world = try setting.makeWorld()
        unowned let reactor = world.reactor
        kept.remote = world.remote
        let group = RateLimitGroup(RateLimit(readRate: 1_000_000_000, writeRate: 1_000_000_000), on: reactor)
        kept.groups.append(group)
        var options = ListenOptions()
        options.stream.timeouts = StreamTimeouts(idle: .seconds(1000))
        options.limits.total = 10
        let common = reactor.commonTimeout(.seconds(1000))
        kept.common.append(common)
        for _ in 0..<3 {
            kept.calls.append(reactor.callLater(.seconds(1000)) { Issue.record("a timer of 1000 s") })
            kept.timeouts.append(common.arm { Issue.record("a timeout of 1000 s") })
        }
        kept.hooks += [
            reactor.onStartup {}, reactor.onShutdown {}, reactor.onSignal(SIGHUP) {}, reactor.onSignal(SIGHUP, nil),
            reactor.onShutdown { completion in
                kept.completions.append(completion)
                reactor.callSoon { completion.finish() }
            },
        ]
        // Two connections with a relay between them, of which one client is aborted in the run.
        var servers: [Recorder] = []
        var isRelaying = false
        let port = try world.listen(options: options) {
            let server = Recorder("server")
            server.onMade = { server in
                servers.append(server)
                kept.transports.append(server.transport)
                if servers.count == 2 {
                    kept.relays.append(try servers[0].transport.relay(to: servers[1].transport))
                    isRelaying = true
                }
            }
            return server
        }
        kept.ports.append(port)
        let stopped = try world.listen { nil }
        stopped.stopListening()
        kept.ports.append(stopped)
        let clients = [Recorder("client"), Recorder("client")]
        for client in clients {
            kept.connectors.append(try world.connect(to: port.localAddress) { client })
            client.onData = { receiver, _ in
                // The other's bytes came through the relay.
                let other = clients[0] === receiver ? clients[1] : clients[0]
                kept.transports.append(other.transport)
                other.onLost = { other, _ in
                    reactor.callSoon {
                        other.transport.touchEverything(group: group)
                        stopped.touchEverything(group: group)
                        world.settle { world.finish() }
                    }
                }
                other.transport.abortConnection()
            }
        }
        // Two that last to the end of the run, with limits and a relay.
        let (server, client) = try world.pair()
        world.whenMade(clients[0], clients[1], server, client) {
            world.wait(until: { isRelaying }) {
                kept.transports += [server.transport, client.transport]
                #expect(server.transport.setRateLimitGroup(group))
                do { kept.relays.append(try server.transport.relay(to: client.transport)) } catch {
                    Issue.record(error)
                }
                for client in clients { client.transport.write("x") }
            }
        }
        try world.run()
        #expect(kept.relays.count >= 2)
        kept.touchConnections()
        // A connect that is under way, and a listener that is in no run.
        let late = try world.listen { Recorder() }
        late.onAcceptFailure = { _ in }
        late.rateLimitGroup = group
        kept.ports.append(late)
        kept.connectors.append(try world.connect(to: late.localAddress, { Recorder() }, onFailure: { _ in }))
        if closes {
            reactor.close()
            kept.touchAll()
        }
        world.end()
    }

    @Test(arguments: Setting.all)
    func line51EverythingThatIsKeptIsHarmlessOnceItsReactorHasGone(_ setting: Setting) throws {
        let kept = Kept()
        try fill(kept, setting)
        kept.touchAll()
        // Nor does another reactor mistake the objects of one that has gone for its own.
        let world = try setting.makeWorld()
        defer { world.end() }
        let (server, client) = try world.pair()
        client.onMade = { client in
            for group in kept.groups { #expect(!client.transport.setRateLimitGroup(group)) }
            for transport in kept.transports {
                #expect(throws: RelayError.self) { _ = try client.transport.relay(to: transport) }
                #expect(throws: RelayError.self) { _ = try transport.relay(to: client.transport) }
            }
            client.transport.write("still works")
        }
        server.onData = { _, _ in world.finish() }
        try world.run()
        kept.touchAll()
    }

    @Test(arguments: Setting.all)
    func line51EverythingThatIsKeptIsHarmlessOnceItsReactorWasClosed(_ setting: Setting) throws {
        let kept = Kept()
        try fill(kept, setting, closes: true)
        kept.touchAll()
    }

    @Test(arguments: Setting.all)
    func line51WhatIsKeptHoldsNoDescriptor(_ setting: Setting) async throws {
        await #expect(processExitsWith: .success) { [setting] in
            let before = Descriptors.kinds
            let kept = Kept()
            for _ in 0..<10 { try KeptObjectTests().fill(kept, setting) }
            #expect(Descriptors.grown(since: before, by: 10) == [])
            for _ in 0..<10 { try KeptObjectTests().fill(kept, setting, closes: true) }
            #expect(Descriptors.grown(since: before, by: 10) == [])
            kept.touchAll()
        }
    }

    @Test func line51WhatATestTransportIsMadeOfIsHarmlessOnceItsReactorWasClosed() {
        let recorder = Recorder()
        let test = TestTransport(for: recorder)
        let group = RateLimitGroup(RateLimit(readRate: 1000), on: test.reactor)
        test.reactor.close()
        #expect(recorder.reason?.isReactorStopped == true)
        recorder.transport.touchEverything(group: group)
        test.receive("text")
        test.receive([1, 2], oneByteAtATime: true)
        test.receiveEnd()
        test.reset()
        test.stopTaking()
        test.take(1)
        test.resumeTaking()
        test.advance(by: .seconds(1))
        _ = (test.takeWritten(), test.takeWrittenText(), test.waitingByteCount, test.unreadByteCount)
        #expect(test.isClosed)
        // One that is made of a closed reactor is never connected.
        let late = Recorder()
        let other = TestTransport(for: late, on: test.reactor)
        other.receive("text")
        #expect(late.calls == [])
    }

    @Test func line51WhatIsKeptOfASimulatedReactorThatGoesInARunIsHarmless() throws {
        let kept = Kept()
        let ends = [Recorder("server"), Recorder("client")]
        func use() throws {
            let reactor = SimulatedReactor(seed: 1)
            let group = RateLimitGroup(RateLimit(readRate: 1000, writeRate: 1000), on: reactor)
            kept.groups.append(group)
            let port = try reactor.listenTCP(port: 7) { ends[0] }
            kept.ports.append(port)
            kept.connectors.append(try reactor.connectTCP(host: "localhost", port: 7) { ends[1] })
            reactor.advance(by: .seconds(1))
            for end in ends {
                kept.transports.append(end.transport)
                #expect(end.transport.setRateLimitGroup(group))
                end.transport.write([UInt8](repeating: 1, count: 100_000))
                end.transport.setTimeouts(StreamTimeouts(idle: .seconds(1000)))
            }
            kept.relays.append(try ends[0].transport.relay(to: ends[1].transport))
            try ends[0].transport.sendFile(path: "/bin/sh") { _ in Issue.record("called by a reactor that has gone") }
            let common = reactor.commonTimeout(.seconds(1))
            kept.common.append(common)
            kept.timeouts.append(common.arm {})
            kept.calls.append(reactor.callLater(.seconds(1)) {})
            kept.hooks.append(reactor.onShutdown {})
        }
        try use()
        for end in ends { #expect(end.calls == ["made"]) }
        kept.touchAll()
    }

    @Test func line51ASimulatedNetworkThatHasEndedIsHarmless() throws {
        let network = SimulatedNetwork(seed: 1)
        let one = network.host("one")
        let other = network.host("other")
        let port = try one.listenTCP(port: 7) { Recorder() }
        let client = Recorder()
        let connector = try other.connectTCP(host: "one", port: 7) { client }
        network.advance(by: .seconds(1))
        #expect(client.calls == ["made"])
        network.end()
        #expect(client.reason?.isReactorStopped == true)
        for reactor in [one, other] {
            #expect(reactor.isClosed && !reactor.isRunning)
            reactor.advance(by: .seconds(1))
            reactor.run(until: reactor.now.advanced(by: .seconds(1)))
            _ = (reactor.network, reactor.name, reactor.address, reactor.turnTime, reactor.descriptorLimit)
            reactor.spend(.seconds(1))
            reactor.remote.callFromThread { _ in Issue.record("called by a reactor that was closed") }
        }
        network.setLink(one, other, LinkConditions())
        network.partition(one, other)
        network.heal(one, other)
        network.resetConnections(between: one, other)
        network.silenceConnections(between: one, other)
        network.advance(by: .seconds(1))
        network.end()
        port.touchEverything()
        connector.touchEverything()
        client.transport.touchEverything()
    }
}
