import CEventReactorShims
import EventReactor
import EventReactorNative
import EventReactorScheduling
import Glibc
import Testing

/// The processors that this thread may run on.
private func allowedProcessors() -> [Int32] {
    var list = [Int32](repeating: -1, count: 4096)
    let count = unsafe er_allowed_processors(&list, 4096)
    return Array(list.prefix(Int(count)))
}

@Suite("Where a group's threads run")
struct GroupPinningTests {
    @Test func threadsRunAnywhereUnlessPinned() async throws {
        let group = try ReactorGroup(count: 2, configuration: .quiet) { _ in }
        try await group.start()
        let own = allowedProcessors()
        #expect(await group.collectFromEach { _ in allowedProcessors() } == [own, own])
        await group.stop()
    }

    @Test func pinnedInOrderEachHasAProcessorOfThoseAllowed() async throws {
        let own = allowedProcessors()
        var configuration = ReactorGroup.Configuration.quiet
        configuration.pinning = .inOrder
        let group = try ReactorGroup(count: own.count + 1, configuration: configuration) { _ in }
        try await group.start()
        let places = await group.collectFromEach { _ in allowedProcessors() }
        #expect(places == (own + own.prefix(1)).map { [$0] })
        #expect(allowedProcessors() == own, "the caller's thread is left alone")
        await group.stop()
    }

    @Test func pinnedToAListTheyTakeItInTurns() async throws {
        let last = try #require(allowedProcessors().last)
        var configuration = ReactorGroup.Configuration.quiet
        configuration.pinning = .processors([Int(last)])
        let group = try ReactorGroup(count: 2, configuration: configuration) { _ in }
        try await group.start()
        #expect(await group.collectFromEach { _ in allowedProcessors() } == [[last], [last]])
        await group.stop()
    }

    @Test(arguments: [-1, 900_000, Int.max]) func aProcessorThatThereIsNotFailsTheStart(_ processor: Int) async throws {
        var configuration = ReactorGroup.Configuration.quiet
        configuration.pinning = .processors([processor])
        let group = try ReactorGroup(count: 2, configuration: configuration) { _ in }
        let error = await #expect(throws: ReactorGroupError.self) { try await group.start() }
        guard case .setUpFailed(0, let cause as SystemError) = error else {
            Issue.record("unexpected: \(String(describing: error))")
            return
        }
        #expect(cause.code == EINVAL)
    }

    @Test(arguments: [
        ("max 100000\n", nil), ("200000 100000\n", 2), ("150000 100000\n", 2), ("1 100000", 1), ("100000 100000", 1),
        ("0 100000", nil), ("-1 100000", nil), ("100000 0", nil), ("", nil), ("5", nil), ("x y", nil),
        ("9223372036854775807 1", Int.max),
    ]) func aQuotaIsWorthWholeProcessors(_ line: String, _ processors: Int?) {
        #expect(ProcessorQuota.processors(of: line) == processors)
    }

    @Test func thereIsNoReactorWithoutAProcessor() {
        #expect((1...allowedProcessors().count).contains(ReactorGroup.availableProcessors))
    }

    @Test func workOffTheReactorIsNotPinnedWithIt() async {
        // In a process of its own: the pool's threads are the process's.
        await #expect(processExitsWith: .success) {
            let own = allowedProcessors()
            var configuration = ReactorGroup.Configuration.quiet
            configuration.pinning = .inOrder
            let answers = Shared<[[Int32]]>([])
            let group = try ReactorGroup(count: 2, configuration: configuration) { reactor in
                reactor.deferToThread {
                    allowedProcessors()
                } then: { result in
                    answers.change { $0.append((try? result.get()) ?? []) }
                }
            }
            try await group.start()
            while answers.value.count < 2 { await Task.yield() }
            await group.stop()
            #expect(answers.value == [own, own])
        }
    }
}

/// Each runs in a process of its own: limits are a process's, and so are the threads that a group starts for these.
@Suite("A group whose threads have descriptor tables of their own")
struct GroupTableTests {
    private static let configuration: ReactorGroup.Configuration = {
        var configuration = ReactorGroup.Configuration()
        configuration.privateDescriptorTables = true
        return configuration
    }()

    /// Descriptors open in this thread's table.
    private static func openCount() -> Int {
        (0..<1024).count { fcntl($0, F_GETFD) >= 0 }
    }

