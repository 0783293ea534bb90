import EventReactor
import Testing

@Suite("Contract 36-39: flow control")
struct FlowTests {
    // MARK: Pausing reading

    enum Place: CaseIterable {
        case made, data, timer
    }

    @Test(arguments: Setting.all, Place.allCases)
    func line36NothingArrivesBetweenPauseAndResume(_ setting: Setting, place: Place) throws {
        try setting.run { world in
            let (server, client) = try world.pair(serverOptions: .narrow, clientOptions: .narrow)
            func pause() {
                server.withoutCallbacks { $0.pauseReading() }
                server.transport.pauseReading()
                let calls = server.calls.count
                world.settle {
                    world.expectSleep {
                        #expect(server.calls.count <= max(calls, 1))
                        // Any number of resumes counts as one, and none calls back.
                        server.withoutCallbacks { transport in
                            transport.resumeReading()
                            transport.pauseReading()
                            transport.resumeReading()
                            transport.resumeReading()
                        }
                        server.onData = { _, _ in }
                    }
                }
            }
            if place == .made { server.onMade = { _ in pause() } }
            if place == .data { server.onData = { _, _ in pause() } }
            if place == .timer { server.onMade = { _ in world.reactor.callLater(.zero) { pause() } } }
            client.onMade = { client in
                client.transport.write(Pattern.bytes(300_000))
                client.transport.loseConnection()
            }
            world.finishWhenLost(server, client) {
                #expect(server.received.count == 300_000)
                #expect(Pattern.isFound(in: server.received))
                #expect(server.calls.suffix(2) == ["readLost", "lost"])
            }
        }
    }

