import EventReactor
import EventReactorTesting
import Glibc
import TestSupport
import Testing

/// When the closures that a reactor was given are released, by what they captured: each names the reactor too, as those of
/// programs do.
@Suite("Contract 56: closures are released once they cannot be called again")
struct ClosureLifetimeTests {
    private final class Token {}

    /// What closures captured, by what they were for.
    private final class Tokens {
        private struct Weak { weak var token: Token? }
        private var all: [(name: String, token: Weak)] = []

        func make(_ name: String) -> Token {
            let token = Token()
            all.append((name, Weak(token: token)))
            return token
        }

        /// Those that something still holds.
        var held: [String] { all.filter { $0.token.token != nil }.map(\.name) }
    }

    /// Gives a reactor a closure of every kind.
    private func fill(_ world: World, _ tokens: Tokens) throws {
        let reactor = world.reactor
        func closure(_ name: String) -> () -> Void {
            let token = tokens.make(name)
            return { withExtendedLifetime((token, reactor)) {} }
        }
        func closure<Value>(_ name: String, taking: Value.Type) -> (Value) -> Void {
            let body = closure(name)
            return { _ in body() }
        }
        reactor.onStartup(closure("onStartup"))
        reactor.onShutdown(closure("onShutdown"))
        reactor.onShutdown(closure("async onShutdown", taking: ShutdownCompletion.self))
        reactor.onSignal(SIGHUP, closure("onSignal"))
        reactor.onDiagnostic = closure("onDiagnostic", taking: ReactorDiagnostic.self)
        reactor.callLater(.seconds(1000), closure("callLater"))
        reactor.callSoon(closure("callSoon"))
        reactor.commonTimeout(.seconds(1000)).arm(closure("commonTimeout"))
        let port = try world.listen { [body = closure("listen")] in
            body()
            return nil
        }
        port.onAcceptFailure = closure("onAcceptFailure", taking: AcceptFailure.self)
        port.onExcess = { [body = closure("onExcess")] _ in
            body()
            return nil
        }
        try world.connect(
            to: port.localAddress,
            { [body = closure("connect")] in
                body()
                return nil
            }, onFailure: closure("onFailure", taking: ConnectError.self))
        reactor.deferToThread({}, then: closure("deferToThread", taking: Result<Void, any Error>.self))
        nonisolated(unsafe) let body = closure("callFromThread")
        world.remote.callFromThread { _ in unsafe body() }
    }

    @Test(arguments: Setting.all)
    func line56ClosingReleasesEveryClosureOfAReactorThatNeverRan(_ setting: Setting) throws {
        let tokens = Tokens()
        weak var reactor: ReactorBase?
        func use() throws {
            let world = try setting.makeWorld()
            reactor = world.reactor
            try fill(world, tokens)
            #expect(tokens.held.count == 15)
            world.reactor.close()
            #expect(tokens.held == [])
            #expect(world.reactor.isClosed)
            world.reactor.close()
            // Nor is anything kept that is given to it from now on.
            #expect(throws: ListenError.reactorClosed) { try fill(world, tokens) }
            #expect(tokens.held == [])
        }
        try use()
        #expect(reactor == nil)
    }

    @Test(arguments: Setting.all)
    func line56ClosingReleasesEveryClosureOfAReactorThatRan(_ setting: Setting) throws {
        let tokens = Tokens()
        weak var reactor: ReactorBase?
        func use() throws {
            let world = try setting.makeWorld()
            reactor = world.reactor
            for _ in 0..<2 {
                try fill(world, tokens)
                world.reactor.callLater(.milliseconds(1)) { [reactor = world.reactor] in try? reactor.stop() }
                try world.reactor.run()
            }
            try fill(world, tokens)
            world.reactor.close()
            #expect(tokens.held == [])
        }
        try use()
        #expect(reactor == nil)
    }

    @Test(arguments: Setting.all)
    func line56ClosingInARunRunsTheShutdownHooksAndReleasesAllAsTheRunEnds(_ setting: Setting) throws {
        let tokens = Tokens()
        weak var reactor: ReactorBase?
        var calls: [String] = []
        func use() throws {
            let world = try setting.makeWorld()
            reactor = world.reactor
            try fill(world, tokens)
            world.reactor.onShutdown { [reactor = world.reactor] in
                calls.append("hook")
                #expect(!reactor.isClosed && reactor.isRunning)
                reactor.close()
            }
            let (server, client) = try world.pair()
            client.onMade = { [reactor = world.reactor] _ in
                reactor.close()
                #expect(!reactor.isClosed)
                calls.append("closed")
            }
            client.onLost = { [reactor = world.reactor] _, reason in
                #expect(reason.isReactorStopped)
                calls.append("lost")
                // Of no use any more, and harmless.
                #expect(!reactor.callLater(.zero) {}.isActive)
                #expect(throws: ListenError.reactorClosed) { try world.listen { nil } }
            }
            try world.run()
            withExtendedLifetime(server) {}
            #expect(world.reactor.isClosed)
            #expect(tokens.held == [])
            #expect(throws: ReactorError.closed) { try world.reactor.run() }
        }
        try use()
        #expect(calls == ["closed", "hook", "lost"])
        #expect(reactor == nil)
    }

