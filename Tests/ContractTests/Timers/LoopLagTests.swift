import EventReactor
import EventReactorTesting
import Testing

@Suite("Loop lag")
struct LoopLagTests {
    private static let long: Duration = .milliseconds(20)

    /// Keeps the thread busy for a time of the reactor's clock.
    private static func dawdle(on reactor: ReactorBase) {
        if let simulated = reactor as? SimulatedReactor { return simulated.spend(long) }
        let end = reactor.now.advanced(by: long)
        while reactor.now < end {}
    }

    /// Checks that a turn took long, once it is over, and ends the run.
    private static func finish(_ world: World, sourceLocation: SourceLocation = #_sourceLocation) {
        world.afterTurns(2) {
            let lag = world.reactor.metrics.loop.lag
            #expect(lag.max >= long && lag.percentile(100) == lag.max, sourceLocation: sourceLocation)
            if world.setting.engine == .simulated { #expect(lag.max == long, sourceLocation: sourceLocation) }
            world.finish()
        }
    }

    @Test(arguments: Setting.all)
    func aSlowCallbackOfAConnectionShows(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair()
            client.onMade = { $0.transport.write("x") }
            server.onData = { _, _ in
                LoopLagTests.dawdle(on: world.reactor)
                LoopLagTests.finish(world)
            }
        }
    }

    @Test(arguments: Setting.all, [true, false])
    func aSlowBeginningOrEndOfAConnectionShows(_ setting: Setting, beginning: Bool) throws {
        try setting.run { world in
            let (server, client) = try world.pair()
            server.onMade = { _ in
                guard beginning else { return }
                LoopLagTests.dawdle(on: world.reactor)
                LoopLagTests.finish(world)
            }
            client.onMade = { if !beginning { $0.transport.loseConnection() } }
            server.onLost = { _, reason in
                guard !beginning, reason.isDone else { return }
                LoopLagTests.dawdle(on: world.reactor)
                LoopLagTests.finish(world)
            }
        }
    }

    @Test(arguments: Setting.all)
    func aSlowResumeShows(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair(serverOptions: .narrow, clientOptions: .narrow)
            client.onMade = { $0.transport.pauseReading() }
            server.onMade = { $0.transport.write([UInt8](repeating: 1, count: 1 << 20)) }
            server.onPause = { _ in world.afterTurns { client.transport.resumeReading() } }
            server.onResume = { _ in
                LoopLagTests.dawdle(on: world.reactor)
                LoopLagTests.finish(world)
            }
        }
    }

    @Test(arguments: Setting.reactors)
    func aSlowTimerAndASlowCallShow(_ setting: Setting) throws {
        for way in 0..<4 {
            try setting.run { world in
                let remote = world.remote
                world.reactor.callLater(.milliseconds(1)) {
                    func run() {
                        LoopLagTests.dawdle(on: world.reactor)
                        LoopLagTests.finish(world)
                    }
                    switch way {
                    case 0: run()
                    case 1: world.reactor.callSoon(run)
                    case 2:
                        remote.callFromThread { LoopLagTests.dawdle(on: $0) }
                        world.wait(until: { world.reactor.metrics.remote.calls > 0 }) { LoopLagTests.finish(world) }
                    default:
                        world.reactor.deferToThread {
                        } then: { _ in
                            run()
                        }
                    }
                }
            }
        }
    }

    @Test(arguments: Setting.reactors)
    func waitingIsNoLag(_ setting: Setting) throws {
        try setting.run { world in
            // If the wait counted, each of these turns would take as long as the wait: one that does not is enough.
            func again() {
                let before = world.reactor.metrics
                world.reactor.callLater(LoopLagTests.long) {
                    world.reactor.callSoon {
                        let since = world.reactor.metrics.since(before)
                        #expect(since.period >= LoopLagTests.long)
                        if since.loop.lag.max < LoopLagTests.long { world.finish() } else { again() }
                    }
                }
            }
            again()
        }
    }

    @Test(arguments: Setting.reactors)
    func aTimerThatWaitsForASlowOneIsLate(_ setting: Setting) throws {
        try setting.run { world in
            world.reactor.callLater(.milliseconds(1)) {
                // Due before its turn can come.
                world.reactor.callLater(.milliseconds(5)) {
                    #expect(world.reactor.metrics.timers.lateness.max >= .milliseconds(15))
                    world.finish()
                }
                LoopLagTests.dawdle(on: world.reactor)
            }
        }
    }

    @Test func aSimulatedHostIsBusyForAsLongAsItsTurnsTake() throws {
        let reactor = SimulatedReactor(seed: 1)
        defer { reactor.network.end() }
        reactor.turnTime = .milliseconds(2)
        reactor.callLater(.seconds(1)) { reactor.spend(.milliseconds(3)) }
        reactor.advance(by: .seconds(10))
        let metrics = reactor.metrics
        #expect(metrics.loop.lag.max == .milliseconds(5))
        #expect(metrics.loop.lag.sum == .milliseconds(2 * metrics.loop.turns + 3))
        #expect(metrics.period == .seconds(10))
        #expect(metrics.timers.lateness.max == .zero)
    }
}