    @Test(arguments: Setting.all)
    func line36ThousandsOfPausesAndResumesLoseAndRepeatNothing(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair(serverOptions: .narrow, clientOptions: .narrow)
            var dice = Dice(seed: 36)
            var flips = 0
            func flip(_ transport: any Transport) {
                for _ in 0..<dice.roll(20) {
                    flips += 1
                    if dice.roll(2) == 0 { transport.pauseReading() } else { transport.resumeReading() }
                }
            }
            func flipLater() {
                guard server.reason == nil else { return }
                server.withoutCallbacks { flip($0) }
                // It does not stay paused.
                if dice.roll(3) == 0 || flips > 20_000 { server.transport.resumeReading() }
                if flips <= 20_000 { world.reactor.callLater(.microseconds(dice.roll(200))) { flipLater() } }
            }
            server.onData = { server, _ in if flips <= 20_000 { flip(server.transport) } }
            client.onMade = { client in
                flipLater()
                var writer = PatternWriter()
                func write() {
                    while writer.count < 600_000 && client.transport.bufferedByteCount < 50_000 {
                        writer.write(5000, to: client.transport)
                    }
                    if writer.count >= 600_000 && flips > 5000 { return client.transport.loseConnection() }
                    world.reactor.callLater(.microseconds(500)) { write() }
                }
                write()
            }
            world.finishWhenLost(server, client) {
                #expect(server.received.count == 600_000)
                #expect(Pattern.isFound(in: server.received))
                #expect(flips > 5000)
            }
        }
    }

    // MARK: The peer's end and its loss while paused

    @Test(arguments: Setting.all)
    func line37AnEndThatArrivesWhilePausedWaitsForTheUnreadBytes(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair()
            server.onMade = { $0.transport.pauseReading() }
            client.onMade = { client in
                client.transport.write(Pattern.bytes(50_000))
                client.transport.loseWriteConnection()
            }
            client.onWriteLost = { _ in
                world.settle {
                    world.expectSleep {
                        #expect(server.calls == ["made"])
                        server.transport.resumeReading()
                    }
                }
            }
            server.onReadLost = { server in
                #expect(server.received.count == 50_000)
                #expect(Pattern.isFound(in: server.received))
            }
            world.finishWhenLost(server, client) { #expect(server.reason?.isDone == true) }
        }
    }

    enum Watching: CaseIterable {
        case idle, unread, queued, unreadAndQueued, peerEnded, selfEnded, peerEndedAndQueued

        var hasUnread: Bool { self == .unread || self == .unreadAndQueued }
        var hasQueued: Bool { self == .queued || self == .unreadAndQueued || self == .peerEndedAndQueued }
        var peerHasEnded: Bool { self == .peerEnded || self == .peerEndedAndQueued }
    }

    @Test(arguments: Setting.withReset, Watching.allCases)
    func line37AResetIsNoticedWhilePaused(_ setting: Setting, watching: Watching) throws {
        try setting.run { world in
            let (server, client) = try world.pair(serverOptions: .narrow, clientOptions: .narrow)
            server.closesWithPeer = false
            if !watching.peerHasEnded { server.onMade = { $0.transport.pauseReading() } }
            client.onMade = { client in
                client.transport.pauseReading()
                if watching.hasUnread { client.transport.write(Pattern.bytes(5000)) }
                if watching.peerHasEnded { client.transport.loseWriteConnection() }
            }
            world.wait(until: { watching.peerHasEnded ? server.calls.contains("readLost") : !server.calls.isEmpty }) {
                server.transport.pauseReading()
                if watching == .selfEnded { server.transport.loseWriteConnection() }
                if watching.hasQueued {
                    server.transport.setWriteBufferLimits(high: .max, low: 0)
                    server.transport.write(Pattern.bytes(1_000_000))
                    #expect(server.transport.bufferedByteCount > 0)
                }
                world.settle {
                    world.expectSleep {
                        #expect(server.reason == nil)
                        client.transport.abortConnection()
                    }
                }
            }
            world.finishWhenLost(server, client) {
                #expect(server.received.isEmpty)
                #expect(server.reason?.lostCode != nil, "\(String(describing: server.reason))")
            }
        }
    }

    /// A write has found out that the peer is gone, its last bytes are being read, and then reading is paused.
    @Test(arguments: Setting.withReset)
    func line37AConnectionThatBrokeIsNotHeldByAPause(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair()
            client.onMade = { client in
                client.transport.write(Pattern.bytes(100_000))
                world.settle { client.transport.abortConnection() }
            }
            server.onMade = { $0.transport.pauseReading() }
            client.onLost = { _, _ in
                server.transport.resumeReading()
                server.transport.write(Pattern.bytes(20_000))
            }
            server.onData = { server, _ in world.reactor.callSoon { server.transport.pauseReading() } }
            world.finishWhenLost(server, client) { #expect(server.reason?.lostCode != nil) }
        }
    }

    // MARK: Marks

    @Test(arguments: Setting.all)
    func line38WritingPausesOverTheHighMarkAndResumesAtTheLowMark(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair(serverOptions: .narrow, clientOptions: .narrow)
            server.onMade = { $0.transport.pauseReading() }
            var before = 0
            var rounds = 0
            func write() {
                guard client.calls.last != "pause" else { return }
                before = client.transport.bufferedByteCount
                client.withoutCallbacks { $0.write(Pattern.bytes(3000)) }
                world.reactor.callSoon { write() }
            }
            client.onMade = { _ in write() }
            client.onPause = { client in
                #expect(client.transport.bufferedByteCount > 64 * 1024)
                #expect(before <= 64 * 1024)
                // More is allowed, and reported once only.
                client.transport.write(Pattern.bytes(100_000))
                world.reactor.callSoon { client.transport.write(Pattern.bytes(100_000)) }
                world.settle {
                    #expect(client.calls.last == "pause")
                    server.transport.resumeReading()
                }
            }
            client.onResume = { client in
                #expect(client.transport.bufferedByteCount <= 16 * 1024)
                server.transport.pauseReading()
                rounds += 1
                if rounds == 2 { return world.finish() }
                world.reactor.callSoon { write() }
            }
            world.whenFinished = { #expect(client.calls == ["made", "pause", "resume", "pause", "resume"]) }
        }
    }

    @Test(arguments: Setting.all)
    func line38MarksCanBeChangedInMidFlight(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair(serverOptions: .narrow, clientOptions: .narrow)
            server.onMade = { $0.transport.pauseReading() }
            client.onMade = { client in
                client.transport.setWriteBufferLimits(high: 10_000_000, low: 0)
                client.transport.write(Pattern.bytes(1_000_000))
            }
            var steps: [(any Transport) -> Void] = [
                { $0.setWriteBufferLimits(high: 1000, low: 500) },
                { $0.setWriteBufferLimits(high: 10_000_000, low: 5_000_000) },
                // Low over high is lowered to it, and a negative mark counts as 0.
                { $0.setWriteBufferLimits(high: 1000, low: 10_000_000) },
                { $0.setWriteBufferLimits(high: .max, low: .max) },
                { $0.setWriteBufferLimits(high: -5, low: -10) },
            ]
            let expected = ["made", "pause", "resume", "pause", "resume", "pause"]
            func next() {
                #expect(client.calls == Array(expected.prefix(expected.count - steps.count)))
                guard !steps.isEmpty else { return server.transport.resumeReading() }
                client.withoutCallbacks(steps.removeFirst())
                world.settle { next() }
            }
            world.whenMade(server, client) { world.settle { next() } }
            client.onResume = { client in
                guard steps.isEmpty else { return }
                #expect(client.transport.bufferedByteCount == 0)
                world.finish()
            }
        }
    }

    @Test(arguments: Setting.all)
    func line38MarksComeWithTheOptions(_ setting: Setting) throws {
        try setting.run { world in
            var options = StreamOptions.narrow
            options.writeBufferHighMark = 0
            options.writeBufferLowMark = 0
            let (server, client) = try world.pair(serverOptions: options, clientOptions: .narrow)
            client.onMade = { $0.transport.pauseReading() }
            server.onMade = { $0.transport.write(Pattern.bytes(300_000)) }
            server.onPause = { server in
                #expect(server.transport.bufferedByteCount > 0)
                world.settle { client.transport.resumeReading() }
            }
            server.onResume = { server in
                #expect(server.transport.bufferedByteCount == 0)
                #expect(server.calls == ["made", "pause", "resume"])
                world.finish()
            }
        }
    }
}
