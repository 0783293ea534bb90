import EventReactor
import EventReactorPosix
import Glibc
import TestSupport
import Testing

@testable import EventReactorCore

/// Each runs in a process of its own: the threads that resolve names are the process's.
@Suite("Contract 57: lookups and work whose result is not awaited")
struct LookupTests {
    /// Occupies every thread of a pool.
    ///
    /// - Returns: the gate that releases them.
    private static func jam(_ pool: ThreadPool, jobs: Int) -> Gate {
        let gate = Gate()
        let begun = Counter()
        for _ in 0..<jobs {
            pool.submit {
                begun.increment()
                gate.wait()
            }
        }
        begun.wait(for: jobs)
        return gate
    }

    @Test(arguments: Setting.kernelReactors)
    func line57LocalNamesAndNumbersWaitBehindNoOthers(_ setting: Setting) async {
        await #expect(processExitsWith: .success) { [setting] in
            let jam = LookupTests.jam(.resolving, jobs: 8)
            try setting.run { world in
                let port = try world.reactor.listen(.tcp(port: 0, host: "localhost")) { Protocol() }
                let number = try #require(port.localAddress.port)
                let host = try #require(port.localAddress.host)
                for slow in 0..<100 {
                    try world.reactor.connectTCP(host: "name\(slow).invalid", port: 9, timeout: nil) {
                        Protocol()
                    } onFailure: { _ in
                    }
                }
                var hosts = ["localhost", "LocalHost", host]
                func next() throws {
                    guard let host = hosts.popLast() else { return world.finish() }
                    let client = Recorder("client")
                    client.onMade = { _ in try next() }
                    try world.reactor.connectTCP(host: host, port: number) { client }
                }
                try next()
            }
            jam.open()
        }
    }

    @Test(arguments: Setting.kernelReactors)
    func line57LookupsThatWereGivenUpAreSkipped(_ setting: Setting) async {
        await #expect(processExitsWith: .success) { [setting] in
            let jam = LookupTests.jam(.resolving, jobs: 8)
            try setting.run { world in
                let count = 200
                var failures = 0
                func failed(_ error: ConnectError) {
                    failures += 1
                    guard failures == count else { return }
                    let metrics = world.reactor.metrics
                    #expect(metrics.work.waitingForResolver == 0)
                    #expect(metrics.work.underWay == 0)
                    world.finish()
                }
                for number in 0..<count {
                    let connector = try world.reactor.connectTCP(
                        host: "name\(number).invalid", port: 9, timeout: number % 2 == 0 ? .milliseconds(30) : nil
                    ) {
                        Protocol()
                    } onFailure: {
                        failed($0)
                    }
                    if number % 2 == 1 { world.reactor.callLater(.milliseconds(20)) { connector.cancel() } }
                }
            }
            jam.open()
        }
    }

    @Test(arguments: Setting.kernelReactors)
    func line57TheLookupsOfAStopAndOfAReleasedReactorAreSkipped(_ setting: Setting) async {
        await #expect(processExitsWith: .success) { [setting] in
            let jam = LookupTests.jam(.resolving, jobs: 8)
            for isStopped in [true, false] {
                do {
                    let world = try setting.makeWorld()
                    defer { world.end() }
                    for number in 0..<20 {
                        try world.reactor.connectTCP(host: "name\(number).invalid", port: 9, timeout: nil) {
                            Protocol()
                        } onFailure: { _ in
                        }
                    }
                    if isStopped {
                        world.reactor.callLater(.milliseconds(20)) { world.finish() }
                        try world.run()
                    }
                }
                while ThreadPool.localNames.waitingCount > 0 { sched_yield() }
                #expect(ThreadPool.resolving.waitingCount == 0)
            }
            jam.open()
        }
    }

    @Test(arguments: Setting.kernelReactors)
    func line57WorkOfAReleasedReactorIsDroppedAndThatOfAStoppedOneIsNot(_ setting: Setting) async {
        await #expect(processExitsWith: .success) { [setting] in
            let jam = LookupTests.jam(.work, jobs: 16)
            let ran = Locked([String]())
            do {
                let world = try setting.makeWorld()
                defer { world.end() }
                for _ in 0..<100 {
                    world.reactor.deferToThread {
                        ran.withLock { $0.append("released") }
                    } then: { _ in
                    }
                }
            }
            #expect(ThreadPool.work.waitingCount == 0)
            let world = try setting.makeWorld()
            defer { world.end() }
            world.reactor.deferToThread {
                ran.withLock { $0.append("stopped") }
            } then: { _ in
                world.finish()
            }
            world.reactor.callSoon { world.finish() }
            try world.run()
            jam.open()
            try world.run()
            #expect(ran.withLock { $0 } == ["stopped"])
        }
    }

    // MARK: Listening at a name

    @Test(arguments: Setting.reactors)
    func line57AListenerAtANameIsMadeWithoutBlockingTheLoop(_ setting: Setting) async {
        await #expect(processExitsWith: .success) { [setting] in
            let jam = LookupTests.jam(.resolving, jobs: 8)
            try setting.run { world in
                var failure: ListenError?
                var hasReturned = false
                let pending = world.reactor.listen(.tcp(port: 0, host: "name.invalid")) {
                    Protocol()
                } then: { result in
                    #expect(hasReturned)
                    if case .failure(let error) = result { failure = error }
                }
                hasReturned = true
                #expect(pending.isPending)
                let server = Recorder("server")
                world.reactor.listen(.tcp(port: 0, host: "localhost")) {
                    server
                } then: { result in
                    do {
                        let port = try result.get()
                        try world.connect(to: port.localAddress) { Recorder("client") }
                    } catch { Issue.record(error) }
                }
                server.onMade = { _ in
                    if setting.isOnKernel {
                        #expect(pending.isPending)
                        pending.cancel()
                        #expect(!pending.isPending)
                    }
                    // The failure comes in the next turn, before this.
                    world.reactor.callSoon { world.finish() }
                }
                world.whenFinished = {
                    if setting.isOnKernel {
                        #expect(failure == .cancelled(host: "name.invalid"))
                    } else {
                        guard case .unresolvable? = failure else { return unexpected(failure) }
                    }
                }
            }
            jam.open()
        }
    }

    @Test(arguments: Setting.reactors)
    func line57AListenerThatCannotBeIsToldOnceAndAtAStopToo(_ setting: Setting) async {
        await #expect(processExitsWith: .success) { [setting] in
            let jam = LookupTests.jam(.resolving, jobs: 8)
            var failures: [ListenError] = []
            try setting.run { world in
                func listen(_ port: Int, _ host: String) {
                    world.reactor.listen(.tcp(port: port, host: host)) {
                        nil
                    } then: { result in
                        if case .failure(let error) = result { failures.append(error) }
                    }
                }
                listen(70_000, "127.0.0.1")
                listen(0, "127.1")
                #expect(failures.isEmpty, "never inside the call")
                world.reactor.callSoon {
                    #expect(
                        failures == [
                            .invalidAddress(.invalidPort(70_000)), .invalidAddress(.ambiguousAddress("127.1")),
                        ])
                    if setting.isOnKernel { listen(0, "name.invalid") }
                    world.finish()
                }
            }
            #expect(failures.last == (setting.isOnKernel ? .cancelled(host: "name.invalid") : failures.last))
            #expect(failures.count == (setting.isOnKernel ? 3 : 2))
            jam.open()
        }
    }
}
