import EventReactor
import Glibc
import Testing

@Suite("Contract 28, 31-33: loss")
struct LossTests {
    struct Failure: Error, Equatable {
        var text = "thrown"
    }

    enum Action: CaseIterable {
        case lose, loseWithin, abort, loseWrite, fail

        func apply(to recorder: Recorder) throws {
            switch self {
            case .lose: recorder.withoutCallbacks { $0.loseConnection() }
            case .loseWithin: recorder.withoutCallbacks { $0.loseConnection(within: .seconds(100)) }
            case .abort: recorder.withoutCallbacks { $0.abortConnection() }
            case .loseWrite: recorder.withoutCallbacks { $0.loseWriteConnection() }
            case .fail: throw Failure()
            }
        }
    }

    enum Place: CaseIterable {
        case made, data, readLost, writeLost, pause, resume, lost, timer, other

        var mayThrow: Bool { self == .made || self == .data }
    }

    /// Makes the subject act at one point of its life, and the peer do what leads to that point.
    private static func arrange(
        _ world: World, _ subject: Recorder, _ peer: Recorder, at place: Place,
        _ act: @escaping (Recorder) throws -> Void
    ) {
        let quietly: (Recorder) -> Void = { do { try act($0) } catch { Issue.record("no place to throw") } }
        switch place {
        case .made: subject.onMade = act
        case .data:
            peer.onMade = { $0.transport.write("x") }
            subject.onData = { subject, _ in try act(subject) }
        case .readLost:
            peer.onMade = { $0.transport.loseWriteConnection() }
            subject.closesWithPeer = false
            subject.onReadLost = quietly
        case .writeLost:
            subject.onMade = { $0.transport.loseWriteConnection() }
            subject.onWriteLost = quietly
        case .pause, .resume:
            var hasActed = false
            let once: (Recorder) -> Void = { subject in
                if !hasActed { quietly(subject) }
                hasActed = true
            }
            peer.onMade = { $0.transport.pauseReading() }
            subject.onMade = { subject in
                subject.transport.setWriteBufferLimits(high: 1000, low: 100)
                subject.transport.write(Pattern.bytes(300_000))
            }
            subject.onPause = { subject in
                if place == .pause { once(subject) }
                // The peer has been paused before, in whichever order the ends are made.
                world.wait(until: { !peer.calls.isEmpty }) { peer.transport.resumeReading() }
            }
            if place == .resume { subject.onResume = once }
        case .lost:
            peer.onMade = { $0.transport.loseConnection() }
            subject.onLost = { subject, _ in quietly(subject) }
        case .timer:
            subject.onMade = { subject in world.reactor.callLater(.zero) { quietly(subject) } }
        case .other:
            subject.onMade = { $0.transport.write("x") }
            peer.onData = { _, _ in quietly(subject) }
        }
    }

    @Test(arguments: Setting.all, Place.allCases)
    func line28AnyTwoEndingsInAnyPlaceLoseOnce(_ setting: Setting, place: Place) throws {
        try setting.run { world in
            var rest = 0
            func ended() {
                rest -= 1
                if rest == 0 { world.settle { world.finish() } }
            }
            for first in Action.allCases where first != .fail || place.mayThrow {
                for second in Action.allCases where second != .fail || place.mayThrow {
                    for subjectIsServer in [true, false] {
                        let server = Recorder("server, \(first), \(second)")
                        let client = Recorder("client, \(first), \(second)")
                        // If the client had not seen its connect succeed, a server's abort is a failed connect.
                        try world.pair(server, client, serverOptions: .narrow, clientOptions: .narrow) { error in
                            #expect(subjectIsServer, "\(error)")
                            ended()
                        }
                        let subject = subjectIsServer ? server : client
                        let peer = subjectIsServer ? client : server
                        LossTests.arrange(world, subject, peer, at: place) { subject in
                            try first.apply(to: subject)
                            try second.apply(to: subject)
                        }
                        rest += 2
                        for end in [subject, peer] {
                            let own = end.onLost
                            end.onLost = { end, reason in
                                own(end, reason)
                                if end === subject, place != .lost { LossTests.check(reason, of: [first, second]) }
                                ended()
                            }
                        }
                    }
                }
            }
        }
    }

    private static func check(_ reason: ConnectionLostReason, of actions: [Action]) {
        if actions.contains(.fail) {
            #expect(reason.failure as? Failure == Failure(), "\(actions)")
        } else if actions.contains(.abort) {
            #expect(reason.isAborted, "\(actions)")
        } else {
            #expect(reason.isDone, "\(actions): \(reason)")
        }
    }

    /// The kernel refuses bytes for a peer that has gone: no write reports that by a callback.
    @Test(arguments: Setting.all.filter(\.admitsRawPeers))
    func line28AWriteToAPeerThatHasGoneDoesNotCallBack(_ setting: Setting) throws {
        try setting.run { world in
            var peer: RawPeer?
            let server = Recorder("server")
            server.onMade = { server in
                peer?.reset()
                server.withoutCallbacks { transport in
                    for _ in 0..<3 { transport.write(Pattern.bytes(100_000)) }
                    transport.write("x")
                    transport.loseWriteConnection()
                    transport.pauseReading()
                    transport.resumeReading()
                }
            }
            server.onLost = { _, reason in
                #expect(reason.lostCode != nil)
                world.finish()
            }
            peer = try RawPeer(to: world.listen { server }.localAddress)
        }
    }

