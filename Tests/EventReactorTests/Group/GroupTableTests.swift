import CEventReactorShims
import EventReactor
import EventReactorCore
import Glibc
import Testing

/// Each runs in a process of its own: limits are a process's, and so are the threads that a group starts for these.
@Suite("A group whose threads have descriptor tables of their own")
struct GroupTableTests {
    @Test func eachReactorOpensAsManyAsTheLimitAllows() async {
        await #expect(processExitsWith: .success) {
            var limit = rlimit()
            let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
            unsafe getrlimit(kind, &limit)
            limit.rlim_cur = 128
            unsafe setrlimit(kind, &limit)
            let group = try ReactorGroup(count: 4, configuration: .withPrivateTables) { reactor in
                try reactor.listenTCP(port: 0, host: "127.0.0.1") { [unowned reactor] in IndexAnswerer(reactor) }
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

    @Test func namesAndWorkOffTheReactorAreAsElsewhere() async {
        await #expect(processExitsWith: .success) {
            let server = try ReactorGroup.answeringWithIndex(1)
            try await server.start()
            let port = try #require(server.localAddresses.first?.port)
            let answers = Shared<[String]>([])
            let group = try ReactorGroup(count: 2, configuration: .withPrivateTables) { reactor in
                reactor.deferToThread {
                    er_thread_table()
                } then: { result in
                    let table = (try? result.get()) ?? -1
                    answers.change { $0.append("table \(table)") }
                }
                try reactor.connectTCP(host: "localhost", port: port) { [unowned reactor] in
                    answers.change { $0.append("connected") }
                    return IndexAnswerer(reactor)
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
            let group = try ReactorGroup(count: 3, configuration: .withPrivateTables) { reactor in
                let index = reactor.placeInGroup ?? -1
                reactor.onSignal(SIGHUP) {
                    calls.change { $0.insert(index) }
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
            let group = try ReactorGroup(count: 3, configuration: .withPrivateTables) { reactor in
                try reactor.listenTCP(port: 0) { Protocol() }
            }
            try await group.start()
            await group.stop()
            let before = DescriptorTable.openCount()
            for _ in 0..<10 {
                try await group.start()
                await group.stop()
            }
            // The test runner opens one or two of its own.
            #expect(DescriptorTable.openCount() < before + 10)
        }
    }

    @Test func whatWouldHandDescriptorsOverIsAnError() async {
        await #expect(processExitsWith: .success) {
            let group = try ReactorGroup(count: 2, configuration: .withPrivateTables) { reactor in
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
            let group = try ReactorGroup(count: 1, configuration: .withPrivateTables) { _ in }
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
