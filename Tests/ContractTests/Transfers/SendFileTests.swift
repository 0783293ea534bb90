import EventReactor
import Testing

@Suite("Sending files")
struct SendFileTests {
    @Test(arguments: Setting.all)
    func filesStandBetweenTheWritesAroundThem(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair(serverOptions: .narrow, clientOptions: .narrow)
            let file = try PatternFile(world, 400_000)
            var completed: [String] = []
            var expected = Pattern.bytes(300_000, from: 5)
            func write(_ bytes: [UInt8]) {
                expected += bytes
                server.transport.write(bytes)
            }
            func send(_ name: String, from offset: Int, _ length: Int?) throws {
                expected += Pattern.bytes(length ?? file.size - offset, from: offset)
                let before = completed
                try server.transport.sendFile(path: file.path, offset: offset, length: length) { result in
                    #expect((try? result.get()) == length ?? file.size - offset)
                    completed.append(name)
                }
                #expect(completed == before, "the completion came inside the call")
            }
            server.onMade = { server in
                server.transport.setWriteBufferLimits(high: .max, low: .max)
                server.transport.write(expected)
                try send("part", from: 1000, 123_457)
                write([1, 2, 3])
                try send("empty", from: 400_000, nil)
                try send("none", from: 0, 0)
                try send("all", from: 0, nil)
                write([4])
                write(Pattern.bytes(100_000, from: 9))
                try send("one", from: 399_999, 1)
                server.transport.write("the end")
                expected += [UInt8]("the end".utf8)
                server.transport.loseConnection()
            }
            world.finishWhenLost(server, client) {
                #expect(client.received == expected)
                #expect(completed == ["part", "empty", "none", "all", "one"])
                #expect(server.reason?.isDone == true)
            }
        }
    }

    /// One that is sent from a timer, and not in a callback.
    @Test(arguments: Setting.all)
    func progressIsToldPieceByPiece(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair(serverOptions: .narrow, clientOptions: .narrow)
            let file = try PatternFile(world, 2_000_000)
            var steps: [Int] = []
            var isComplete = false
            world.whenMade(server, client) {
                let open = try? file.open()
                #expect(open?.size == 2_000_000)
                guard let open else { return world.finish() }
                server.withoutCallbacks { transport in
                    do {
                        try transport.sendFile(open) {
                            #expect(!isComplete)
                            steps.append($0)
                        } completion: { _ in
                            isComplete = true
                            server.transport.loseConnection()
                        }
                    } catch {
                        Issue.record(error)
                    }
                }
                #expect(steps.isEmpty && !isComplete)
            }
            world.finishWhenLost(server, client) {
                #expect(isComplete)
                #expect(steps.count > 3 && steps.last == 2_000_000 && steps == steps.sorted())
                #expect(client.received.count == 2_000_000 && Pattern.isFound(in: client.received))
            }
        }
    }

    // MARK: Slow readers

    @Test(arguments: Setting.all)
    func aFileForASlowReaderCostsNoMemoryAndItsBytesDoNotCount(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair(serverOptions: .narrow, clientOptions: .narrow)
            let file = try PatternFile(world, 8_000_000)
            var most = 0
            client.onMade = { $0.transport.pauseReading() }
            server.onMade = { server in
                try server.transport.sendFile(file.open()) { _ in most = max(most, server.engineByteCount) }
            }
            world.whenMade(server, client) {
                world.settle {
                    world.expectSleep {
                        #expect(server.transport.bufferedByteCount == 0)
                        most = max(most, server.engineByteCount)
                        // Bytes that are written behind it wait, and count.
                        server.withoutCallbacks { $0.write(Pattern.bytes(100_000, from: 8_000_000)) }
                        #expect(server.transport.bufferedByteCount == 100_000)
                        #expect(server.calls == ["made"])
                        world.settle {
                            #expect(server.calls == ["made", "pause"])
                            client.transport.resumeReading()
                        }
                    }
                }
            }
            server.onResume = { server in
                #expect(server.transport.bufferedByteCount <= 16 * 1024)
                server.transport.loseConnection()
            }
            world.finishWhenLost(server, client) {
                #expect(client.received.count == 8_100_000 && Pattern.isFound(in: client.received))
                #expect(most <= 128 * 1024)
                #expect(server.calls == ["made", "pause", "resume", "readLost", "lost"] || server.calls.last == "lost")
            }
        }
    }

    @Test(arguments: Setting.all)
    func writesBehindAFileAreUnderTheLimit(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair(serverOptions: .narrow, clientOptions: .narrow)
            let file = try PatternFile(world, 8_000_000)
            client.onMade = { $0.transport.pauseReading() }
            var result: Result<Int, FileError>?
            server.onMade = { server in
                server.transport.writeBufferLimit = 50_000
                try server.transport.sendFile(file.open()) { result = $0 }
                server.transport.write(Pattern.bytes(50_000))
                world.settle { server.transport.write([1]) }
            }
            server.onLost = { _, reason in
                #expect((reason.failure as? WriteLimitExceeded)?.wanted == 50_001)
                guard case .failure(.lost(_, .failed))? = result else {
                    Issue.record("another result: \(String(describing: result))")
                    return
                }
                client.transport.resumeReading()
            }
            world.finishWhenLost(server, client)
        }
    }

    /// Another connection has its answers while a long file goes out.
    @Test(arguments: Setting.all)
    func aFileLeavesTheOthersTheirTurns(_ setting: Setting) throws {
        try setting.run { world in
            let file = try PatternFile(world, 20_000_000)
            var first = true
            var rounds = 0
            var isUnderWay = false
            let sender = Recorder("sender")
            let port = try world.listen {
                defer { first = false }
                if first { return sender }
                let echo = Recorder("echo")
                echo.onData = { $0.transport.write($1) }
                return echo
            }
            let sink = PatternSink()
            sink.onLost = { sink in
                #expect(sink.isIntact && sink.count == 20_000_000)
                #expect(rounds > 20)
                world.finish()
            }
            let live = Recorder("live")
            live.onData = { live, _ in
                if !isUnderWay {
                    isUnderWay = true
                    try sender.transport.sendFile(file.open())
                    sender.transport.loseConnection()
                }
                rounds += 1
                live.transport.write("x")
            }
            try world.connect(to: port.localAddress) { sink }
            sender.onMade = { _ in
                live.onMade = { $0.transport.write("x") }
                try world.connect(to: port.localAddress) { live }
            }
        }
    }

    // MARK: Long files

    @Test(arguments: Setting.all.filter { $0.transport == .tcp4 || $0.transport == .simulated })
    func aHundredMegabytesArriveIntact(_ setting: Setting) throws {
        let isLight = setting.engine == .simulated || Sanitizer.isThread || Sanitizer.isAddress
        let size = isLight ? 10_000_000 : 100_000_000
        try setting.run { world in
            let file = try PatternFile(world, size)
            let sender = Recorder("sender")
            let sink = PatternSink()
            sender.onMade = { sender in
                try sender.transport.sendFile(file.open()) { _ in sender.transport.loseConnection() }
            }
            sink.onLost = { sink in
                #expect(sink.count == size && sink.isIntact)
                #expect(sink.reason?.isDone == true)
                world.finish()
            }
            try world.pair(sender, sink)
        }
    }

    @Test(arguments: Setting.all)
    func oneOpenFileGoesToManyAtOnce(_ setting: Setting) throws {
        try setting.run { world in
            let file = try PatternFile(world, 300_000).open()
            var options = ListenOptions()
            options.stream = .narrow
            let port = try world.listen(options: options) {
                let sender = Recorder("sender")
                sender.onMade = { sender in
                    try sender.transport.sendFile(file)
                    sender.transport.loseConnection()
                }
                return sender
            }
            var rest = 20
            for _ in 0..<20 {
                let sink = PatternSink()
                sink.onLost = { sink in
                    #expect(sink.count == 300_000 && sink.isIntact)
                    rest -= 1
                    if rest == 0 { world.finish() }
                }
                try world.connect(to: port.localAddress, options: .narrow) { sink }
            }
        }
    }
}
