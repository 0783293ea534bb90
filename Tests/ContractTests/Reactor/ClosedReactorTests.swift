import EventReactor
import EventReactorTesting
import Glibc
import Testing

@Suite("Contract 56: a reactor that was closed")
struct ClosedReactorTests {
    @Test(arguments: Setting.reactors)
    func line56AfterClosingEveryCallIsATypedErrorOrHarmless(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        let reactor = world.reactor
        let streams = ListenOptions()
        reactor.close()
        #expect(reactor.isClosed && !reactor.isRunning && !reactor.isDraining)
        #expect(throws: ReactorError.closed) { try reactor.run() }
        #expect(throws: ReactorError.notRunning) { try reactor.stop() }
        #expect(throws: ReactorError.notRunning) { try reactor.stop(drainingFor: .seconds(1)) }
        #expect(throws: ListenError.reactorClosed) { try reactor.listenTCP(port: 0, options: streams) { nil } }
        #expect(throws: ListenError.reactorClosed) {
            try reactor.listenUNIX(path: "/tmp/none", options: streams) { nil }
        }
        #expect(throws: ListenError.reactorClosed) { try reactor.listen(.inherited([0])) { nil } }
        #expect(throws: AdoptError.reactorClosed) { try reactor.adoptStreamConnection(0, protocol: Recorder()) }
        let factory = Factory()
        let connectors = [
            try reactor.connect(.tcp(host: "localhost", port: 1), factory: factory) { Issue.record($0) },
            try reactor.connect(.unix(path: "/tmp/none"), factory: factory) { Issue.record($0) },
        ]
        for connector in connectors { connector.touchEverything() }
        #expect(throws: AddressError.self) { try reactor.connectTCP(host: "", port: 1) { nil } }
        reactor.callLater(.zero) { Issue.record("called") }.touchEverything()
        reactor.commonTimeout(.zero).arm { Issue.record("called") }.touchEverything()
        for hook in [reactor.onStartup {}, reactor.onShutdown {}, reactor.onSignal(SIGHUP) {}] {
            #expect(!hook.isActive)
            hook.touchEverything()
        }
        reactor.callSoon { Issue.record("called") }
        reactor.deferToThread({ Issue.record("called") }, then: { _ in Issue.record("called") })
        reactor.onDiagnostic = { _ in Issue.record("called") }
        reactor.printMetrics(on: SIGHUP)
        reactor.releaseMemory()
        _ = RateLimitGroup(RateLimit(readRate: 1), on: reactor)
        world.remote.callFromThread { _ in Issue.record("called") }
        world.remote.stop()
        let metrics = reactor.metrics
        #expect(metrics.timers.waiting == 0 && metrics.connections.now == 0 && metrics.accepting.listeners == 0)
        #expect(reactor.now >= reactor.now.advanced(by: .seconds(-1)))
    }

    @Test(arguments: Setting.kernelReactors)
    func line56AReactorThatWasClosedHoldsNoDescriptor(_ setting: Setting) async throws {
        await #expect(processExitsWith: .success) { [setting] in
            let before = Descriptors.kinds
            var kept: [ReactorBase] = []
            for number in 0..<20 {
                let world = try setting.makeWorld()
                kept.append(world.reactor)
                if number % 2 == 0 {
                    let (server, client) = try world.pair()
                    server.onMade = { _ in world.finish() }
                    try world.run()
                    withExtendedLifetime(client) {}
                }
                _ = try world.listen { nil }
                world.reactor.close()
            }
            #expect(Descriptors.grown(since: before, by: 10) == [])
            #expect(kept.count == 20)
        }
    }

    @Test(arguments: Setting.kernelReactors)
    func line56WhatIsReleasedAsAReactorGoesMayCallWhateverItReturned(_ setting: Setting) throws {
        final class Caller {
            var port: ListeningPort?
            var connector: Connector?
            var call: DelayedCall?
            var common: CommonTimeout?
            deinit {
                port?.stopListening()
                connector?.cancel()
                _ = call?.reset(to: .zero)
                common?.arm { Issue.record("called by a reactor that has gone") }
            }
        }
        for closes in [false, true] {
            let world = try setting.makeWorld()
            var callers: [Caller] = []
            var calls: [DelayedCall] = []
            var ports: [ListeningPort] = []
            var connectors: [Connector] = []
            for _ in 0..<4 {
                let caller = Caller()
                callers.append(caller)
                let common = world.reactor.commonTimeout(.seconds(1000))
                caller.common = common
                calls.append(world.reactor.callLater(.seconds(1000)) { _ = caller })
                common.arm { _ = caller }
                let port = try world.listen {
                    _ = caller; return nil
                }
                ports.append(port)
                connectors.append(
                    try world.connect(
                        to: port.localAddress,
                        {
                            _ = caller; return nil
                        }, onFailure: { _ in _ = caller }))
            }
            // Each is retained by the closures at its own index, and calls the objects at another.
            for (caller, number) in zip(callers, (0..<4).map { ($0 + 1) % 4 }) {
                caller.port = ports[number]
                caller.connector = connectors[number]
                caller.call = calls[number]
            }
            callers = []
            if closes { world.reactor.close() }
            world.end()
            #expect(ports.allSatisfy { !$0.isListening } && connectors.allSatisfy { !$0.isConnecting })
            #expect(calls.allSatisfy { !$0.isActive })
        }
    }
}
