import EventReactor
import EventReactorTesting
import Glibc
import Testing

/// The release of the closures that a reactor was given, seen by what they captured: each names the reactor too, as
/// those of programs do.
@Suite("Contract 56: closures are released once they cannot be called again")
struct ClosureLifetimeTests {
    /// Gives a reactor a closure of every kind.
    private func fill(_ world: World, _ tokens: Tokens) throws {
        let reactor = world.reactor
        func closure(_ name: String) -> () -> Void {
            tokens.closure(name) { withExtendedLifetime(reactor) {} }
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
            #expect(tokens.retained.count == 15)
            world.reactor.close()
            #expect(tokens.retained == [])
            #expect(world.reactor.isClosed)
            world.reactor.close()
            // Nor is a closure retained that is given to it from now on.
            #expect(throws: ListenError.reactorClosed) { try fill(world, tokens) }
            #expect(tokens.retained == [])
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
            #expect(tokens.retained == [])
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
            #expect(tokens.retained == [])
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
        func listen() throws -> ListeningPort {
            let port = try world.listen { [body = tokens.closure("listen")] in
                body()
                return nil
            }
            port.onAcceptFailure = { [body = tokens.closure("onAcceptFailure")] _ in body() }
            port.onExcess = { [body = tokens.closure("onExcess")] _ in
                body()
                return nil
            }
            return port
        }
        let port = try listen()
        let connector = try world.connect(
            to: port.localAddress,
            { [body = tokens.closure("connect")] in
                body()
                return nil
            }, onFailure: { [body = tokens.closure("onFailure")] _ in body() })
        let call = reactor.callLater(.milliseconds(1)) { [body = tokens.closure("callLater")] in
            body()
            world.finish()
        }
        let cancelled = reactor.callLater(.seconds(1000), tokens.closure("cancelled call"))
        let timeout = reactor.commonTimeout(.nanoseconds(1)).arm(tokens.closure("commonTimeout"))
        reactor.callSoon(tokens.closure("callSoon"))
        cancelled.cancel()
        reactor.onShutdown { [body = tokens.closure("completion")] completion in
            reactor.callSoon {
                body()
                completion.finish()
            }
        }.cancel()
        reactor.onSignal(SIGHUP, tokens.closure("handler"))
        reactor.callSoon { reactor.onSignal(SIGHUP, nil) }
        try world.run()
        #expect(tokens.retained == [])
        withExtendedLifetime((port, connector, call, cancelled, timeout)) {}
    }

    @Test(arguments: Setting.reactors)
    func line56AReactorThatIsReleasedReleasesHooksWhoseHandlesAreKept(_ setting: Setting) throws {
        let tokens = Tokens()
        var handles: [ReactorHook] = []
        func use() throws {
            let reactor = try setting.makeWorld().reactor
            handles.append(reactor.onStartup(tokens.closure("startup")))
            handles.append(reactor.onShutdown(tokens.closure("shutdown")))
            #expect(tokens.retained == ["startup", "shutdown"])
        }
        try use()
        #expect(tokens.retained == [])
        #expect(handles.allSatisfy { !$0.isActive })
    }

    @Test(arguments: Setting.reactors)
    func line56WhatALaterRunCallsIsKeptUntilTheReactorIsClosed(_ setting: Setting) throws {
        let tokens = Tokens()
        let world = try setting.makeWorld()
        defer { world.end() }
        unowned let reactor = world.reactor
        reactor.onStartup(tokens.closure("hook"))
        reactor.callLater(.seconds(1000), tokens.closure("timer"))
        reactor.callSoon { world.finish() }
        reactor.onShutdown { [body = tokens.closure("callSoon")] in
            // In the last turn: for the next run.
            reactor.callSoon(body)
        }
        try world.run()
        #expect(tokens.retained == ["hook", "timer", "callSoon"])
        reactor.close()
        #expect(tokens.retained == [])
    }
}
