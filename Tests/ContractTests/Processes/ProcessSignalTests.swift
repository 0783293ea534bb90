import EventReactor
import EventReactorPosix
import Glibc
import TestSupport
import Testing

/// Each runs in a process of its own, since signals are a process's.
@Suite("Contract 54: signals of a process that is not the reactor's alone")
struct ProcessSignalTests {
    /// Whether a program that is started now has SIGPIPE unblocked and at its default, as `/proc` reports it.
    private static func isSigpipeDefaultInAProgram() -> Bool {
        guard let pipe = unsafe popen("grep -E 'Sig(Blk|Ign|Cgt)' /proc/self/status", "r") else { return false }
        var text: [UInt8] = []
        while case let byte = unsafe fgetc(pipe), byte >= 0 { text.append(UInt8(byte)) }
        _ = unsafe pclose(pipe)
        let masks = String(decoding: text, as: UTF8.self).split(separator: "\n").compactMap { line in
            line.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) }
        }
        return masks.count == 3 && masks.allSatisfy { $0 & (1 << UInt64(SIGPIPE - 1)) == 0 }
    }

    @Test(arguments: Setting.kernelReactors)
    func line54AProgramThatIsStartedMeanwhileHasTheDefaultOfSigpipe(_ setting: Setting) async {
        await #expect(processExitsWith: .success) { [setting] in
            signal(SIGPIPE, SIG_DFL)
            try setting.run { world in
                world.reactor.callSoon {
                    #expect(ProcessSignalTests.isSigpipeDefaultInAProgram())
                    world.finish()
                }
            }
        }
    }

    @Test func aProgramThatAGroupsMemberStartsHasTheDefaultOfSigpipe() async {
        await #expect(processExitsWith: .success) {
            signal(SIGPIPE, SIG_DFL)
            for isPrivate in [false, true] {
                var configuration = ReactorGroup.Configuration()
                configuration.privateDescriptorTables = isPrivate
                let isDefault = Locked([Bool]())
                let group = try ReactorGroup(count: 2, configuration: configuration) { reactor in
                    reactor.callSoon {
                        let answer = ProcessSignalTests.isSigpipeDefaultInAProgram()
                        isDefault.withLock { $0.append(answer) }
                    }
                }
                try await group.start()
                while isDefault.withLock({ $0.count }) < 2 { await Task.yield() }
                await group.stop()
                #expect(isDefault.withLock { $0 } == [true, true], "private tables: \(isPrivate)")
            }
        }
    }

    @Test(arguments: Setting.kernelReactors, [SIGPIPE, SIGTERM])
    func line54AHandlerThatOthersInstallDuringTheRunStays(_ setting: Setting, _ number: Int32) async {
        await #expect(processExitsWith: .success) { [setting, number] in
            signal(number, SIG_DFL)
            let theirs: @convention(c) (Int32) -> Void = { _ in }
            let world = try setting.makeWorld(configuration: ReactorConfiguration())
            defer { world.end() }
            var installed: Disposition?
            world.reactor.callSoon {
                signal(number, theirs)
                installed = Disposition(number)
                world.finish()
            }
            try world.run()
            #expect(Disposition(number) == installed)
        }
    }

    @Test(arguments: Setting.kernelReactors)
    func line54AHandlerThatOthersPutBackAfterTheRunDoesWhatWasThereBefore(_ setting: Setting) async {
        await #expect(processExitsWith: .signal(SIGTERM)) { [setting] in
            signal(SIGTERM, SIG_DFL)
            let world = try setting.makeWorld(configuration: ReactorConfiguration())
            var ours = sigaction()
            world.reactor.callSoon {
                unsafe sigaction(SIGTERM, nil, &ours)
                signal(SIGTERM, SIG_IGN)
                world.finish()
            }
            try world.run()
            // As code does when it installs a handler temporarily.
            unsafe sigaction(SIGTERM, &ours, nil)
            sendSignal(SIGTERM)
            while true { pause() }
        }
    }

    @Test(arguments: Setting.kernelReactors, [[SIGINT, SIGINT], [SIGINT, SIGTERM], [SIGTERM, SIGTERM]])
    func line54ASecondSignalEndsAProcessWhoseCallbackNeverReturns(_ setting: Setting, _ signals: [Int32]) async {
        // The signal that came second.
        let expected: ExitTest.Condition = signals[1] == SIGINT ? .signal(SIGINT) : .signal(SIGTERM)
        await #expect(processExitsWith: expected) { [setting, signals] in
            for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
            let world = try setting.makeWorld(configuration: ReactorConfiguration())
            world.reactor.callSoon {
                // Two that are pending at once may arrive as one, or in the order of their numbers.
                deliverSignal(signals[0])
                while true { deliverSignal(signals[1]) }
            }
            try world.run()
        }
    }

    @Test(arguments: [false, true])
    func aSecondSignalEndsAGroupWithACallbackThatNeverReturns(_ isPrivate: Bool) async {
        await #expect(processExitsWith: .signal(SIGTERM)) { [isPrivate] in
            signal(SIGTERM, SIG_DFL)
            var configuration = ReactorGroup.Configuration()
            configuration.privateDescriptorTables = isPrivate
            let isStuck = Counter()
            let group = try ReactorGroup(count: 2, configuration: configuration) { reactor in
                guard reactor.placeInGroup == 1 else { return }
                reactor.callSoon {
                    isStuck.increment()
                    Gate().wait()
                }
            }
            try await group.start()
            while isStuck.value == 0 { await Task.yield() }
            // Two that are pending at once may arrive as one.
            while true {
                sendSignal(SIGTERM)
                await Task.yield()
            }
        }
    }

    @Test(arguments: Setting.kernelReactors)
    func line54TwoSignalsAtOnceDoNotEndAProcessWhoseLoopTakesThem(_ setting: Setting) async {
        await #expect(processExitsWith: .success) { [setting] in
            let world = try setting.makeWorld(configuration: ReactorConfiguration())
            defer { world.end() }
            var wasOrderly = false
            world.reactor.onShutdown { wasOrderly = true }
            world.reactor.callSoon {
                sendSignal(SIGINT)
                sendSignal(SIGTERM)
                waitUntilDelivered([SIGINT, SIGTERM])
            }
            try world.run()
            #expect(wasOrderly)
            // The process lives past the time that a loop has: half a second.
            try setting.run { world in world.reactor.callLater(.milliseconds(700)) { world.finish() } }
        }
    }

    @Test(arguments: Setting.kernelReactors)
    func line54SignalsWithAHandlerNeverEndTheProcess(_ setting: Setting) async {
        await #expect(processExitsWith: .success) { [setting] in
            let world = try setting.makeWorld(configuration: ReactorConfiguration())
            defer { world.end() }
            var calls = 0
            world.reactor.onSignal(SIGTERM) {
                calls += 1
                world.finish()
            }
            world.reactor.callSoon {
                let end = world.reactor.now.advanced(by: .milliseconds(700))
                sendSignal(SIGTERM)
                sendSignal(SIGTERM)
                while LoopAlarm.now < end { sched_yield() }
            }
            try world.run()
            #expect(calls == 1)
        }
    }

    @Test(arguments: Setting.kernelReactors)
    func line54MoreReactorsThanHundredsRunWithSignals(_ setting: Setting) async {
        await #expect(processExitsWith: .success) { [setting] in
            // Each reactor has up to six descriptors.
            var limit = rlimit(rlim_cur: 8192, rlim_max: 8192)
            let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
            unsafe setrlimit(kind, &limit)
            let count = 300
            let running = Counter()
            let threads = (0..<count).map { _ in
                WorkerThread {
                    do {
                        let world = try setting.makeWorld(configuration: ReactorConfiguration())
                        defer { world.end() }
                        world.reactor.onStartup { if running.increment() == count { sendSignal(SIGTERM) } }
                        try world.run()
                    } catch { Issue.record(error) }
                }
            }
            for thread in threads { thread.join() }
            #expect(running.value == count)
        }
    }
}