    @Test func eachReactorOpensAsManyAsTheLimitAllows() async {
        await #expect(processExitsWith: .success) {
            var limit = rlimit()
            let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
            unsafe getrlimit(kind, &limit)
            limit.rlim_cur = 128
            unsafe setrlimit(kind, &limit)
            let group = try ReactorGroup(count: 4, configuration: GroupTableTests.configuration) { reactor in
                try reactor.listenTCP(port: 0, host: "127.0.0.1") { [unowned reactor] in WhoServes(reactor) }
            }
            try await group.start()
            let opened = await group.collectFromEach { _ in
                (0..<64).count { _ in unsafe open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0 }
            }
            #expect(opened == [64, 64, 64, 64])
            let address = try #require(group.localAddresses.first)
            let callers = (0..<32).compactMap { _ in Caller(address) }
            #expect(callers.allSatisfy { $0.ask() != nil })
            await group.stop()
            #expect(callers.allSatisfy { $0.seesEnd() })
            #expect(Caller(address) == nil)
        }
    }

    @Test func callsReachEveryReactorAndTouchNoOtherDescriptor() async {
        await #expect(processExitsWith: .success) {
            let group = try ReactorGroup(count: 2, configuration: GroupTableTests.configuration) { _ in }
            try await group.start()
            // Whatever number the other reactor's descriptor has, it is one of these on the group's threads.
            let own = await group.collectFromEach { _ in (0..<200).map { _ in er_eventfd() } }
            let other = try NativeReactor()
            let remote = other.remote
            let calls = Shared(0)
            let peers = group.remotes
            for index in 0..<100 {
                // To another reactor of the group, and from there to one that is in none.
                peers[index % 2].callFromThread { _ in
                    peers[(index + 1) % 2].callFromThread { _ in
                        remote.callFromThread { reactor in
                            calls.change { $0 += 1 }
                            if calls.value == 100 { try? reactor.stop() }
                        }
                    }
                }
            }
            try other.run()
            #expect(calls.value == 100)
            let touched = await group.collectFromEach { reactor in
                var count: UInt64 = 0
                return own[reactor.placeInGroup ?? 0].count { unsafe read($0, &count, MemoryLayout<UInt64>.size) > 0 }
            }
            #expect(touched == [0, 0])
            await group.stop()
        }
    }

    @Test func namesAndWorkOffTheReactorAreAsElsewhere() async {
        await #expect(processExitsWith: .success) {
            let server = try ReactorGroup.whoServes(1)
            try await server.start()
            let port = try #require(server.localAddresses.first?.port)
            let answers = Shared<[String]>([])
            let group = try ReactorGroup(count: 2, configuration: GroupTableTests.configuration) { reactor in
                reactor.deferToThread {
                    er_thread_table()
                } then: { result in
                    let table = (try? result.get()) ?? -1
                    answers.change { $0.append("table \(table)") }
                }
                try reactor.connectTCP(host: "localhost", port: port) { [unowned reactor] in
                    answers.change { $0.append("connected") }
                    return WhoServes(reactor)
                } onFailure: { error in
                    answers.change { $0.append("\(error)") }
                }
            }
            try await group.start()
            while answers.value.count < 4 { await Task.yield() }
            #expect(answers.value.sorted() == ["connected", "connected", "table 0", "table 0"])
            let tables = await group.collectFromEach { _ in er_thread_table() }
            #expect(tables == [tables[0], tables[0]] && tables[0] > 0)
            await group.stop()
            await server.stop()
        }
    }

    @Test func signalsStopItAndReachItsReactors() async {
        await #expect(processExitsWith: .success) {
            let calls = Shared<Set<Int>>([])
            let group = try ReactorGroup(count: 3, configuration: GroupTableTests.configuration) { reactor in
                let place = reactor.placeInGroup ?? -1
                reactor.onSignal(SIGHUP) {
                    calls.change { $0.insert(place) }
                    if calls.value.count == 3 { kill(getpid(), SIGTERM) }
                }
            }
            try await group.run {
                let answers = Shared(0)
                group.callOnEach { _ in answers.change { $0 += 1 } }
                while answers.value < 3 { sched_yield() }
                kill(getpid(), SIGHUP)
            }
            #expect(calls.value == [0, 1, 2])
        }
    }

    @Test func aGroupLeavesNoDescriptorBehind() async {
        await #expect(processExitsWith: .success) {
            let group = try ReactorGroup(count: 3, configuration: GroupTableTests.configuration) { reactor in
                try reactor.listenTCP(port: 0) { Protocol() }
            }
            try await group.start()
            await group.stop()
            let before = GroupTableTests.openCount()
            for _ in 0..<10 {
                try await group.start()
                await group.stop()
            }
            // The test's runner opens one or two of its own.
            #expect(GroupTableTests.openCount() < before + 10)
        }
    }

    @Test func whatWouldHandDescriptorsOverIsAnError() async {
        await #expect(processExitsWith: .success) {
            let group = try ReactorGroup(count: 2, configuration: GroupTableTests.configuration) { reactor in
                try reactor.listenUNIX(path: "/tmp/swift-event-reactor-never.sock") { Protocol() }
            }
            let error = await #expect(throws: ReactorGroupError.self) { try await group.start() }
            guard case .setUpFailed(0, ListenError.system(let cause)) = error else {
                Issue.record("unexpected: \(String(describing: error))")
                return
            }
            #expect(cause.code == EOPNOTSUPP)
        }
    }

    @Test func itsThreadsStartNoOtherGroup() async {
        await #expect(processExitsWith: .success) {
            let group = try ReactorGroup(count: 1, configuration: GroupTableTests.configuration) { _ in }
            try await group.start()
            let other = try ReactorGroup(count: 1, configuration: .quiet) { _ in }
            let refused = await group.collectFromEach { _ in
                do {
                    try other.start()
                    return false
                } catch {
                    return true
                }
            }
            #expect(refused == [true])
            await group.stop()
        }
    }
}
