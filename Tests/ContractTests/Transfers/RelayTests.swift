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
                #expect(forwarding.toldCalls == [])
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

    // MARK: Slowness

    @Test(arguments: Setting.all)
    func aTargetThatDoesNotReadStopsTheClientAndTheLoopSleeps(_ setting: Setting) throws {
        try setting.run { world in
            let forwarding = try Forwarding(world)
            let total = 12_000_000
            var most = 0
            func look() {
                most = max(most, forwarding.heldByteCount)
                if !world.isFinished { world.reactor.callLater(.milliseconds(1)) { look() } }
            }
            forwarding.target.onMade = { $0.transport.pauseReading() }
            forwarding.client.onMade = { client in
                client.stream(total) { $0.transport.loseWriteConnection() }
                look()
            }
            func waitForStandstill(_ last: Int) {
                world.settle {
                    let count = forwarding.there?.byteCount ?? 0
                    guard count == last && count > 0 else { return waitForStandstill(count) }
                    world.expectSleep {
                        #expect(count < total)
                        #expect(forwarding.outgoing.transport.bufferedByteCount == 0)
                        forwarding.target.transport.resumeReading()
                    }
                }
            }
            world.whenMade(forwarding.target, forwarding.outgoing) { waitForStandstill(0) }
            forwarding.target.onReadLost = { $0.transport.loseConnection() }
            forwarding.finish {
                #expect(forwarding.target.received.count == total && Pattern.isFound(in: forwarding.target.received))
                // What one turn receives, above the low mark.
                #expect(most <= 128 * 1024)
            }
        }
    }

    @Test(arguments: Setting.all)
    func pausesOfTheProgramHoldTheRelay(_ setting: Setting) throws {
        try setting.run { world in
            let forwarding = try Forwarding(world)
            let incoming = forwarding.incoming
            var dice = Dice(seed: 11)
            var flips = 0
            func flip() {
                guard incoming.reason == nil else { return }
                flips += 1
                incoming.withoutCallbacks { transport in
                    if dice.roll(2) == 0 { transport.pauseReading() } else { transport.resumeReading() }
                    if flips > 400 { transport.resumeReading() }
                }
                if flips <= 400 { world.reactor.callLater(.microseconds(dice.roll(300))) { flip() } }
            }
            forwarding.onBegun = {
                incoming.transport.pauseReading()
                world.settle {
                    world.expectSleep {
                        #expect(forwarding.there?.byteCount == 0)
                        incoming.transport.resumeReading()
                        flip()
                    }
                }
            }
            forwarding.client.onMade = { $0.stream(2_000_000) { $0.transport.loseWriteConnection() } }
            forwarding.target.onReadLost = { $0.transport.loseConnection() }
            forwarding.finish {
                #expect(forwarding.target.received.count == 2_000_000)
                #expect(Pattern.isFound(in: forwarding.target.received))
                #expect(forwarding.toldCalls == [])
            }
        }
    }

    /// Limits that come in the middle hold for what is relayed and for files, and lose nothing.
    @Test(arguments: Setting.all)
    func limitsMayComeAndGoInTheMiddle(_ setting: Setting) throws {
        try setting.run { world in
            let forwarding = try Forwarding(world)
            let file = try PatternFile(world, 1_000_000)
            forwarding.target.onMade = { target in
                try target.transport.sendFile(file.open()) { _ in target.transport.loseWriteConnection() }
            }
            forwarding.client.onMade = { $0.stream(1_000_000) { $0.transport.loseWriteConnection() } }
            world.wait(until: { (forwarding.there?.byteCount ?? 0) > 100_000 }) {
                for end in [forwarding.incoming, forwarding.outgoing, forwarding.target] {
                    end.transport.setRateLimit(RateLimit(readRate: 2_000_000, writeRate: 2_000_000))
                }
                world.reactor.callLater(.milliseconds(100)) {
                    for end in [forwarding.incoming, forwarding.target] { end.transport.setRateLimit(nil) }
                }
            }
            forwarding.finish {
                #expect(forwarding.target.received.count == 1_000_000)
                #expect(Pattern.isFound(in: forwarding.target.received))
                #expect(forwarding.client.received.count == 1_000_000)
                #expect(Pattern.isFound(in: forwarding.client.received))
            }
        }
    }

    // MARK: What cannot begin

    @Test(arguments: Setting.all)
    func whatCannotBeginIsSaidAtOnce(_ setting: Setting) throws {
        let other = try setting.makeWorld()
        defer { other.end() }
        try setting.run { world in
            let forwarding = try Forwarding(world, isBothWays: false)
            forwarding.client.onMade = { $0.transport.write("x") }
            func refusal(_ from: any Transport, _ to: any Transport) -> String {
                do throws(RelayError) {
                    try from.relay(to: to) { _, _ in Issue.record("told of what was refused") }
                } catch {
                    return switch error {
                    case .sourceClosed: "source"
                    case .receiverClosed: "receiver"
                    case .alreadyRelaying: "already"
                    case .otherReactor: "reactor"
                    case .unsupported: "unsupported"
                    case .otherLost: "lost"
                    }
                }
                return "none"
            }
            let strangers = (Recorder("stranger"), Recorder("guest"))
            let port = try other.listen { strangers.0 }
            try other.connect(to: port.localAddress) { strangers.1 }
            strangers.1.onMade = { _ in other.finish() }
            strangers.1.onLost = { _, _ in }
            var stranger: (any Transport)?
            strangers.1.onMade = { [unowned other] guest in
                stranger = guest.transport
                let (incoming, outgoing) = (forwarding.incoming.transport, forwarding.outgoing.transport)
                #expect(refusal(outgoing, guest.transport) == "reactor")
                #expect(refusal(outgoing, Recorder().transport) == "unsupported")
                #expect(refusal(Recorder().transport, outgoing) == "source")
                #expect(refusal(incoming, outgoing) == "already")
                incoming.loseWriteConnection()
                #expect(refusal(outgoing, incoming) == "receiver")
                outgoing.loseConnection()
                #expect(refusal(outgoing, incoming) == "source")
                other.finish()
            }
            world.wait(until: { forwarding.target.text == "x" }) {
                do { try other.run() } catch { Issue.record(error) }
                #expect(stranger != nil)
            }
            forwarding.client.closesWithPeer = true
            forwarding.target.closesWithPeer = true
            forwarding.finish {
                let gone = forwarding.incoming.transport
                #expect(refusal(gone, gone) == "source")
            }
        }
    }

    // MARK: Kinds of connections

    /// Connections of different kinds on one reactor; where one cannot splice, the bytes are copied.
    @Test(arguments: [Setting.Movement.direct, .bufferevent], [Setting.Movement.direct, .bufferevent])
    func connectionsOfAnyKindRelayToOneAnother(_ one: Setting.Movement, _ another: Setting.Movement) throws {
        let setting = Setting(engine: .libevent, transport: .tcp4, movement: .direct)
        try setting.run { world in
            let reactor = world.reactor
            func options(_ movement: Setting.Movement) -> StreamOptions { StreamOptions(buffering: movement.buffering) }
            let (client, target) = (Taker(), Taker())
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
            let target = Taker()
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
