import EventReactor
import Glibc
import Testing

/// Each runs in a process of its own, since signals are a process's.
@Suite("A group and signals")
struct GroupSignalTests {
    @Test(arguments: [SIGINT, SIGTERM]) func aSignalStopsTheWholeGroupOnce(_ signal: Int32) async {
        await #expect(processExitsWith: .success) { [signal] in
            let stops = Shared(0)
            let group = try ReactorGroup(count: 3) { reactor in
                reactor.onShutdown { stops.change { $0 += 1 } }
            }
            for round in 1...3 {
                try await group.run { kill(getpid(), signal) }
                #expect(stops.value == 3 * round)
            }
        }
    }

    @Test func aSignalDrainsForTheConfiguredTimeAndASecondHurries() async {
        await #expect(processExitsWith: .success) {
            var configuration = ReactorGroup.Configuration()
            configuration.drainTime = .seconds(3600)
            let hooks = Shared(0)
            let group = try ReactorGroup(count: 2, configuration: configuration) { reactor in
                try reactor.listenTCP(port: 0, host: "127.0.0.1") { [unowned reactor] in IndexAnswerer(reactor) }
                reactor.onShutdown { completion in
                    // It never finishes by itself.
                    reactor.callLater(.seconds(3600)) { completion.finish() }
                    hooks.change { $0 += 1 }
                }
            }
            try await group.start()
            let address = try #require(group.localAddresses.first)
            let callers = (0..<32).compactMap { _ in Caller(address) }
            #expect(callers.allSatisfy { $0.ask() != nil })
            kill(getpid(), SIGTERM)
            while Caller(address) != nil { await Task.yield() }
            #expect(callers.allSatisfy { $0.ask() != nil }, "live connections go on")
            kill(getpid(), SIGTERM)
            while hooks.value < 2 { await Task.yield() }
            kill(getpid(), SIGTERM)
            try await group.wait()
            #expect(callers.allSatisfy { $0.seesEnd() })
        }
    }

    @Test func withoutStopSignalsTheGroupLeavesThemAlone() async {
        await #expect(processExitsWith: .signal(SIGTERM)) {
            var configuration = ReactorGroup.Configuration()
            configuration.reactor.stopSignals = [SIGUSR1]
            try await ReactorGroup(count: 2, configuration: configuration) { _ in }.run { kill(getpid(), SIGUSR1) }
            signal(SIGTERM, SIG_DFL)
            try await ReactorGroup(count: 2, configuration: configuration) { _ in }.run { kill(getpid(), SIGTERM) }
        }
    }

    @Test func aSignalOfAReactorsOwnReachesEachThatAskedForIt() async {
        await #expect(processExitsWith: .success) {
            let calls = Shared<Set<Int>>([])
            let box = Shared<ReactorGroup?>(nil)
            let group = try ReactorGroup(count: 3) { reactor in
                let index = reactor.placeInGroup ?? -1
                reactor.onSignal(SIGHUP) {
                    calls.change { $0.insert(index) }
                    if calls.value.count == 3 { box.value?.requestStop() }
                }
            }
            box.change { $0 = group }
            try await group.run {
                // A reactor that has answered runs, and so has its handlers installed.
                let answers = Shared(0)
                group.callOnEach { _ in answers.change { $0 += 1 } }
                while answers.value < 3 { sched_yield() }
                kill(getpid(), SIGHUP)
            }
            #expect(calls.value == [0, 1, 2])
            box.change { $0 = nil }
        }
    }

    @Test func aSignalDuringTheSetUpDoesWhatItDidBefore() async {
        // A set-up that never ends can be interrupted this way.
        await #expect(processExitsWith: .signal(SIGTERM)) {
            signal(SIGTERM, SIG_DFL)
            try await ReactorGroup(count: 2) { _ in
                kill(getpid(), SIGTERM)
                while true { pause() }
            }.run()
        }
    }
}