    @Test(arguments: Setting.all)
    func line56WhatNoLaterRunCanCallIsReleasedWhenARunEnds(_ setting: Setting) throws {
        let tokens = Tokens()
        let world = try setting.makeWorld()
        defer {
            world.reactor.close()
            world.end()
        }
        unowned let reactor = world.reactor
        func closure(_ name: String) -> () -> Void {
            let token = tokens.make(name)
            return { withExtendedLifetime(token) {} }
        }
        func listen() throws -> ListeningPort {
            let port = try world.listen { [body = closure("listen")] in
                body()
                return nil
            }
            port.onAcceptFailure = { [body = closure("onAcceptFailure")] _ in body() }
            port.onExcess = { [body = closure("onExcess")] _ in
                body()
                return nil
            }
            return port
        }
        let port = try listen()
        let connector = try world.connect(
            to: port.localAddress,
            { [body = closure("connect")] in
                body()
                return nil
            }, onFailure: { [body = closure("onFailure")] _ in body() })
        let call = reactor.callLater(.milliseconds(1)) { [body = closure("callLater")] in
            body()
            world.finish()
        }
        let cancelled = reactor.callLater(.seconds(1000), closure("cancelled call"))
        let timeout = reactor.commonTimeout(.nanoseconds(1)).arm(closure("commonTimeout"))
        reactor.callSoon(closure("callSoon"))
        cancelled.cancel()
        reactor.onShutdown { [body = closure("completion")] completion in
            reactor.callSoon {
                body()
                completion.finish()
            }
        }.cancel()
        reactor.onSignal(SIGHUP, closure("handler"))
        reactor.callSoon { reactor.onSignal(SIGHUP, nil) }
        try world.run()
        #expect(tokens.held == [])
        withExtendedLifetime((port, connector, call, cancelled, timeout)) {}
    }

    @Test(arguments: Setting.reactors)
    func line56WhatALaterRunCallsIsKeptUntilTheReactorIsClosed(_ setting: Setting) throws {
        let tokens = Tokens()
        let world = try setting.makeWorld()
        defer { world.end() }
        unowned let reactor = world.reactor
        func closure(_ name: String) -> () -> Void {
            let token = tokens.make(name)
            return { withExtendedLifetime(token) {} }
        }
        reactor.onStartup(closure("hook"))
        reactor.callLater(.seconds(1000), closure("timer"))
        reactor.callSoon { world.finish() }
        reactor.onShutdown { [body = closure("callSoon")] in
            // In the last turn: for the next run.
            reactor.callSoon(body)
        }
        try world.run()
        #expect(tokens.held == ["hook", "timer", "callSoon"])
        reactor.close()
        #expect(tokens.held == [])
    }

    // MARK: Taking back

    @Test(arguments: Setting.reactors)
    func line56AHookThatIsTakenBackIsReleasedAndCalledNoMore(_ setting: Setting) throws {
        let tokens = Tokens()
        let world = try setting.makeWorld()
        defer { world.end() }
        unowned let reactor = world.reactor
        var calls: [String] = []
        func closure(_ name: String) -> () -> Void {
            let token = tokens.make(name)
            return { withExtendedLifetime(token) { calls.append(name) } }
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
        #expect(tokens.held == [])
        calls = []
        reactor.callSoon { world.finish() }
        try world.run()
        #expect(calls == ["stays"])
        // Many that come and go leave nothing behind.
        hooks = []
        for _ in 0..<1000 { reactor.onShutdown { Issue.record("a hook that was taken back") }.cancel() }
        // One hook may take back another, which then is not waited for.
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
                let token = tokens.make(name)
                return { withExtendedLifetime(token) { calls += 1 } }
            }
            let hangUp = reactor.onSignal(SIGHUP, handler("SIGHUP"))
            let term = reactor.onSignal(SIGTERM, handler("SIGTERM"))
            reactor.callSoon {
                sendSignal(SIGHUP)
                sendSignal(SIGTERM)
                world.wait(until: { calls == 2 }) {
                    #expect(hangUp.cancel() && term.cancel())
                    #expect(tokens.held == [])
                    // No more than watched for in the rest of this run; the other stops the reactor again.
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
            #expect(tokens.held == ["second"])
            #expect(!first.isActive)
        }
    }

    // MARK: Closing

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
            // Each is kept by closures of the same number, and calls what is of another.
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
