import EventReactor
import Testing

@Suite("Contract 30, 34, 35: closing")
struct ClosingTests {
    /// Makes a recorder pause after each piece and resume in a later turn.
    private static func readSlowly(_ recorder: Recorder, _ world: World) {
        recorder.onData = { recorder, _ in
            recorder.transport.pauseReading()
            world.reactor.callSoon { recorder.transport.resumeReading() }
        }
    }

    @Test(arguments: Setting.all)
    func line30LoseConnectionDeliversMuchToASlowReader(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair()
            ClosingTests.readSlowly(client, world)
            server.onMade = { server in
                server.transport.write(Pattern.bytes(5_000_000))
                server.transport.write(Pattern.bytes(10, from: 5_000_000))
                server.transport.loseConnection()
                #expect(server.transport.isClosing)
                server.transport.write("dropped")
                server.transport.write(Pattern.bytes(100_000))
                world.reactor.callSoon { server.transport.write("dropped") }
            }
            world.finishWhenLost(server, client) {
                #expect(client.received.count == 5_000_010)
                #expect(Pattern.isFound(in: client.received))
                #expect(server.calls == ["made", "lost"])
                #expect(server.reason?.isDone == true)
                #expect(client.reason?.isDone == true)
            }
        }
    }

    /// Unread bytes of the peer must not make the kernel reset the connection.
    @Test(arguments: Setting.all, [false, true])
    func line30APeerThatGoesOnSendingStillGetsEverything(_ setting: Setting, paused: Bool) throws {
        try setting.run { world in
            let (server, client) = try world.pair(clientOptions: .narrow)
            client.onMade = { client in
                client.transport.write(Pattern.bytes(1_000_000))
                client.transport.pauseReading()
            }
            server.onMade = { if paused { $0.transport.pauseReading() } }
            func close() {
                server.transport.write(Pattern.bytes(1_000_000))
                server.transport.loseConnection()
                let count = server.calls.count
                server.onLost = { server, reason in
                    #expect(server.calls.count == count + 1)
                    #expect(reason.isDone)
                }
                client.onData = { client, _ in client.transport.write("more") }
                client.transport.resumeReading()
                world.finishWhenLost(server, client) {
                    #expect(client.received.count == 1_000_000)
                    #expect(Pattern.isFound(in: client.received))
                }
            }
            world.whenMade(server, client) { world.settle { close() } }
        }
    }

    @Test(arguments: Setting.all.filter(\.admitsRawPeers))
    func line30APeerThatNeverStopsSendingDoesNotHoldTheCloseUp(_ setting: Setting) throws {
        try setting.run { world in
            let server = Recorder("server")
            let peer = try RawPeer(to: world.listen { server }.localAddress)
            let noise = Pattern.bytes(1_000_000)
            var text: [UInt8] = []
            /// Each time that the close drains the input, more bytes are there than it reads at a time.
            func flood() {
                while peer.send(noise) > 0 {}
                if case .bytes(let bytes) = peer.receive() { text += bytes }
                if server.reason == nil { world.reactor.callLater(.zero) { flood() } }
            }
            server.onMade = { server in
                flood()
                server.transport.write("good bye")
                server.transport.loseConnection()
            }
            server.onLost = { server, reason in
                #expect(reason.isDone)
                if case .bytes(let bytes) = peer.receive() { text += bytes }
                #expect(text == Array("good bye".utf8))
                world.finish()
            }
        }
    }

    enum Deadline: CaseIterable {
        case option, argument, shortened
    }

    @Test(arguments: Setting.all, Deadline.allCases)
    func line30APeerThatNeverReadsHoldsAConnectionUntilTheDeadline(_ setting: Setting, deadline: Deadline) throws {
        try setting.run { world in
            var options = StreamOptions.narrow
            if deadline == .option { options.closeDeadline = .milliseconds(30) }
            let (server, client) = try world.pair(serverOptions: options, clientOptions: .narrow)
            client.onMade = { $0.transport.pauseReading() }
            server.onMade = { server in
                server.transport.write(Pattern.bytes(2_000_000))
                switch deadline {
                case .option: server.transport.loseConnection()
                case .argument: server.transport.loseConnection(within: .milliseconds(30))
                case .shortened:
                    server.transport.loseConnection(within: .seconds(1000))
                    world.settle { server.transport.loseConnection(within: .zero) }
                }
            }
            server.onLost = { server, reason in
                #expect(reason.isTimedOut)
                #expect(server.transport.bufferedByteCount == 0)
                client.transport.resumeReading()
            }
            world.finishWhenLost(server, client) { #expect(client.received.count < 2_000_000) }
        }
    }

    @Test(arguments: Setting.all)
    func line30NoDeadlineWaitsForTheReader(_ setting: Setting) throws {
        try setting.run { world in
            var options = StreamOptions.narrow
            options.closeDeadline = nil
            let (server, client) = try world.pair(serverOptions: options, clientOptions: .narrow)
            client.onMade = { $0.transport.pauseReading() }
            server.onMade = { server in
                server.transport.write(Pattern.bytes(500_000))
                server.transport.loseConnection()
                world.settle {
                    world.expectSleep {
                        #expect(server.reason == nil)
                        client.transport.resumeReading()
                    }
                }
            }
            world.finishWhenLost(server, client) {
                #expect(Pattern.isFound(in: client.received) && client.received.count == 500_000)
                #expect(server.reason?.isDone == true)
            }
        }
    }

    /// It is enough that the peer's kernel has all bytes; its program may never read them.
    @Test(arguments: Setting.all)
    func line30APeerWhoseKernelHasEverythingNeedNotRead(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair()
            client.onMade = { client in
                client.transport.pauseReading()
                client.transport.write("never read")
            }
            server.onMade = { server in
                server.transport.pauseReading()
                world.settle {
                    server.transport.write("all of it")
                    server.transport.loseConnection()
                }
            }
            server.onLost = { server, reason in
                #expect(reason.isDone)
                #expect(client.received.isEmpty)
                world.settle { client.transport.resumeReading() }
            }
            world.finishWhenLost(server, client) {
                #expect(client.text == "all of it")
                #expect(client.reason?.isDone == true)
            }
        }
    }

    // MARK: The peer's end

    @Test(arguments: Setting.all)
    func line34ThePeersEndLosesNothingThatWasQueued(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair(serverOptions: .narrow, clientOptions: .narrow)
            client.onMade = { client in
                client.transport.pauseReading()
                client.transport.write("go")
                client.transport.loseWriteConnection()
            }
            server.onData = { server, _ in server.transport.write(Pattern.bytes(1_000_000)) }
            server.onReadLost = { server in
                #expect(server.transport.bufferedByteCount > 0)
                world.settle { client.transport.resumeReading() }
            }
            world.finishWhenLost(server, client) {
                #expect(client.received.count == 1_000_000)
                #expect(Pattern.isFound(in: client.received))
                #expect(server.calls.filter { $0 == "readLost" }.count == 1)
                #expect(server.reason?.isDone == true)
                #expect(client.reason?.isDone == true)
            }
        }
    }

    @Test(arguments: Setting.all, [false, true])
    func line35WritingGoesOnLongAfterThePeersEnd(_ setting: Setting, endsInHalves: Bool) throws {
        try setting.run { world in
            let (server, client) = try world.pair()
            server.closesWithPeer = false
            client.onMade = { client in
                client.transport.write("request")
                client.transport.loseWriteConnection()
                client.transport.write("dropped")
            }
            server.onReadLost = { server in
                #expect(server.text == "request")
                var writer = PatternWriter()
                func goOn() {
                    writer.write(10_000, to: server.transport)
                    if writer.count < 200_000 {
                        world.reactor.callLater(.milliseconds(1)) { goOn() }
                    } else if endsInHalves {
                        server.transport.loseWriteConnection()
                        server.transport.write("dropped")
                    } else {
                        server.transport.loseConnection()
                    }
                }
                world.expectSleep { goOn() }
            }
            world.finishWhenLost(server, client) {
                #expect(client.received.count == 200_000)
                #expect(Pattern.isFound(in: client.received))
                #expect(client.calls.filter { $0 != "data" } == ["made", "writeLost", "readLost", "lost"])
                let end = endsInHalves ? ["writeLost", "lost"] : ["lost"]
                #expect(server.calls == ["made", "data", "readLost"] + end)
                #expect(server.reason?.isDone == true)
                #expect(client.reason?.isDone == true)
            }
        }
    }

    @Test(arguments: Setting.all)
    func line35TheEndIsSentAfterAllThatWasWritten(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair(serverOptions: .narrow, clientOptions: .narrow)
            server.closesWithPeer = false
            server.onMade = { $0.transport.pauseReading() }
            client.onMade = { client in
                client.transport.write(Pattern.bytes(500_000))
                client.withoutCallbacks { $0.loseWriteConnection() }
                #expect(!client.transport.isClosing)
                world.settle {
                    #expect(!client.calls.contains("writeLost"))
                    server.transport.resumeReading()
                }
            }
            client.onWriteLost = { #expect($0.transport.bufferedByteCount == 0) }
            server.onReadLost = { server in
                #expect(server.received.count == 500_000)
                server.transport.write("thanks")
                server.transport.loseWriteConnection()
            }
            client.onData = { client, _ in #expect(client.calls.contains("writeLost")) }
            world.finishWhenLost(server, client) {
                #expect(client.text == "thanks")
                #expect(Pattern.isFound(in: server.received))
                #expect(server.reason?.isDone == true)
                #expect(client.reason?.isDone == true)
            }
        }
    }

    @Test(arguments: Setting.all)
    func line35BothEndsMayEndAtOnce(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair()
            for end in [server, client] {
                end.closesWithPeer = false
                end.onMade = { end in
                    end.transport.write("from \(end.name)")
                    end.transport.loseWriteConnection()
                    end.transport.loseWriteConnection()
                }
            }
            world.finishWhenLost(server, client) {
                #expect(client.text == "from server")
                #expect(server.text == "from client")
                for end in [server, client] {
                    #expect(end.calls == ["made", "writeLost", "data", "readLost", "lost"])
                    #expect(end.reason?.isDone == true)
                }
            }
        }
    }
}
