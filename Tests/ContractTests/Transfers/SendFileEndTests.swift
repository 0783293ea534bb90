import EventReactor
import Glibc
import Testing

@Suite("Sending files: ends in the middle")
struct SendFileEndTests {
    enum Ending: CaseIterable {
        case lose, loseWrite, abort, reset, throwing, shrink, vanish
    }

    /// In each ending the completion comes once, before the loss, and the descriptor is closed.
    @Test(arguments: Setting.all, Ending.allCases)
    func anEndInTheMiddleIsToldAndClosesTheFile(_ setting: Setting, ending: Ending) throws {
        if ending == .reset && setting.transport == .unix { return }
        struct Oops: Error {}
        let isWhole = ending == .lose || ending == .loseWrite
        var results: [Result<Int, FileError>] = []
        var files: [() -> ReadableFile?] = []
        try setting.run { world in
            let (server, client) = try world.pair(serverOptions: .narrow, clientOptions: .narrow)
            var file: PatternFile? = try PatternFile(world, 3_000_000)
            client.onMade = { $0.transport.pauseReading() }
            server.onMade = { server in
                for _ in 0..<2 {
                    let open = try #require(try file?.open())
                    files.append { [weak open] in open }
                    try server.transport.sendFile(open) { result in
                        #expect(server.reason == nil)
                        results.append(result)
                    }
                }
                // One by a name that is gone when its turn comes.
                if ending == .vanish { file = nil }
            }
            world.whenMade(server, client) {
                world.settle {
                    #expect(results.isEmpty && server.reason == nil)
                    switch ending {
                    case .lose, .vanish: server.withoutCallbacks { $0.loseConnection() }
                    case .loseWrite: server.withoutCallbacks { $0.loseWriteConnection() }
                    case .abort: server.withoutCallbacks { $0.abortConnection() }
                    case .reset: return client.transport.abortConnection()
                    case .throwing:
                        server.onData = { _, _ in throw Oops() }
                        client.transport.write("x")
                    case .shrink: file?.truncate(to: 1_500_000)
                    }
                    client.transport.resumeReading()
                }
            }
            world.finishWhenLost(server, client) {
                #expect(results.count == 2)
                let results = results.map { result -> FileError? in
                    if case .failure(let error) = result { error } else { nil }
                }
                if isWhole || ending == .vanish {
                    #expect(results.allSatisfy { $0 == nil })
                    #expect(client.received.count == 6_000_000)
                    #expect(client.received == Pattern.bytes(3_000_000) + Pattern.bytes(3_000_000))
                } else {
                    #expect(client.received.count < 6_000_000)
                }
                switch ending {
                case .lose, .vanish, .loseWrite: #expect(server.reason?.isDone == true)
                case .abort: #expect(results.allSatisfy { $0?.loss?.reason.isAborted == true })
                case .reset: #expect(results.allSatisfy { $0?.loss?.reason.lostCode != nil })
                case .throwing: #expect(results.allSatisfy { $0?.loss?.reason.failure is Oops })
                case .shrink:
                    guard case .truncated(_, let sent, 3_000_000)? = results[0] else {
                        Issue.record("another error: \(String(describing: results[0]))")
                        return
                    }
                    // The kernel sends its own pages, and those that were cut off read as zeroes: so more bytes can
                    // have been sent.
                    #expect(sent <= 3_000_000)
                    #expect(server.reason?.failure is FileError)
                    #expect(results[1]?.loss?.reason.failure is FileError)
                }
            }
        }
        // A file that is released closes its descriptor.
        #expect(files.count == 2 && files.allSatisfy { $0() == nil })
    }

    @Test(arguments: Setting.all)
    func theReactorsStopIsToldToo(_ setting: Setting) throws {
        var results: [Result<Int, FileError>] = []
        try setting.run { world in
            let (server, client) = try world.pair(serverOptions: .narrow, clientOptions: .narrow)
            let file = try PatternFile(world, 3_000_000)
            client.onMade = { $0.transport.pauseReading() }
            server.onMade = { server in
                try server.transport.sendFile(file.open()) { results.append($0) }
                world.settle { world.finish() }
            }
        }
        guard case .failure(.lost(_, .reactorStopped))? = results.first, results.count == 1 else {
            Issue.record("another result: \(results)")
            return
        }
    }

    /// A paused connection keeps its interest registered, while its file waits and after it.
    @Test(arguments: Setting.withReset, [true, false])
    func aResetIsNoticedWhilePaused(_ setting: Setting, waits: Bool) throws {
        try setting.run { world in
            let (server, client) = try world.pair(serverOptions: .narrow, clientOptions: .narrow)
            let file = try PatternFile(world, waits ? 3_000_000 : 3000)
            server.onMade = { $0.transport.pauseReading() }
            client.onMade = { client in
                if waits { client.transport.pauseReading() }
                client.transport.write("unread")
            }
            world.whenMade(server, client) {
                world.settle {
                    #expect(throws: Never.self) { try server.transport.sendFile(file.open()) }
                    world.settle {
                        world.expectSleep {
                            #expect(server.reason == nil)
                            client.transport.abortConnection()
                        }
                    }
                }
            }
            world.finishWhenLost(server, client) { #expect(server.reason?.lostCode != nil) }
        }
    }

    /// One piece is sent in a turn: the next file goes on though no other event happens on the connection.
    @Test(arguments: Setting.all)
    func smallFilesBehindOneAnotherAllGoOut(_ setting: Setting) throws {
        var results: [Result<Int, FileError>] = []
        try setting.run { world in
            let (server, client) = try world.pair()
            let file = try PatternFile(world, 3000)
            server.onMade = { server in
                for _ in 0..<5 { try server.transport.sendFile(file.open()) { results.append($0) } }
                server.transport.loseConnection()
            }
            // The server's peer ends its side first, so that no more bytes arrive from it.
            client.closesWithPeer = false
            client.onMade = { $0.transport.loseWriteConnection() }
            client.onReadLost = { $0.transport.loseConnection() }
            world.finishWhenLost(server, client) {
                #expect(results.count == 5)
                #expect(client.received.count == 15_000)
                #expect(server.reason?.isDone == true && client.reason?.isDone == true)
            }
        }
    }
}
