import EventReactor
import Glibc
import TestSupport
import Testing

@testable import EventReactorCore

@Suite("Contract 1-3: run and stop")
struct LifeTests {
    // MARK: 1

    @Test(arguments: Setting.reactors)
    func line01StopBeforeRunIsATypedError(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        #expect(throws: ReactorError.notRunning) { try world.reactor.stop() }
        #expect(throws: ReactorError.notRunning) { try world.reactor.stop(drainingFor: .seconds(1)) }
        #expect(!world.reactor.isRunning)
        world.reactor.callSoon { world.finish() }
        try world.run()
        #expect(!world.reactor.isRunning)
        #expect(throws: ReactorError.notRunning, "after a run it is not running either") { try world.reactor.stop() }
        #expect(throws: ReactorError.notRunning) { try world.reactor.stop(drainingFor: .zero) }
    }

    @Test(arguments: Setting.reactors)
    func line01SecondStopIsATypedError(_ setting: Setting) throws {
        try setting.run { world in
            unowned let reactor = world.reactor
            reactor.onShutdown { [unowned reactor] in
                #expect(throws: ReactorError.alreadyStopping) { try reactor.stop() }
                #expect(throws: ReactorError.alreadyStopping) { try reactor.stop(drainingFor: .seconds(1)) }
            }
            reactor.callSoon { [unowned reactor] in
                #expect(throws: Never.self) { try reactor.stop() }
                #expect(reactor.isRunning, "stopping takes until run() returns")
                #expect(throws: ReactorError.alreadyStopping) { try reactor.stop() }
                #expect(throws: ReactorError.alreadyStopping) { try reactor.stop(drainingFor: .seconds(1)) }
            }
        }
    }

