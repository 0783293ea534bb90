import EventReactor
import Glibc
import TestSupport
import Testing

/// Each runs in a process of its own, since signals are a process's.
@Suite("Contract 6: signals")
struct SignalTests {
    @Test(arguments: Setting.kernelReactors, [SIGINT, SIGTERM])
    func line06StopSignalsStopTheLoopThroughTheSamePath(_ setting: Setting, _ signal: Int32) async throws {
        await #expect(processExitsWith: .success) { [setting, signal] in
            let world = try setting.makeWorld(configuration: ReactorConfiguration())
            defer { world.end() }
            var calls: [String] = []
            let (server, client) = try world.pair()
            world.reactor.onShutdown { calls.append("first hook") }
            world.reactor.onShutdown { completion in
                calls.append("slow hook")
                #expect(throws: ReactorError.alreadyStopping) { try world.reactor.stop() }
                world.reactor.callLater(.milliseconds(5)) {
                    calls.append("finished")
                    completion.finish()
                }
            }
            client.onMade = { $0.transport.write("hello") }
            server.onData = { _, _ in sendSignal(signal) }
            for end in [server, client] { end.onLost = { _, reason in calls.append("\(reason)") } }
            try world.run()
            let lost = "\(ConnectionLostReason.reactorStopped)"
            #expect(calls == ["first hook", "slow hook", "finished", lost, lost])
        }
    }

    @Test(arguments: Setting.kernelReactors)
    func line06ASignalWakesASleepingLoopFromAnyThread(_ setting: Setting) async throws {
        await #expect(processExitsWith: .success) { [setting] in
            let world = try setting.makeWorld(configuration: ReactorConfiguration())
            defer { world.end() }
            for _ in 0..<50 {
                // To the process, from a thread to which it is delivered: the loop's thread sleeps meanwhile.
                var thread: WorkerThread?
                world.reactor.callSoon { thread = WorkerThread { sendSignal(SIGTERM) } }
                try world.run()
                thread?.join()
            }
        }
    }

    @Test(arguments: Setting.kernelReactors)
    func line06PreviousDispositionsAreBackAfterTheRun(_ setting: Setting) async throws {
        await #expect(processExitsWith: .success) { [setting] in
            let own: @convention(c) (Int32) -> Void = { _ in }
            signal(SIGINT, own)
            signal(SIGTERM, SIG_IGN)
            signal(SIGHUP, SIG_DFL)
            signal(SIGPIPE, SIG_DFL)
            let watched = [SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGUSR1]
            let before = watched.map(Disposition.init)
            let world = try setting.makeWorld(configuration: ReactorConfiguration())
            defer { world.end() }
            world.reactor.onSignal(SIGHUP) {}
            for _ in 0..<3 {
                #expect(watched.map(Disposition.init) == before, "nothing changes before the run")
                world.reactor.callSoon {
                    for number in [SIGINT, SIGTERM, SIGHUP, SIGPIPE] {
                        let during = Disposition(number)
                        #expect(watched.firstIndex(of: number).map { before[$0] } != during)
                    }
                    #expect(Disposition(SIGUSR1) == before.last)
                    world.finish()
                }
                try world.run()
                #expect(watched.map(Disposition.init) == before)
            }
        }
    }

    @Test(arguments: Setting.kernelReactors)
    func line06TheLastOfSeveralReactorsGivesTheDispositionsBack(_ setting: Setting) async throws {
        await #expect(processExitsWith: .success) { [setting] in
            // Set once by this program: a sanitizer may report the inherited disposition differently.
            for number in [SIGINT, SIGTERM, SIGPIPE] { signal(number, SIG_DFL) }
            let before = [SIGINT, SIGTERM, SIGPIPE].map(Disposition.init)
            // All of them get the signal, whichever thread it is delivered to.
            let running = Counter()
            let threads = (0..<4).map { _ in
                WorkerThread {
                    do {
                        let world = try setting.makeWorld(configuration: ReactorConfiguration())
                        defer { world.end() }
                        world.reactor.onStartup { if running.increment() == 4 { sendSignal(SIGINT) } }
                        try world.run()
                    } catch { Issue.record(error) }
                }
            }
            for thread in threads { thread.join() }
            #expect([SIGINT, SIGTERM, SIGPIPE].map(Disposition.init) == before)
        }
    }

    @Test(arguments: Setting.kernelReactors)
    func line06ASecondSignalCutsShortTheWaitForHooks(_ setting: Setting) async throws {
        await #expect(processExitsWith: .success) { [setting] in
            let world = try setting.makeWorld(configuration: ReactorConfiguration())
            defer { world.end() }
            var calls: [String] = []
            var kept: [ShutdownCompletion] = []
            world.reactor.onShutdown { completion in
                calls.append("never finishes")
                kept.append(completion)
                world.reactor.callLater(.milliseconds(1)) { sendSignal(SIGINT) }
            }
            world.reactor.onShutdown { calls.append("other hook") }
            let (server, client) = try world.pair()
            server.onMade = { _ in sendSignal(SIGTERM) }
            try world.run()
            #expect(calls == ["never finishes", "other hook"])
            #expect(client.reason?.isReactorStopped == true)
            #expect(server.reason?.isReactorStopped == true)
        }
    }

    @Test(arguments: Setting.kernelReactors)
    func line06AHookThatWasCutShortFinishesForNoLaterStop(_ setting: Setting) async throws {
        await #expect(processExitsWith: .success) { [setting] in
            let world = try setting.makeWorld(configuration: ReactorConfiguration())
            defer { world.end() }
            var kept: ShutdownCompletion?
            var waited = false
            world.reactor.onShutdown { completion in
                if let kept {
                    kept.finish()
                    world.reactor.callLater(.milliseconds(1)) {
                        waited = true
                        completion.finish()
                    }
                } else {
                    kept = completion
                    sendSignal(SIGTERM)
                }
            }
            for _ in 0..<2 {
                #expect(!waited)
                world.reactor.callSoon { sendSignal(SIGTERM) }
                try world.run()
            }
            #expect(waited)
        }
    }

    @Test(arguments: Setting.kernelReactors)
    func line06ACompletionThatWasCutShortMayOutliveItsReactor(_ setting: Setting) async throws {
        await #expect(processExitsWith: .success) { [setting] in
            var kept: ShutdownCompletion?
            weak var gone: ReactorBase?
            do {
                let world = try setting.makeWorld(configuration: ReactorConfiguration())
                defer { world.end() }
                gone = world.reactor
                world.reactor.onShutdown { [unowned reactor = world.reactor] completion in
                    kept = completion
                    reactor.callSoon { sendSignal(SIGINT) }
                }
                world.reactor.callSoon { sendSignal(SIGINT) }
                try world.run()
            }
            #expect(gone == nil)
            #expect(kept != nil)
            kept?.finish()
            kept = nil
        }
    }

    @Test(arguments: Setting.kernelReactors)
    func line06AHandlerReplacesTheStopAndIsCalledForEachArrival(_ setting: Setting) async throws {
        await #expect(processExitsWith: .success) { [setting] in
            let world = try setting.makeWorld(configuration: ReactorConfiguration())
            defer { world.end() }
            var calls: [Int32] = []
            for number in [SIGINT, SIGHUP, SIGUSR1] {
                world.reactor.onSignal(number) {
                    calls.append(number)
                    switch calls.count {
                    case 1: sendSignal(SIGHUP)
                    case 2: sendSignal(SIGINT)
                    case 3: sendSignal(SIGUSR1)
                    case 4:
                        // A change now applies from the next run on.
                        world.reactor.onSignal(SIGHUP, nil)
                        world.reactor.onSignal(SIGUSR2) { Issue.record("a handler of the next run") }
                        sendSignal(SIGHUP)
                    default: world.finish()
                    }
                }
            }
            world.reactor.callSoon { sendSignal(SIGUSR1) }
            try world.run()
            #expect(calls == [SIGUSR1, SIGHUP, SIGINT, SIGUSR1, SIGHUP])
        }
    }

    @Test(arguments: Setting.kernelReactors)
    func line06WithoutStopSignalsASignalDoesWhatItDidBefore(_ setting: Setting) async throws {
        await #expect(processExitsWith: .signal(SIGTERM)) { [setting] in
            try setting.run { world in world.reactor.callSoon { sendSignal(SIGTERM) } }
        }
    }

    @Test(arguments: Setting.kernelReactors)
    func line06ASignalThatCannotBeWatchedIsATypedErrorAndChangesNothing(_ setting: Setting) async throws {
        await #expect(processExitsWith: .success) { [setting] in
            // Set once by this program: a sanitizer may report the inherited disposition differently.
            signal(SIGTERM, SIG_DFL)
            let before = Disposition(SIGTERM)
            var configuration = ReactorConfiguration()
            configuration.stopSignals = [SIGTERM, SIGKILL]
            let world = try setting.makeWorld(configuration: configuration)
            defer { world.end() }
            var started = false
            world.reactor.onStartup { started = true }
            #expect(throws: ReactorError.self) { try world.reactor.run() }
            #expect(!started)
            #expect(!world.reactor.isRunning)
            #expect(Disposition(SIGTERM) == before)
            #expect(throws: ReactorError.notRunning) { try world.reactor.stop() }
        }
    }

    @Test(arguments: Setting.all.filter(\.admitsRawPeers))
    func line06WritingToAPeerThatIsGoneKillsNoProcess(_ setting: Setting) async throws {
        await #expect(processExitsWith: .success) { [setting] in
            signal(SIGPIPE, SIG_DFL)
            let world = try setting.makeWorld()
            defer { world.end() }
            let (server, client) = try world.pair()
            client.onMade = { $0.transport.abortConnection() }
            server.onMade = { server in
                // Not read, so that the loss is not noticed by reading first; small and large, now and later.
                server.transport.pauseReading()
                for size in [1, 100_000, 4 << 20] { server.transport.write([UInt8](repeating: 1, count: size)) }
                func again() {
                    server.transport.write([UInt8](repeating: 1, count: 100_000))
                    if server.reason == nil { world.reactor.callLater(.milliseconds(1), again) }
                }
                again()
            }
            server.onLost = { _, _ in world.finish() }
            try world.run()
        }
    }
}