    // MARK: Aborting

    @Test(arguments: Setting.all)
    func line31AbortDropsWhatIsQueued(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair(serverOptions: .narrow, clientOptions: .narrow)
            server.onMade = { $0.transport.pauseReading() }
            client.onMade = { client in
                client.transport.write(Pattern.bytes(3_000_000))
                world.settle {
                    client.withoutCallbacks { transport in
                        transport.abortConnection()
                        #expect(transport.isClosing)
                        transport.write("dropped")
                    }
                    server.transport.resumeReading()
                }
            }
            world.finishWhenLost(server, client) {
                #expect(client.reason?.isAborted == true)
                #expect(client.transport.bufferedByteCount == 0)
                #expect(server.received.count < 2_000_000)
                #expect(Pattern.isFound(in: server.received))
            }
        }
    }

    @Test(arguments: Setting.withReset)
    func line31ThePeerOfAnAbortSeesAReset(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair()
            client.onMade = { $0.transport.write("x") }
            server.onData = { server, _ in server.transport.abortConnection() }
            world.finishWhenLost(server, client) {
                #expect(server.reason?.isAborted == true)
                #expect(client.reason?.lostCode == ECONNRESET)
            }
        }
    }

    /// Events of the aborted connection do not reach the next one: fds are soon used again.
    @Test(arguments: Setting.all, [Place.data, .resume, .made])
    func line31ANewListenerWorksAfterAnAbortInAnyCallback(_ setting: Setting, place: Place) throws {
        try setting.run { world in
            let (server, client) = try world.pair(serverOptions: .narrow, clientOptions: .narrow)
            LossTests.arrange(world, client, server, at: place) { $0.transport.abortConnection() }
            client.onLost = { _, _ in
                do {
                    let port = try world.listen {
                        let later = Recorder("later server")
                        later.onData = { _, _ in world.finish() }
                        return later
                    }
                    try world.connect(to: port.localAddress) {
                        let later = Recorder("later client")
                        later.onMade = { $0.transport.write("x") }
                        return later
                    }
                } catch {
                    Issue.record(error)
                }
            }
        }
    }

    @Test(arguments: Setting.all)
    func line32AnErrorThrownAfterAnAbortIsTheReason(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair()
            client.onMade = { $0.transport.write("x") }
            server.onData = { server, _ in
                server.transport.abortConnection()
                throw Failure(text: "later")
            }
            world.finishWhenLost(server, client) {
                #expect(server.reason?.failure as? Failure == Failure(text: "later"))
            }
        }
    }

    // MARK: Reasons

    @Test(arguments: Setting.all)
    func line33AThrownErrorIsTheReason(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair()
            client.onMade = { _ in throw Failure(text: "made") }
            world.finishWhenLost(server, client) {
                #expect(client.reason?.failure as? Failure == Failure(text: "made"))
                #expect(client.calls == ["made", "lost"])
            }
        }
    }

    @Test(arguments: Setting.all)
    func line33AStopOfTheReactorIsTheReason(_ setting: Setting) throws {
        var ends: [Recorder] = []
        try setting.run { world in
            let (server, client) = try world.pair(serverOptions: .narrow, clientOptions: .narrow)
            ends = [server, client]
            server.onMade = { $0.transport.pauseReading() }
            client.onMade = { client in
                client.transport.write(Pattern.bytes(1_000_000))
                world.settle { world.finish() }
            }
        }
        #expect(ends.allSatisfy { $0.reason?.isReactorStopped == true })
    }

    /// Bytes that came before a reset are delivered, then the reset.
    @Test(arguments: Setting.withReset.filter(\.admitsRawPeers))
    func line33AResetIsTheReason(_ setting: Setting) throws {
        try setting.run { world in
            let server = Recorder("server")
            let port = try world.listen { server }
            let peer = try RawPeer(to: port.localAddress)
            peer.send(Array("last words".utf8))
            peer.reset()
            server.onLost = { server, reason in
                #expect(server.text == "last words")
                #expect(reason.lostCode == ECONNRESET)
                #expect(!server.calls.contains("readLost"))
                world.finish()
            }
        }
    }

    /// The reset arrives while a graceful close checks whether the peer has everything.
    @Test(arguments: Setting.withReset.filter(\.admitsRawPeers))
    func line33AResetDuringACloseIsTheReason(_ setting: Setting) throws {
        try setting.run { world in
            var peer: RawPeer?
            let server = Recorder("server")
            server.onData = { server, _ in
                server.transport.write(Pattern.bytes(10_000))
                server.transport.loseConnection()
                peer?.reset()
                waitForReset(of: server.transport)
            }
            server.onLost = { _, reason in
                #expect(reason.lostCode != nil, "\(reason)")
                world.finish()
            }
            peer = try RawPeer(to: world.listen { server }.localAddress)
            peer?.send([1])
        }
    }
}
