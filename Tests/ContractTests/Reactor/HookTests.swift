import EventReactor
import Testing

@Suite("Contract 4: hooks")
struct HookTests {
    private struct Oops: Error {}

    @Test(arguments: Setting.reactors)
    func line04HooksRunInOrderOfRegistrationInEveryRun(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        var calls: [String] = []
        for number in 1...3 {
            world.reactor.onStartup { calls.append("startup \(number)") }
            world.reactor.onShutdown { calls.append("shutdown \(number)") }
        }
        world.reactor.onShutdown { (completion: ShutdownCompletion) in
            calls.append("shutdown 4")
            completion.finish()
        }
        let expected = [
            "startup 1", "startup 2", "startup 3", "turn", "shutdown 1", "shutdown 2", "shutdown 3", "shutdown 4",
        ]
        for _ in 0..<2 {
            calls = []
            world.reactor.callLater(.zero) {
                calls.append("turn")
                world.finish()
            }
            try world.run()
            #expect(calls == expected)
        }
    }

    @Test(arguments: Setting.reactors)
    func line04AStopWhileStartingLetsAllStartupHooksRunBeforeTheFirstShutdownHook(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        var calls: [String] = []
        world.reactor.onStartup {
            calls.append("startup 1")
            world.finish()
        }
        world.reactor.onStartup { calls.append("startup 2") }
        world.reactor.onShutdown { calls.append("shutdown") }
        try world.run()
        #expect(calls == ["startup 1", "startup 2", "shutdown"])
    }

    @Test(arguments: Setting.reactors)
    func line04ShutdownHooksRunAfterTheCallbackThatStopped(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        var calls: [String] = []
        world.reactor.onShutdown { calls.append("shutdown") }
        world.reactor.callSoon {
            world.finish()
            calls.append("callback has returned")
        }
        try world.run()
        #expect(calls == ["callback has returned", "shutdown"])
    }

    @Test(arguments: Setting.reactors)
    func line04AStartupHookGivenWhileRunningIsForTheNextRun(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        var calls = 0
        world.reactor.callSoon {
            world.reactor.onStartup { calls += 1 }
            world.finish()
        }
        try world.run()
        #expect(calls == 0)
        world.reactor.callSoon { world.finish() }
        try world.run()
        #expect(calls == 1)
    }

    @Test(arguments: Setting.all)
    func line04AnAsyncHookDelaysTheEndWhileTimersAndBytesGoOn(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        unowned let reactor = world.reactor
        var calls: [String] = []
        let (server, client) = try world.pair()
        let late = Recorder("late")
        client.onMade = { _ in world.finish() }
        server.onData = { server, _ in
            calls.append("bytes")
            // Everything still works: new listeners and connections too.
            let port = try world.listen { late }
            try world.connect(to: port.localAddress) { Recorder("late client") }
        }
        var waiting: ShutdownCompletion?
        reactor.onShutdown { completion in
            waiting = completion
            reactor.callLater(.milliseconds(5)) {
                calls.append("timer")
                client.transport.write("still here")
            }
        }
        late.onMade = { _ in
            calls.append("connection")
            #expect(reactor.isRunning)
            #expect(server.reason == nil, "connections end after the hooks")
            waiting?.finish()
            waiting?.finish()
        }
        try world.run()
        #expect(calls == ["timer", "bytes", "connection"])
        #expect(server.reason?.isReactorStopped == true)
        #expect(late.reason?.isReactorStopped == true)
    }

    @Test(arguments: Setting.reactors)
    func line04EveryAsyncHookIsWaitedFor(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        unowned let reactor = world.reactor
        var finished: [Int] = []
        for number in 1...3 {
            reactor.onShutdown { completion in
                reactor.callLater(.milliseconds(number * 3)) {
                    finished.append(number)
                    completion.finish()
                    // Finishing twice finishes no other hook.
                    completion.finish()
                }
            }
        }
        reactor.callSoon { world.finish() }
        try world.run()
        #expect(finished == [1, 2, 3])
    }

    @Test(arguments: Setting.reactors)
    func line04AHookThatThrowsIsReportedAndTheOthersRun(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        var reports = 0
        var calls: [String] = []
        world.reactor.onDiagnostic = { diagnostic in
            guard case .hookFailed(let error) = diagnostic else {
                Issue.record("unexpected: \(diagnostic)")
                return
            }
            #expect(error is Oops)
            reports += 1
        }
        world.reactor.onStartup { throw Oops() }
        world.reactor.onStartup {
            calls.append("startup")
            world.finish()
        }
        world.reactor.onShutdown { throw Oops() }
        var kept: ShutdownCompletion?
        world.reactor.onShutdown { completion in
            // Thrown while the completion is still retained: it has finished nevertheless.
            kept = completion
            throw Oops()
        }
        world.reactor.onShutdown { calls.append("shutdown") }
        try world.run()
        #expect(reports == 3)
        #expect(calls == ["startup", "shutdown"])
        kept?.finish()
    }

    @Test(arguments: Setting.reactors)
    func line04AHookThatLetsGoOfItsCompletionHasFinished(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        var calls: [String] = []
        world.reactor.onShutdown { (_: ShutdownCompletion) in calls.append("at once") }
        world.reactor.onShutdown { completion in
            world.reactor.callLater(.milliseconds(1)) {
                calls.append("later")
                _ = completion
            }
        }
        world.reactor.callSoon { world.finish() }
        try world.run()
        #expect(calls == ["at once", "later"])
    }
}
