import EventReactor
import Glibc
import Testing

/// Bytes that are copied and not in memory are read by a thread of the pool, a piece at a time.
@Suite("Sending files that are not in memory")
struct SlowDiskTests {
    @Test(arguments: Setting.all, [false, true])
    func filesAndWritesKeepTheirOrder(_ setting: Setting, everyOther: Bool) throws {
        let reader = SlowReader(everyOther: everyOther)
        try setting.run { world in
            let (server, client) = try world.pair(serverOptions: .narrow, clientOptions: .narrow)
            let file = try PatternFile(world, 400_000)
            var expected: [UInt8] = []
            var completed: [Int] = []
            var steps: [Int] = []
            func write(_ bytes: [UInt8]) {
                expected += bytes
                server.transport.write(bytes)
            }
            func send(from offset: Int, _ length: Int) throws {
                expected += Pattern.bytes(length, from: offset)
                let open = try ReadableFile(path: file.path, reader: reader)
                try server.transport.sendFile(open, offset: offset, length: length) {
                    if length == 400_000 { steps.append($0) }
                } completion: {
                    #expect((try? $0.get()) == length)
                    completed.append(length)
                }
            }
            server.onMade = { server in
                setting.copyFiles(by: server.transport)
                server.transport.setWriteBufferLimits(high: .max, low: .max)
                write(Pattern.bytes(100_000, from: 5))
                try send(from: 1000, 123_457)
                write([1, 2, 3])
                try send(from: 0, 0)
                try send(from: 0, 400_000)
                try send(from: 399_999, 1)
                write(Pattern.bytes(100_000, from: 9))
                server.transport.loseConnection()
            }
            world.finishWhenLost(server, client) {
                #expect(client.received == expected)
                #expect(completed == [123_457, 0, 400_000, 1])
                #expect(steps.count > 3 && steps.last == 400_000 && steps == steps.sorted())
                #expect(reader.leftCount > 4 && reader.completedCount == reader.leftCount)
                #expect(server.reason?.isDone == true && client.reason?.isDone == true)
            }
        }
    }

