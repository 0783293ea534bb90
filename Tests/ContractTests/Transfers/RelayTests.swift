import EventReactor
import EventReactorNative
import Testing

@Suite("Relaying from one connection to another")
struct RelayTests {
    @Test(arguments: Setting.all)
    func bothWaysArriveWholeAndTheEndsArePassedOn(_ setting: Setting) throws {
        try setting.run { world in
            let forwarding = try Forwarding(world)
            forwarding.client.onMade = { $0.stream(1_000_000) { $0.transport.loseWriteConnection() } }
            forwarding.target.onMade = { $0.stream(700_000) { $0.transport.loseWriteConnection() } }
            forwarding.finish {
                #expect(forwarding.target.received.count == 1_000_000)
                #expect(Pattern.isFound(in: forwarding.target.received))
                #expect(forwarding.client.received.count == 700_000)
                #expect(Pattern.isFound(in: forwarding.client.received))
                for end in [forwarding.client, forwarding.incoming, forwarding.outgoing, forwarding.target] {
                    #expect(end.reason?.isDone == true, "\(end.name): \(String(describing: end.reason))")
                }
                #expect(forwarding.dataCalls == [])
                #expect(forwarding.count("there") == 1_000_000 && forwarding.count("back") == 700_000)
                guard case .ended? = forwarding.ending("there"), case .ended? = forwarding.ending("back") else {
                    Issue.record("other endings: \(forwarding.endings)")
                    return
                }
            }
        }
    }

    /// One side has ended, and the other goes on for as long as it likes.
    @Test(arguments: Setting.all)
    func anEndOfOneSideLeavesTheOtherOpen(_ setting: Setting) throws {
        try setting.run { world in
            let forwarding = try Forwarding(world)
            forwarding.client.onMade = { client in
                client.transport.write("question")
                client.transport.loseWriteConnection()
            }
            forwarding.target.onReadLost = { target in
                #expect(target.text == "question")
                world.settle {
                    #expect(forwarding.endings.map(\.way) == ["there"])
                    target.transport.write("answer")
                    target.transport.loseWriteConnection()
                }
            }
            forwarding.finish {
                #expect(forwarding.client.text == "answer")
                #expect(forwarding.incoming.reason?.isDone == true && forwarding.outgoing.reason?.isDone == true)
            }
        }
    }

    @Test(arguments: Setting.all)
    func whatStandsInLineBeforeItGoesFirst(_ setting: Setting) throws {
        try setting.run { world in
            let forwarding = try Forwarding(world)
            let file = try PatternFile(world, 200_000)
            forwarding.onReady = {
                forwarding.outgoing.transport.setWriteBufferLimits(high: .max, low: 0)
                forwarding.outgoing.transport.write(Pattern.bytes(300_000))
                try forwarding.outgoing.transport.sendFile(file.open())
                forwarding.outgoing.transport.write("begin")
            }
            forwarding.onBegun = {
                forwarding.outgoing.transport.write("end")
                #expect(throws: Never.self) { try forwarding.outgoing.transport.sendFile(file.open(), length: 3) }
            }
            forwarding.client.onMade = { $0.stream(100_000) { $0.transport.loseWriteConnection() } }
            forwarding.target.onReadLost = { $0.transport.loseConnection() }
            forwarding.finish {
                let expected =
                    Pattern.bytes(300_000) + Pattern.bytes(200_000) + [UInt8]("begin".utf8) + Pattern.bytes(100_000)
                    + [UInt8]("end".utf8) + Pattern.bytes(3)
                #expect(forwarding.target.received == expected)
            }
        }
    }

    /// Connections of different kinds on one reactor; if one cannot splice, the bytes are copied.
    @Test(arguments: [Setting.Movement.direct, .bufferevent], [Setting.Movement.direct, .bufferevent])
    func connectionsOfAnyKindRelayToOneAnother(_ one: Setting.Movement, _ another: Setting.Movement) throws {
        let setting = Setting(engine: .libevent, transport: .tcp4, movement: .direct)
        try setting.run { world in
            let reactor = world.reactor
            func options(_ movement: Setting.Movement) -> StreamOptions { StreamOptions(buffering: movement.buffering) }
            let (client, target) = (PatternSink(), PatternSink())
            let (incoming, outgoing) = (Recorder("incoming"), Recorder("outgoing"))
            let path = world.freshPath()
            try reactor.listenUNIX(path: path) { target }
            let port = try reactor.listenTCP(
                port: 0, host: "127.0.0.1", options: ListenOptions(stream: options(one))
            ) { incoming }
            incoming.onMade = { incoming in
                try reactor.connectUNIX(path: path, options: options(another)) { outgoing }
            }
            outgoing.onMade = { outgoing in
                try incoming.transport.relay(to: outgoing.transport)
                try outgoing.transport.relay(to: incoming.transport)
            }
            for end in [client, target] {
                end.onMade = { end in
                    end.transport.setWriteBufferLimits(high: .max, low: 0)
                    end.transport.write(Pattern.bytes(3_000_000))
                }
                end.onData = { end in if end.count == 3_000_000 { end.transport.loseWriteConnection() } }
            }
            var rest = 2
            for end in [client, target] {
                end.onLost = { end in
                    #expect(end.count == 3_000_000 && end.isIntact)
                    rest -= 1
                    if rest == 0 { world.finish() }
                }
            }
            try reactor.connectTCP(host: "127.0.0.1", port: try #require(port.localAddress.port)) { client }
        }
    }

    @Test(arguments: Setting.all.filter { $0.transport == .tcp4 || $0.transport == .simulated })
    func aHundredMegabytesArriveIntact(_ setting: Setting) throws {
        let isLight = setting.engine == .simulated || Sanitizer.isThread || Sanitizer.isAddress
        let size = isLight ? 5_000_000 : 100_000_000
        try setting.run { world in
            let (incoming, outgoing) = (Recorder("incoming"), Recorder("outgoing"))
            let target = PatternSink()
            let targetPort = try world.listen { target }
            let port = try world.listen { incoming }
            incoming.onMade = { incoming in
                incoming.transport.pauseReading()
                try world.connect(to: targetPort.localAddress) { outgoing }
            }
            outgoing.onMade = { outgoing in
                incoming.transport.resumeReading()
                try incoming.transport.relay(to: outgoing.transport)
                try outgoing.transport.relay(to: incoming.transport)
            }
            let client = Recorder("client")
            client.onMade = { $0.stream(size) { $0.transport.loseConnection() } }
            target.onLost = { target in
                #expect(target.count == size && target.isIntact)
                world.finish()
            }
            try world.connect(to: port.localAddress) { client }
        }
    }
}
