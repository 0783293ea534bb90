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

    // MARK: Losses

    enum Culprit: CaseIterable {
        case client, target, clientWhileStuck, targetWhileStuck, incoming, outgoing
    }

    @Test(arguments: Setting.withReset, Culprit.allCases)
    func whereOneIsLostTheOtherIsReset(_ setting: Setting, culprit: Culprit) throws {
        try setting.run { world in
            let forwarding = try Forwarding(world)
            let isStuck = culprit == .clientWhileStuck || culprit == .targetWhileStuck
            if isStuck { forwarding.target.onMade = { $0.transport.pauseReading() } }
            forwarding.client.onMade = { $0.stream(9_000_000) { _ in } }
            func strike() {
                switch culprit {
                case .client, .clientWhileStuck: forwarding.client.transport.abortConnection()
                case .target, .targetWhileStuck: forwarding.target.transport.abortConnection()
                case .incoming: forwarding.incoming.transport.abortConnection()
                case .outgoing: forwarding.outgoing.transport.abortConnection()
                }
            }
            var last = -1
            func wait() {
                world.settle {
                    let count = forwarding.there?.byteCount ?? 0
                    guard count > 0, !isStuck || count == last else {
                        last = count
                        return wait()
                    }
                    strike()
                }
            }
            world.whenMade(forwarding.outgoing, forwarding.target) { wait() }
            forwarding.finish {
                let (incoming, outgoing) = (forwarding.incoming, forwarding.outgoing)
                let isOfClient = culprit == .client || culprit == .clientWhileStuck || culprit == .incoming
                let (first, second) = isOfClient ? (incoming, outgoing) : (outgoing, incoming)
                let isOwn = culprit == .incoming || culprit == .outgoing
                #expect(isOwn ? first.reason?.isAborted == true : first.reason?.lostCode != nil)
                #expect(isOwn ? second.lostWith?.isAborted == true : second.lostWith?.lostCode != nil)
                let victim = isOfClient ? forwarding.target : forwarding.client
                #expect(victim.reason?.lostCode != nil, "\(String(describing: victim.reason))")
                #expect(forwarding.endings.count == 2)
                for (way, _, ending) in forwarding.endings {
                    switch ending {
                    case .sourceLost: #expect((way == "there") == isOfClient)
                    case .receiverLost: #expect((way == "back") == isOfClient)
                    default: Issue.record("another ending of \(way): \(ending)")
                    }
                }
            }
        }
    }

    @Test(arguments: Setting.all)
    func closingTheReceiverDeliversWhatWasTakenAndClosesTheSource(_ setting: Setting) throws {
        try setting.run { world in
            let forwarding = try Forwarding(world, isBothWays: false)
            forwarding.client.onMade = { $0.transport.write(Pattern.bytes(10_000)) }
            world.wait(until: { forwarding.there?.byteCount == 10_000 }) {
                forwarding.outgoing.withoutCallbacks { $0.loseConnection() }
            }
            forwarding.client.closesWithPeer = true
            forwarding.target.closesWithPeer = true
            forwarding.finish {
                #expect(forwarding.target.received == Pattern.bytes(10_000))
                #expect(forwarding.incoming.reason?.isDone == true && forwarding.outgoing.reason?.isDone == true)
                guard case .receiverClosed? = forwarding.ending("there") else {
                    Issue.record("other endings: \(forwarding.endings)")
                    return
                }
            }
        }
    }

    @Test(arguments: Setting.all)
    func closingTheSourceDeliversWhatWasTakenAndClosesTheReceiver(_ setting: Setting) throws {
        try setting.run { world in
            let forwarding = try Forwarding(world, isBothWays: false)
            forwarding.client.onMade = { $0.transport.write(Pattern.bytes(10_000)) }
            world.wait(until: { forwarding.there?.byteCount == 10_000 }) {
                forwarding.incoming.withoutCallbacks { $0.loseConnection() }
            }
            forwarding.client.closesWithPeer = true
            forwarding.target.closesWithPeer = true
            forwarding.finish {
                #expect(forwarding.target.received == Pattern.bytes(10_000))
                #expect(forwarding.incoming.reason?.isDone == true && forwarding.outgoing.reason?.isDone == true)
                guard case .sourceLost(.done)? = forwarding.ending("there") else {
                    Issue.record("other endings: \(forwarding.endings)")
                    return
                }
            }
        }
    }

    /// The default of a one-way relay's receiver, whose peer ends its side, closes it: nobody is left hanging.
    @Test(arguments: Setting.all)
    func aReceiverWhosePeerEndsClosesBoth(_ setting: Setting) throws {
        try setting.run { world in
            let forwarding = try Forwarding(world, isBothWays: false)
            forwarding.client.closesWithPeer = true
            forwarding.target.onMade = { $0.transport.loseConnection() }
            forwarding.finish {
                #expect(forwarding.outgoing.calls.contains("readLost"))
                #expect(forwarding.incoming.reason?.isDone == true && forwarding.outgoing.reason?.isDone == true)
            }
        }
    }

    @Test(arguments: Setting.all)
    func endingTheReceiversWriteSideLeavesTheSourcePaused(_ setting: Setting) throws {
        try setting.run { world in
            let forwarding = try Forwarding(world, isBothWays: false)
            forwarding.client.onMade = { $0.transport.write("before") }
            world.wait(until: { forwarding.target.text == "before" }) {
                forwarding.outgoing.transport.loseWriteConnection()
                #expect(forwarding.there?.isActive == true)
                forwarding.client.transport.write("after")
                world.settle {
                    #expect(forwarding.there?.isActive == false)
                    #expect(forwarding.incoming.calls == ["made"])
                    forwarding.incoming.onData = { incoming, _ in
                        incoming.transport.loseConnection()
                        forwarding.outgoing.transport.loseConnection()
                    }
                    forwarding.incoming.transport.resumeReading()
                }
            }
            forwarding.client.closesWithPeer = true
            forwarding.target.closesWithPeer = true
            forwarding.finish {
                #expect(forwarding.incoming.text == "after")
                #expect(forwarding.target.text == "before")
            }
        }
    }

    // MARK: Stopping

    @Test(arguments: Setting.all, [true, false])
    func whatArrivesAfterAStopIsTheProtocolsAgain(_ setting: Setting, isPaused: Bool) throws {
        try setting.run { world in
            let forwarding = try Forwarding(world)
            let total = 3_000_000
            forwarding.client.onMade = { $0.stream(total) { $0.transport.loseWriteConnection() } }
            world.wait(until: { (forwarding.there?.byteCount ?? 0) > 500_000 }) {
                let calls = forwarding.incoming.calls
                if isPaused { forwarding.incoming.transport.pauseReading() }
                forwarding.there?.stop()
                forwarding.there?.stop()
                #expect(forwarding.incoming.calls == calls)
                guard isPaused else { return }
                world.settle {
                    #expect(forwarding.incoming.received.isEmpty)
                    forwarding.incoming.transport.resumeReading()
                }
            }
            forwarding.incoming.closesWithPeer = false
            forwarding.incoming.onReadLost = { incoming in
                world.wait(until: { forwarding.ending("there") != nil }) {
                    forwarding.outgoing.transport.loseWriteConnection()
                }
            }
            forwarding.target.onReadLost = { $0.transport.loseConnection() }
            forwarding.finish {
                let relayed = forwarding.count("there") ?? 0
                #expect(forwarding.target.received == Pattern.bytes(relayed))
                #expect(relayed + forwarding.incoming.received.count == total)
                #expect(Pattern.isFound(in: forwarding.incoming.received, from: relayed))
                guard case .stopped? = forwarding.ending("there") else {
                    Issue.record("other endings: \(forwarding.endings)")
                    return
                }
            }
        }
    }

    @Test(arguments: Setting.all)
    func oneConnectionMayRelayToItself(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair(serverOptions: .narrow, clientOptions: .narrow)
            server.onMade = { try $0.transport.relay(to: $0.transport) }
            client.closesWithPeer = false
            client.onMade = { $0.stream(500_000) { $0.transport.loseWriteConnection() } }
            world.finishWhenLost(server, client) {
                #expect(client.received.count == 500_000 && Pattern.isFound(in: client.received))
                #expect(server.calls.filter { $0 != "writeLost" } == ["made", "lost"])
            }
        }
    }

    @Test(arguments: Setting.all)
    func theReactorsStopIsToldToBoth(_ setting: Setting) throws {
        var endings: [RelayEnding] = []
        try setting.run { world in
            let forwarding = try Forwarding(world)
            forwarding.target.onMade = { $0.transport.pauseReading() }
            forwarding.client.onMade = { $0.stream(5_000_000) { _ in } }
            world.wait(until: { (forwarding.there?.byteCount ?? 0) > 0 }) { world.finish() }
            var rest = 4
            for end in [forwarding.client, forwarding.incoming, forwarding.outgoing, forwarding.target] {
                end.onLost = { _, reason in
                    #expect(reason.isReactorStopped)
                    rest -= 1
                    if rest == 0 { endings = forwarding.endings.map(\.ending) }
                }
            }
        }
        #expect(endings.count == 2)
        for ending in endings {
            switch ending {
            case .sourceLost(.reactorStopped), .receiverLost(.reactorStopped): break
            default: Issue.record("another ending: \(ending)")
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
            let reactor = try #require(world.reactor as? Reactor)
            func buffering(_ movement: Setting.Movement) -> Buffering { movement == .direct ? .direct : .bufferevent }
            let (client, target) = (Taker(), Taker())
            let (incoming, outgoing) = (Recorder("incoming"), Recorder("outgoing"))
            let path = world.freshPath()
            try reactor.listenUNIX(path: path) { target }
            let port = try reactor.listenTCP(port: 0, host: "127.0.0.1", buffering: buffering(one)) { incoming }
            incoming.onMade = { incoming in
                try reactor.connectUNIX(path: path, buffering: buffering(another)) { outgoing }
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

    // MARK: Descriptors

    /// Counted in a process of its own.
    @Test(arguments: Setting.all)
    func neitherFilesNorPipesAreLeftBehind(_ setting: Setting) async {
        await #expect(processExitsWith: .success) { [setting = setting as Setting] in
            func use() throws {
                for isCut in [true, false] {
                    try setting.run { world in
                        let forwarding = try Forwarding(world)
                        let file = try PatternFile(world, 3_000_000)
                        forwarding.target.onMade = { target in
                            try target.transport.sendFile(file.open())
                            if !isCut { target.transport.loseWriteConnection() }
                        }
                        forwarding.client.onMade = { $0.transport.write(Pattern.bytes(5_000)) }
                        forwarding.client.onData = { client, _ in
                            if isCut {
                                client.transport.abortConnection()
                            } else {
                                client.transport.loseWriteConnection()
                            }
                        }
                        if isCut {
                            forwarding.client.onLost = { _, _ in world.settle { world.finish() } }
                        } else {
                            forwarding.finish {}
                        }
                    }
                }
            }
            try use()
            let before = Descriptors.kinds
            for _ in 0..<20 { try use() }
            #expect(Descriptors.grown(since: before, by: 20) == [])
        }
    }

    /// With no descriptor for a pipe the bytes are copied.
    @Test(arguments: Setting.all.filter(\.isOnKernel))
    func withoutDescriptorsForAPipeItIsCopied(_ setting: Setting) async {
        await #expect(processExitsWith: .success) { [setting = setting as Setting] in
            try setting.run { world in
                let forwarding = try Forwarding(world)
                var shortage: Descriptors.Shortage?
                forwarding.onReady = { shortage = Descriptors.Shortage() }
                forwarding.client.onMade = { $0.stream(1_000_000) { $0.transport.loseWriteConnection() } }
                forwarding.target.onReadLost = { $0.transport.loseConnection() }
                forwarding.finish {
                    #expect(forwarding.target.received == Pattern.bytes(1_000_000))
                    shortage?.release()
                }
            }
        }
    }
}