    /// The loop sleeps while a thread waits for the disk, other connections are served, and nothing overtakes the file.
    @Test(arguments: Setting.all.filter { $0.isOnKernel })
    func theReactorDoesNotWaitForTheDisk(_ setting: Setting) throws {
        let reader = SlowReader()
        defer {
            reader.release()
            // It may have captured what keeps the reader.
            reader.onLeft = { _ in }
        }
        reader.hold()
        try setting.run { world in
            let (server, client) = try world.pair()
            let (echo, live) = try world.pair()
            let file = try PatternFile(world, 200_000)
            var rounds = 0
            echo.onData = { $0.transport.write($1) }
            live.onData = { live, _ in
                rounds += 1
                if rounds < 20 { return live.transport.write("x") }
                world.expectSleep {
                    #expect(client.received == Array("before".utf8) && reader.leftCount == 1)
                    #expect(server.transport.bufferedByteCount == 6)
                    reader.release()
                }
            }
            reader.onLeft = { if $0 == 1 { live.transport.write("x") } }
            world.whenMade(server, client, echo, live) {
                setting.copyFiles(by: server.transport)
                server.transport.write("before")
                #expect(throws: Never.self) {
                    try server.transport.sendFile(ReadableFile(path: file.path, reader: reader))
                }
                server.transport.write("behind")
                server.transport.loseConnection()
            }
            world.finishWhenLost(server, client) {
                #expect(rounds == 20)
                #expect(client.received == Array("before".utf8) + Pattern.bytes(200_000) + Array("behind".utf8))
                #expect(server.reason?.isDone == true)
            }
        }
    }

    enum Ending: CaseIterable {
        case lose, loseWrite, abort, reset, throwing, limit, shrink
    }

    /// The read that is under way ends after the connection, or in the middle of its end: each completion comes once,
    /// nothing is sent twice, and the files are closed.
    @Test(arguments: Setting.all, Ending.allCases)
    func anEndWhileAReadIsUnderWayIsTold(_ setting: Setting, ending: Ending) throws {
        if ending == .reset && setting.transport == .unix { return }
        struct Oops: Error {}
        let isWhole = ending == .lose || ending == .loseWrite
        let reader = SlowReader()
        defer {
            reader.release()
            // It may have captured what keeps the reader.
            reader.onLeft = { _ in }
        }
        if setting.isOnKernel { reader.hold() }
        var results: [Result<Int, FileError>] = []
        var files: [() -> ReadableFile?] = []
        try setting.run { world in
            let (server, client) = try world.pair()
            let file = try PatternFile(world, 300_000)
            reader.onLeft = { number in
                guard number == (setting.isOnKernel ? 1 : 2) else { return }
                world.reactor.callSoon {
                    switch ending {
                    case .lose: server.withoutCallbacks { $0.loseConnection() }
                    case .loseWrite: server.withoutCallbacks { $0.loseWriteConnection() }
                    case .abort: server.withoutCallbacks { $0.abortConnection() }
                    case .reset: client.transport.abortConnection()
                    case .throwing:
                        server.onData = { _, _ in throw Oops() }
                        client.transport.write("x")
                    case .limit:
                        server.transport.writeBufferLimit = 10
                        server.transport.write(Pattern.bytes(11))
                    case .shrink: file.truncate(to: 0)
                    }
                    if isWhole || ending == .shrink { reader.release() }
                }
            }
            server.onMade = { server in
                setting.copyFiles(by: server.transport)
                for _ in 0..<2 {
                    let open = try ReadableFile(path: file.path, reader: reader)
                    files.append { [weak open] in open }
                    try server.transport.sendFile(open) { result in
                        #expect(server.reason == nil)
                        results.append(result)
                    }
                }
            }
            world.finishWhenLost(server, client) {
                #expect(results.count == 2)
                #expect(Pattern.isFound(in: Array(client.received.prefix(300_000))))
                #expect(isWhole ? client.received.count == 600_000 : client.received.count < 300_000)
                let errors = results.map { result -> FileError? in
                    if case .failure(let error) = result { error } else { nil }
                }
                switch ending {
                case .lose, .loseWrite:
                    #expect(errors.allSatisfy { $0 == nil } && server.reason?.isDone == true)
                    #expect(Pattern.isFound(in: Array(client.received.suffix(300_000))))
                case .abort: #expect(errors.allSatisfy { $0?.loss?.reason.isAborted == true })
                case .reset: #expect(errors.allSatisfy { $0?.loss?.reason.lostCode != nil })
                case .throwing: #expect(errors.allSatisfy { $0?.loss?.reason.failure is Oops })
                case .limit: #expect(errors.allSatisfy { $0?.loss?.reason.failure is WriteLimitExceeded })
                case .shrink:
                    guard case .truncated? = errors[0] else {
                        Issue.record("another error: \(String(describing: errors[0]))")
                        return
                    }
                    #expect(errors[1]?.loss?.reason.failure is FileError)
                }
                // What a thread still reads is for nobody.
                reader.release()
            }
        }
        #expect(results.count == 2)
        // A read that was given up as it ran retains its file until the thread is back.
        while setting.isOnKernel && files.contains(where: { $0() != nil }) { sched_yield() }
        #expect(files.count == 2 && files.allSatisfy { $0() == nil })
    }

    /// A read ends after the reactor's run: its result is for a connection that is lost.
    @Test(arguments: Setting.all)
    func theReactorsStopIsToldToo(_ setting: Setting) throws {
        let reader = SlowReader()
        defer {
            reader.release()
            // It may have captured what keeps the reader.
            reader.onLeft = { _ in }
        }
        if setting.isOnKernel { reader.hold() }
        var results: [Result<Int, FileError>] = []
        let world = try setting.makeWorld()
        defer { world.end() }
        let (server, client) = try world.pair()
        let file = try PatternFile(world, 300_000)
        reader.onLeft = { number in
            if number == 1 { world.reactor.callSoon { world.finish() } }
        }
        server.onMade = { server in
            setting.copyFiles(by: server.transport)
            try server.transport.sendFile(ReadableFile(path: file.path, reader: reader)) { results.append($0) }
        }
        try world.run()
        guard case .failure(.lost(_, .reactorStopped))? = results.first, results.count == 1 else {
            Issue.record("another result: \(results)")
            return
        }
        reader.release()
        // The next run gets what a thread had read, if it began.
        world.settle { world.finish() }
        try world.run()
        #expect(results.count == 1 && server.reason?.isReactorStopped == true)
        #expect(Pattern.isFound(in: client.received))
    }

    /// By the kernel: pages that were dropped from the cache are read again.
    @Test(arguments: Setting.all.filter { $0.isOnKernel })
    func bytesThatTheKernelHasToReadFromTheDiskArrive(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair()
            let file = try PatternFile(world, 1_000_000)
            server.onMade = { server in
                setting.copyFiles(by: server.transport)
                let open = try file.open()
                #expect(fdatasync(open.descriptor) == 0)
                #expect(posix_fadvise(open.descriptor, 0, 0, POSIX_FADV_DONTNEED) == 0)
                try server.transport.sendFile(open)
                server.transport.loseConnection()
            }
            world.finishWhenLost(server, client) {
                #expect(client.received.count == 1_000_000 && Pattern.isFound(in: client.received))
                #expect(server.reason?.isDone == true)
            }
        }
    }
}
