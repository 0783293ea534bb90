import EventReactor
import Glibc
import Testing

@Suite("Contract 56: hooks and handlers that are taken back")
struct TakenBackClosureTests {
    @Test(arguments: Setting.reactors)
    func line56AHookThatIsTakenBackIsReleasedAndCalledNoMore(_ setting: Setting) throws {
        let tokens = Tokens()
        let world = try setting.makeWorld()
        defer { world.end() }
        unowned let reactor = world.reactor
        var calls: [String] = []
        func closure(_ name: String) -> () -> Void {
            tokens.closure(name) { calls.append(name) }
        }
        var hooks = [
            reactor.onStartup(closure("startup")), reactor.onShutdown(closure("shutdown")),
            reactor.onShutdown { [body = closure("async shutdown")] (completion: ShutdownCompletion) in
                body()
                completion.finish()
            },
        ]
        reactor.onStartup { calls.append("stays") }
        reactor.callSoon { world.finish() }
        try world.run()
        #expect(calls == ["startup", "stays", "shutdown", "async shutdown"])
        for hook in hooks {
            #expect(hook.isActive && hook.cancel() && !hook.isActive && !hook.cancel())
        }
        #expect(tokens.retained == [])
        calls = []
        reactor.callSoon { world.finish() }
        try world.run()
        #expect(calls == ["stays"])
        // Many that come and go leave nothing behind.
        hooks = []
        for _ in 0..<1000 { reactor.onShutdown { Issue.record("a hook that was taken back") }.cancel() }
        // One hook may cancel another, which then is not awaited.
        var last: ReactorHook?
        reactor.onShutdown { last?.cancel() }
        last = reactor.onShutdown { (completion: ShutdownCompletion) in
            Issue.record("a hook that was taken back: \(completion)")
        }
        calls = []
        reactor.callSoon { world.finish() }
        try world.run()
        #expect(calls == ["stays"])
    }

    @Test(arguments: Setting.kernelReactors)
    func line56ASignalHandlerThatIsTakenBackIsReleasedAtOnceAndCalledNoMore(_ setting: Setting) async throws {
        await #expect(processExitsWith: .success) { [setting] in
            let tokens = Tokens()
            var configuration = ReactorConfiguration()
            configuration.stopSignals = [SIGTERM]
            let world = try setting.makeWorld(configuration: configuration)
            defer { world.end() }
            unowned let reactor = world.reactor
            var calls = 0
            func handler(_ name: String) -> () -> Void {
                tokens.closure(name) { calls += 1 }
            }
            let hangUp = reactor.onSignal(SIGHUP, handler("SIGHUP"))
            let term = reactor.onSignal(SIGTERM, handler("SIGTERM"))
            reactor.callSoon {
                sendSignal(SIGHUP)
                sendSignal(SIGTERM)
                world.wait(until: { calls == 2 }) {
                    #expect(hangUp.cancel() && term.cancel())
                    #expect(tokens.retained == [])
                    // SIGHUP is only caught for the rest of this run; SIGTERM stops the reactor again.
                    sendSignal(SIGHUP)
                    sendSignal(SIGTERM)
                }
            }
            try world.run()
            #expect(calls == 2)
            // One that is replaced in a run is called for the rest of it, and released then.
            let first = reactor.onSignal(SIGHUP, handler("first"))
            reactor.callSoon {
                reactor.onSignal(SIGHUP, handler("second"))
                sendSignal(SIGHUP)
                world.wait(until: { calls == 3 }) { world.finish() }
            }
            try world.run()
            #expect(tokens.retained == ["second"])
            #expect(!first.isActive)
        }
    }
}
