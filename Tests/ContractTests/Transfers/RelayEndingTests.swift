import EventReactor
import Testing

@Suite("Endings of relays")
struct RelayEndingTests {
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

    /// Its end arrives while the relay moves bytes: that finishes the relay itself, and not the transfer queued behind
    /// it.
    @Test(arguments: Setting.all)
    func aFileBehindARelayToItselfIsSentWhole(_ setting: Setting) throws {
        try setting.run { world in
            let file = try PatternFile(world, 300_000)
            let (server, client) = try world.pair()
            server.closesWithPeer = false
            client.closesWithPeer = false
            var results: [String] = []
            server.onMade = { server in
                try server.transport.relay(to: server.transport) { count, _ in results.append("relay \(count)") }
                try server.transport.sendFile(file.open()) { result in
                    results.append("file \((try? result.get()) ?? -1)")
                }
            }
            client.onMade = { client in
                client.transport.write(Pattern.bytes(200_000))
                client.transport.loseWriteConnection()
            }
            world.finishWhenLost(server, client) {
                #expect(results == ["relay 200000", "file 300000"])
                #expect(client.received == Pattern.bytes(200_000) + Pattern.bytes(300_000))
                #expect(client.reason?.isDone == true)
            }
        }
    }

    /// The bytes received so far are passed on; meanwhile the source's own protocol receives again.
    @Test(arguments: Setting.all)
    func aRelayThatIsStoppedWhileItsReceiverClosesGivesTheSourceBack(_ setting: Setting) throws {
        try setting.run { world in
            let forwarding = try Forwarding(world, isBothWays: false)
            let (incoming, outgoing, client) = (forwarding.incoming, forwarding.outgoing, forwarding.client)
            forwarding.target.onMade = { $0.transport.pauseReading() }
            forwarding.target.onReadLost = { $0.transport.loseConnection() }
            client.onMade = { $0.stream(3_000_000) { _ in } }
            var last = -1
            func stopWhenStuck() {
                let count = forwarding.there?.byteCount ?? 0
                guard count > 0, count == last else {
                    last = count
                    return world.settle { stopWhenStuck() }
                }
                outgoing.transport.loseConnection()
                forwarding.there?.stop()
                incoming.onData = { incoming, _ in
                    #expect(forwarding.ending("there") == nil || incoming.received.count > 0)
                    forwarding.target.transport.resumeReading()
                    client.transport.abortConnection()
                }
            }
            world.whenMade(outgoing, forwarding.target) { stopWhenStuck() }
            forwarding.finish {
                #expect(incoming.received.count > 0)
                if case .stopped? = forwarding.ending("there") {} else { Issue.record("another ending") }
                #expect(forwarding.target.received == Pattern.bytes(forwarding.count("there") ?? 0))
                #expect(forwarding.target.reason?.isDone == true)
            }
        }
    }

    /// Closes one of the two ends in the middle after some bytes, and checks that these arrive and that all is closed.
    private func close(
        _ end: KeyPath<Forwarding, Recorder>, _ setting: Setting, expecting isExpected: @escaping (RelayEnding?) -> Bool
    ) throws {
        try setting.run { world in
            let forwarding = try Forwarding(world, isBothWays: false)
            forwarding.client.onMade = { $0.transport.write(Pattern.bytes(10_000)) }
            world.wait(until: { forwarding.there?.byteCount == 10_000 }) {
                forwarding[keyPath: end].withoutCallbacks { $0.loseConnection() }
            }
            forwarding.client.closesWithPeer = true
            forwarding.target.closesWithPeer = true
            forwarding.finish {
                #expect(forwarding.target.received == Pattern.bytes(10_000))
                #expect(forwarding.incoming.reason?.isDone == true && forwarding.outgoing.reason?.isDone == true)
                #expect(isExpected(forwarding.ending("there")), "other endings: \(forwarding.endings)")
            }
        }
    }

    @Test(arguments: Setting.all)
    func closingTheReceiverDeliversWhatWasTakenAndClosesTheSource(_ setting: Setting) throws {
        try close(\.outgoing, setting) { if case .receiverClosed? = $0 { true } else { false } }
    }

    @Test(arguments: Setting.all)
    func closingTheSourceDeliversWhatWasTakenAndClosesTheReceiver(_ setting: Setting) throws {
        try close(\.incoming, setting) { if case .sourceLost(.done)? = $0 { true } else { false } }
    }

    /// A one-way relay's receiver closes by default when its peer ends its side: no connection is left half-closed.
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
}
