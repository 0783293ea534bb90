import EventReactor
import EventReactorTesting
import Glibc
import Testing

/// A peer takes an orderly end for the end of all there was to send.
@Suite("Contract 46: if bytes are dropped, the peer sees a reset")
struct DroppedBytesTests {
    /// Bytes that are under way as the connection ends.
    enum Rest: String, CaseIterable, Codable, Sendable {
        case bytes, file, bytesBehindAFile

        func send(_ recorder: Recorder, _ file: PatternFile) throws {
            switch self {
            case .bytes: recorder.transport.write(Pattern.bytes(file.size))
            case .file: try recorder.transport.sendFile(file.open())
            case .bytesBehindAFile:
                try recorder.transport.sendFile(file.open(), length: 10)
                recorder.transport.write(Pattern.bytes(file.size - 10, from: 10))
            }
        }
    }

    /// The bytes wait for tokens, and not for the peer: the kernel has taken all that it was offered.
    @Test(arguments: Setting.withReset, Rest.allCases.flatMap { rest in [60_000, 1_000_000].map { (rest, $0) } })
    func line46ATimeoutUnderARateLimitResets(_ setting: Setting, _ rest: (Rest, size: Int)) throws {
        try setting.run { world in
            // The smaller one is read from its file at once, and waits in the queue of written bytes.
            let (rest, size) = rest
            let file = try PatternFile(world, size)
            var options = StreamOptions()
            options.rateLimit = RateLimit(writeRate: size / 20)
            options.timeouts = StreamTimeouts(read: .milliseconds(200))
            let (server, client) = try world.pair(serverOptions: options)
            server.onMade = { try rest.send($0, file) }
            world.finishWhenLost(server, client) {
                #expect(server.reason?.isTimedOut == true)
                #expect(client.received.count < file.size)
                #expect(client.reason?.lostCode == ECONNRESET)
                #expect(!client.calls.contains("readLost"))
            }
        }
    }

