import CEventReactorShims
import EventReactor
import EventReactorCore
import EventReactorNative
import Glibc
import TestSupport
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

    @Test(
        arguments: [
            // Version 2, in nested groups: an ancestor has least.
            (
                "0::/a/b/c\n", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n",
                [
                    "/sys/fs/cgroup/a/b/c/cpu.max": "max 100000\n", "/sys/fs/cgroup/a/b/cpu.max": "800000 100000\n",
                    "/sys/fs/cgroup/a/cpu.max": "250000 100000\n",
                ], 3
            ),
            // Version 1, with several controllers in one hierarchy.
            (
                "4:cpu,cpuacct:/slice/unit\n3:cpuset:/\n",
                "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
                    + "35 31 0:30 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset\n",
                [
                    "/sys/fs/cgroup/cpu,cpuacct/slice/unit/cpu.cfs_quota_us": "-1\n",
                    "/sys/fs/cgroup/cpu,cpuacct/slice/unit/cpu.cfs_period_us": "100000\n",
                    "/sys/fs/cgroup/cpu,cpuacct/slice/cpu.cfs_quota_us": "50000\n",
                    "/sys/fs/cgroup/cpu,cpuacct/slice/cpu.cfs_period_us": "100000\n",
                ], 1
            ),
            // A hybrid host: both, and the mount of version 2 elsewhere.
            (
                "2:cpu:/u\n1:name=systemd:/u\n0::/w\n",
                "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n32 31 0:29 / /cg/my\\040cpu rw - cgroup none rw,cpu\n",
                [
                    "/sys/fs/cgroup/unified/w/cpu.max": "600000 100000\n", "/cg/my cpu/u/cpu.cfs_quota_us": "400000\n",
                    "/cg/my cpu/u/cpu.cfs_period_us": "100000\n",
                ], 4
            ),
            // In a container that sees the host's path, while its own part is mounted at the top.
            (
                "4:cpu:/docker/abc/inner\n", "1 0 0:1 /docker/abc /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n",
                [
                    "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "200000\n",
                    "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
                    "/sys/fs/cgroup/cpu/inner/cpu.cfs_quota_us": "150000\n",
                    "/sys/fs/cgroup/cpu/inner/cpu.cfs_period_us": "50000\n",
                    "/sys/fs/cgroup/cpu/docker/cpu.cfs_quota_us": "1\n",
                    "/sys/fs/cgroup/cpu/docker/cpu.cfs_period_us": "1\n",
                ], 2
            ),
            // Outside of what is mounted.
            (
                "0::/../other\n", "1 0 0:1 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
                ["/sys/fs/cgroup/cpu.max": "100000 100000\n", "/sys/fs/cgroup/other/cpu.max": "1 1\n"], 1
            ),
            ("0::/\n", "1 0 0:1 / / rw - cgroup2 none rw\n", ["/cpu.max": "300000 100000"], 3),
            ("0::/\n", "1 0 0:1 / /sys/fs/cgroup rw - cgroup2 none rw\n", [:], nil),
            ("", "", [:], nil), ("x\n0:\n::\n", "- - -\ncgroup2\n1 2 3 / /x rw -\n", [:], nil),
        ] as [(String, String, [String: String], Int?)])
    func theLeastQuotaOfAllGroupsCounts(_ groups: String, _ mounts: String, _ files: [String: String], _ least: Int?) {
        let found = ProcessorQuota.read { path in
            switch path {
            case "/proc/self/cgroup": groups
            case "/proc/self/mountinfo": mounts
            default: files[path]
            }
        }
        #expect(found == least)
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

    /// Runs a closure on a new thread of the caller's, which so has the caller's table, and waits for its end.
    private static func onThreadOfItsOwn(_ body: @escaping @Sendable () -> Void) {
        WorkerThread(body).join()
    }

    /// Fills the caller's table with wake-ups of nobody, so that a number from another table is one of them.
    private static func fill() -> [Int32] { (0..<200).map { _ in er_eventfd() } }

    /// How many of them have been written to.
    private static func touched(_ numbers: [Int32]) -> Int {
        var count: UInt64 = 0
        return numbers.count { unsafe read($0, &count, MemoryLayout<UInt64>.size) > 0 }
    }

    @Test func threadsThatAReactorsThreadStartsAreKnownByTheirTable() async {
        await #expect(processExitsWith: .success) {
            let group = try ReactorGroup(count: 2, configuration: GroupTableTests.configuration) { _ in }
            #expect(er_thread_table() == 0)
            try await group.start()
            let other = try NativeReactor()
            let remote = other.remote
            let calls = Shared(0)
            let own = await group.collectFromEach { _ in GroupTableTests.fill() }
            let tables = await group.collectFromEach { _ in
                let tables = Shared([er_thread_own_table()])
                GroupTableTests.onThreadOfItsOwn {
                    tables.change { $0.append(er_thread_own_table()) }
                    // To a reactor of the process's table.
                    remote.callFromThread { reactor in
                        calls.change { $0 += 1 }
                        if calls.value == 2 { try? reactor.stop() }
                    }
                }
                return tables.value
            }
            #expect(tables.allSatisfy { $0.count == 2 && $0[0] == $0[1] && $0[0] > 0 })
            #expect(tables[0] != tables[1])
            try other.run()
            #expect(calls.value == 2)
            // And to the other reactor of the group.
            let peers = group.remotes
            let isCalled = Shared(false)
            peers[0].callFromThread { _ in
                GroupTableTests.onThreadOfItsOwn {
                    peers[1].callFromThread { _ in isCalled.change { $0 = true } }
                }
            }
            while !isCalled.value { await Task.yield() }
            let written = await group.collectFromEach { GroupTableTests.touched(own[$0.placeInGroup ?? 0]) }
            #expect(written == [0, 0])
            let isRefused = Shared(false)
            _ = await group.collectFromEach { reactor in
                guard reactor.placeInGroup == 0 else { return }
                GroupTableTests.onThreadOfItsOwn {
                    guard let another = try? ReactorGroup(count: 1, configuration: .quiet, setUp: { _ in }) else {
                        return
                    }
                    do throws(ReactorGroupError) { try another.start() } catch {
                        isRefused.change { $0 = "\(error)" == "\(ReactorGroupError.calledFromGroup)" }
                    }
                }
            }
            #expect(isRefused.value)
            await group.stop()
        }
    }

    @Test func aReactorMadeOnAReactorsThreadIsWokenFromEverywhere() async {
        await #expect(processExitsWith: .success) {
            let group = try ReactorGroup(count: 2, configuration: GroupTableTests.configuration) { _ in }
            try await group.start()
            let own = Shared<[[Int32]]>([[], []])
            let remote = Shared<RemoteHandle<NativeReactor>?>(nil)
            let calls = Shared<[String]>([])
            let signals = Shared(0)
            let ended = Shared(false)
            // Its thread runs the other one meanwhile; what it is called for is done there.
            group.remotes[0].callFromThread { _ in
                // In the process's table its number is one of a stranger's then.
                let gap = (0..<40).map { _ in er_eventfd() }
                guard let made = try? NativeReactor() else { return }
                made.onSignal(SIGHUP) {
                    signals.change { $0 += 1 }
                    try? made.stop()
                }
                made.onStartup { remote.change { $0 = made.remote } }
                do { try made.run() } catch { calls.change { $0.append("\(error)") } }
                // Its hook and its handler name it.
                made.close()
                for number in gap { close(number) }
                ended.change { $0 = true }
            }
            while remote.value == nil { await Task.yield() }
            let strangers = GroupTableTests.fill()
            own.change { $0[0] = strangers }
            _ = await withCheckedContinuation { continuation in
                group.remotes[1].callFromThread { _ in
                    own.change { $0[1] = GroupTableTests.fill() }
                    continuation.resume(returning: true)
                }
            }
            // From the process's table, from another reactor's, and from a thread of that one's.
            remote.value?.callFromThread { _ in calls.change { $0.append("process") } }
            while calls.value.count < 1 { await Task.yield() }
            group.remotes[1].callFromThread { _ in
                remote.value?.callFromThread { _ in calls.change { $0.append("reactor") } }
            }
            while calls.value.count < 2 { await Task.yield() }
            group.remotes[1].callFromThread { _ in
                GroupTableTests.onThreadOfItsOwn {
                    remote.value?.callFromThread { _ in calls.change { $0.append("thread") } }
                }
            }
            while calls.value.count < 3 { await Task.yield() }
            #expect(calls.value == ["process", "reactor", "thread"])
            // Once: as the run ends the signal gets back what it does by default, which ends the process.
            kill(getpid(), SIGHUP)
            while !ended.value { await Task.yield() }
            #expect(signals.value == 1)
            #expect(GroupTableTests.touched(strangers) == 0)
            let touched = Shared(-1)
            group.remotes[1].callFromThread { _ in
                touched.change { $0 = GroupTableTests.touched(own.value[1]) }
            }
            while touched.value < 0 { await Task.yield() }
            #expect(touched.value == 0)
            await group.stop()
        }
    }

    @Test func reactorsMadeOnAReactorsThreadLeaveNoDescriptorBehind() async {
        await #expect(processExitsWith: .success) {
            let group = try ReactorGroup(count: 1, configuration: GroupTableTests.configuration) { _ in }
            try await group.start()
            func make(_ count: Int) async -> [Int] {
                await group.collectFromEach { _ in
                    for _ in 0..<count { _ = try? NativeReactor() }
                    return GroupTableTests.openCount()
                }
            }
            let before = await make(1)
            let own = GroupTableTests.openCount()
            #expect(await make(20) == before)
            // What is left in the process's table is the runner's, one or two.
            #expect(GroupTableTests.openCount() < own + 10)
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