    @Test(arguments: Setting.all)
    func line01StopInsideTheLastCallbacksIsATypedError(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair()
            server.onMade = { _ in world.finish() }
            for end in [server, client] {
                end.onLost = { [unowned world] _, _ in
                    #expect(throws: ReactorError.alreadyStopping) { try world.reactor.stop() }
                    world.remote.stop()
                }
            }
        }
    }

    @Test(arguments: Setting.reactors)
    func line01RemoteStopCountsOnceHoweverOftenItIsCalled(_ setting: Setting) throws {
        var stops = 0
        let world = try setting.makeWorld()
        defer { world.end() }
        let remote = world.remote
        world.reactor.onShutdown {
            stops += 1
            remote.stop()
        }
        world.reactor.callSoon { for _ in 0..<100 { remote.stop() } }
        try world.run()
        #expect(stops == 1)
        for _ in 0..<100 { remote.stop() }
        #expect(stops == 1)
    }

    @Test(arguments: Setting.reactors)
    func line01RemoteStopBeforeTheFirstRunStopsItAsItStarts(_ setting: Setting) throws {
        var calls: [String] = []
        let world = try setting.makeWorld()
        defer { world.end() }
        world.remote.stop()
        world.remote.stop()
        world.reactor.onStartup { calls.append("startup") }
        world.reactor.onShutdown { calls.append("shutdown") }
        try world.run()
        #expect(calls == ["startup", "shutdown"])
    }

    @Test(arguments: Setting.reactors)
    func line01RemoteStopAfterARunStopsNoLaterOne(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        world.reactor.callSoon { world.finish() }
        try world.run()
        world.remote.stop()
        var turns = 0
        func count() {
            turns += 1
            if turns == 10 { world.finish() } else { world.reactor.callSoon(count) }
        }
        world.reactor.callSoon(count)
        try world.run()
        #expect(turns == 10)
    }

    @Test(arguments: Setting.kernelReactors)
    func line01RemoteStopFromSeveralThreadsAtOnce(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        let remote = world.remote
        for _ in 0..<20 {
            var stops = 0
            var threads: [WorkerThread] = []
            world.reactor.callSoon {
                threads = (0..<8).map { _ in WorkerThread { for _ in 0..<50 { remote.stop() } } }
            }
            world.reactor.callLater(.zero) { stops += 1 }
            try world.run()
            // Those that are late stop nothing, neither this run nor the next.
            for thread in threads { thread.join() }
            #expect(stops == 1)
        }
    }

    @Test(arguments: Setting.reactors)
    func line01RemoteOfAReactorThatIsGoneDoesNothing(_ setting: Setting) throws {
        var world: World? = try setting.makeWorld()
        let remote = try #require(world?.remote)
        weak let reactor = world?.reactor
        remote.callFromThread { _ in Issue.record("called without a run") }
        world = nil
        #expect(reactor == nil)
        remote.stop()
        remote.callFromThread { _ in Issue.record("called on a reactor that is gone") }
    }

    // MARK: 2

    @Test(arguments: Setting.reactors)
    func line02RunInsideRunIsATypedErrorEverywhere(_ setting: Setting) throws {
        var refused: [String] = []
        try setting.run { world in
            unowned let reactor = world.reactor
            func tryRunning(_ place: String) {
                #expect(throws: ReactorError.alreadyRunning) { try reactor.run() }
                refused.append(place)
            }
            reactor.onStartup { tryRunning("startup") }
            reactor.onShutdown { tryRunning("shutdown") }
            let (server, _) = try world.pair()
            server.onMade = { _ in
                tryRunning("made")
                reactor.callLater(.zero) {
                    tryRunning("timer")
                    world.finish()
                }
            }
            server.onLost = { _, _ in tryRunning("lost") }
        }
        #expect(refused == ["startup", "made", "timer", "shutdown", "lost"])
    }

    @Test(arguments: Setting.all)
    func line02AReactorCanBeRunAgainWithListenersAndTimers(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        for round in 0..<5 {
            var fired = false
            world.reactor.callLater(.zero) { fired = true }
            let (server, client) = try world.pair()
            client.onMade = { $0.transport.write("round \(round)") }
            server.onData = { server, _ in if server.text == "round \(round)" { world.finish() } }
            try world.run()
            #expect(fired)
            #expect(server.text == "round \(round)")
            #expect(server.reason?.isReactorStopped == true)
            #expect(client.reason?.isReactorStopped == true)
            #expect(world.reactor.connectionCount == 0)
            #expect(world.reactor.ports.isEmpty, "listeners have to listen again")
        }
    }

    @Test(arguments: Setting.reactors)
    func line02WhatWasLeftWhenARunEndedIsDoneInTheNext(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        var calls: [String] = []
        world.reactor.callSoon {
            world.finish()
            world.reactor.callSoon { calls.append("soon") }
            world.reactor.callLater(.milliseconds(1)) {
                calls.append("later")
                world.reactor.callSoon { world.finish() }
            }
        }
        world.reactor.onShutdown { world.remote.callFromThread { _ in } }
        try world.run()
        #expect(calls == [])
        try world.run()
        // Which comes first is a matter of how long the first run took to end.
        #expect(Set(calls) == ["soon", "later"])
    }

    @Test(arguments: Setting.all)
    func line02AListenerMadeWhileTheLastConnectionsEndServesTheNextRun(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        let (server, _) = try world.pair()
        let next = Recorder("next")
        server.onMade = { _ in world.finish() }
        server.onLost = { _, _ in
            do {
                let port = try world.listen { next }
                try world.connect(to: port.localAddress) { Recorder("client") }
            } catch { Issue.record(error) }
        }
        try world.run()
        #expect(next.calls == [])
        next.onMade = { _ in world.finish() }
        try world.run()
        #expect(next.calls == ["made", "lost"])
    }

    // MARK: 3

    @Test(arguments: Setting.kernelReactors)
    func line03AnIdleReactorSleepsUntilItIsStopped(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        let remote = world.remote
        // Nothing keeps it running: no timer, no connection, no listener.
        world.reactor.onStartup {
            let loop = ThreadInKernel.current
            _ = WorkerThread {
                #expect(loop.waitUntilAsleep())
                remote.stop()
            }
        }
        let turns = world.reactor.turnNumber
        try world.reactor.run()
        #expect(world.reactor.turnNumber - turns < 10)
    }

    @Test(arguments: Setting.kernelReactors)
    func line03AnIdleReactorUsesNoProcessorTime(_ setting: Setting) throws {
        try setting.run { world in
            let (server, _) = try world.pair()
            server.onMade = { _ in
                world.reactor.callLater(.zero) {
                    let turns = world.reactor.turnNumber
                    let used = SystemClock.threadProcessorTime
                    world.reactor.callLater(.milliseconds(500)) {
                        #expect(world.reactor.turnNumber - turns < 10)
                        #expect(SystemClock.threadProcessorTime - used < 100_000_000)
                        world.finish()
                    }
                }
            }
        }
    }
}