    @Test(arguments: Setting.withReset)
    func line46ATimeoutSetLaterUnderALimitSetLaterResets(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair()
            server.onMade = { server in
                server.transport.setRateLimit(RateLimit(writeRate: 50_000))
                server.transport.setTimeouts(StreamTimeouts(read: .milliseconds(200)))
                server.transport.write(Pattern.bytes(1_000_000))
            }
            world.finishWhenLost(server, client) {
                #expect(server.reason?.isTimedOut == true)
                #expect(client.reason?.lostCode == ECONNRESET)
            }
        }
    }

    @Test(arguments: Setting.withReset.filter(\.admitsRawPeers), Rest.allCases)
    func line46AStopResetsWhereSomethingIsLeft(_ setting: Setting, _ rest: Rest) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        let file = try PatternFile(world, 20_000_000)
        var options = ListenOptions()
        options.stream = .narrow
        let server = Recorder("server")
        let peer = try RawPeer(to: world.listen(options: options) { server }.localAddress)
        server.onMade = { server in
            try rest.send(server, file)
            world.afterTurns { world.finish() }
        }
        try world.run()
        #expect(server.reason?.isReactorStopped == true)
        let (count, end) = peer.receiveToTheEnd()
        #expect(count < file.size)
        #expect(end == .failure(ECONNRESET))
    }

    @Test(arguments: Setting.all.filter(\.admitsRawPeers))
    func line46AStopWithNothingLeftIsAnOrderlyEnd(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        let server = Recorder("server")
        let peer = try RawPeer(to: world.listen { server }.localAddress)
        server.onMade = { server in
            server.transport.write("all of it")
            world.afterTurns { world.finish() }
        }
        try world.run()
        let (count, end) = peer.receiveToTheEnd()
        #expect(count == 9)
        #expect(end == .end)
    }

    /// The kernel has not been offered the bytes in a bufferevent's output buffer.
    @Test(arguments: Setting.all.filter(\.admitsRawPeers), [false, true])
    func line46WhatTheLastCallbackWroteIsSentBeforeAStop(_ setting: Setting, closes: Bool) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        let server = Recorder("server")
        let peer = try RawPeer(to: world.listen { server }.localAddress)
        server.onMade = { _ in peer.send([1]) }
        server.onData = { server, _ in
            server.transport.write("bye")
            if closes { server.transport.loseConnection() }
            world.finish()
        }
        try world.run()
        let (count, end) = peer.receiveToTheEnd()
        #expect(count == 3)
        #expect(end == .end)
        #expect(closes ? server.reason?.isDone == true : server.reason?.isReactorStopped == true)
    }

    @Test(arguments: Setting.all.filter(\.admitsRawPeers))
    func line46AnswersAreSentBeforeACloseWithoutTime(_ setting: Setting) throws {
        try setting.run { world in
            let server = Recorder("server")
            let peer = try RawPeer(to: world.listen { server }.localAddress)
            server.onMade = { server in
                server.transport.write("bye")
                server.transport.loseConnection(within: .zero)
            }
            server.onLost = { _, reason in
                #expect(reason.isDone)
                world.finish()
            }
            world.whenFinished = { #expect(peer.receiveToTheEnd().count == 3) }
        }
    }

    /// Bytes of a copying relay wait in the receiver's write queue, also once the source has ended.
    @Test(arguments: Setting.withReset.filter(\.admitsRawPeers))
    func line46ATimeoutBehindTheEndOfARelaysSourceResets(_ setting: Setting) throws {
        try setting.run { world in
            let (source, receiver) = (Recorder("source"), Recorder("receiver"))
            let first = try RawPeer(to: world.listen { source }.localAddress)
            var options = ListenOptions()
            options.stream.rateLimit = RateLimit(writeRate: 10_000)
            options.stream.timeouts = StreamTimeouts(read: .milliseconds(200))
            let second = try RawPeer(to: world.listen(options: options) { receiver }.localAddress)
            world.whenMade(source, receiver) {
                do { try source.transport.relay(to: receiver.transport) } catch { unexpected(error) }
                first.send(Pattern.bytes(20_000))
                first.shutdownWrite()
            }
            receiver.onLost = { _, reason in
                #expect(reason.isTimedOut)
                let (count, end) = second.receiveToTheEnd()
                #expect(count < 20_000)
                #expect(end == .failure(ECONNRESET))
                withExtendedLifetime(first) {}
                world.finish()
            }
        }
    }

    /// The source has not ended, so that more may have been to come.
    @Test(arguments: Setting.withReset.filter(\.admitsRawPeers))
    func line46AStopInTheMiddleOfARelayResets(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        let (source, receiver) = (Recorder("source"), Recorder("receiver"))
        let first = try RawPeer(to: world.listen { source }.localAddress)
        let second = try RawPeer(to: world.listen { receiver }.localAddress)
        world.whenMade(source, receiver) {
            do { try source.transport.relay(to: receiver.transport) } catch { unexpected(error) }
            first.send(Pattern.bytes(1000))
            var count = 0
            world.wait {
                if case .bytes(let bytes) = second.receive() { count += bytes.count }
                return count == 1000
            } then: {
                world.finish()
            }
        }
        try world.run()
        #expect(second.receiveToTheEnd().end == .failure(ECONNRESET))
        withExtendedLifetime(first) {}
    }

    /// Bytes that the engine cannot send are dropped, also if the error is not the peer's doing.
    @Test func line46ATestTransportTellsOfTheReset() throws {
        let options = { () -> StreamOptions in
            var options = StreamOptions()
            options.timeouts = StreamTimeouts(idle: .seconds(1))
            return options
        }()
        for waits in [false, true] {
            let recorder = Recorder("protocol")
            recorder.onMade = { $0.transport.write("bytes") }
            let transport = TestTransport(for: recorder, options: options)
            if waits {
                transport.stopTaking()
                recorder.transport.write("more")
            }
            transport.advance(by: .seconds(2))
            #expect(recorder.reason?.isTimedOut == true)
            #expect(transport.wasReset == waits)
            #expect(transport.hasEnded == !waits)
        }
    }
}
