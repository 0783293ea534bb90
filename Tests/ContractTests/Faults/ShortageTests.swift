import EventReactor
import Glibc
import Testing

@testable import EventReactorPosix

// The limit is the process's, so each of these runs in one of its own.
@Suite("Contract 23: out of descriptors")
struct ShortageTests {
    @Test(arguments: Setting.all.filter(\.admitsRawPeers))
    func line23ExcessPeersAreClosedAndTheLiveConnectionEchoesOn(_ setting: Setting) async {
        await #expect(processExitsWith: .success) { [setting = setting as Setting] in
            try setting.run { world in
                let crowd = try Crowd(world, .close, count: 100)
                var before = 0
                crowd.onLost = {
                    guard crowd.lost == 100 else { return }
                    #expect(crowd.failures.map(\.closedPeers).reduce(0, +) == 100)
                    #expect(crowd.failures.allSatisfy { $0.error.code == EMFILE })
                    #expect(crowd.failures.first?.error.address == crowd.port.localAddress)
                    before = crowd.rounds
                }
                crowd.onRound = { live in
                    live.transport.write("x")
                    guard before > 0, crowd.rounds == before + 10 else { return }
                    // There are free descriptors again, and no call has to say so.
                    crowd.shortage?.release()
                    #expect(throws: Never.self) { try crowd.join() }
                }
                crowd.onGreeting = { world.finish() }
            }
        }
    }

    @Test(arguments: Setting.all.filter(\.admitsRawPeers))
    func line23PeersThatWaitAreAcceptedOnceSomeoneLeaves(_ setting: Setting) async {
        await #expect(processExitsWith: .success) { [setting = setting as Setting] in
            try setting.run { world in
                let crowd = try Crowd(world, .wait, count: 20)
                var before = 0
                crowd.onFailure = {
                    if before == 0 { before = crowd.rounds }
                }
                crowd.onLost = { Issue.record("a peer that should have waited was lost") }
                crowd.onRound = { live in
                    guard before > 0, crowd.rounds == before + 10 else { return live.transport.write("x") }
                    #expect(crowd.greeted == 0)
                    #expect(crowd.failures.allSatisfy { $0.closedPeers == 0 && $0.error.code == EMFILE })
                    // Both its descriptors are this process's: there is room for two.
                    live.transport.loseConnection()
                }
                crowd.onGreeting = {
                    if crowd.greeted == 2 { world.reactor.callLater(.milliseconds(250)) { crowd.shortage?.release() } }
                    // The rest are found by the timer, since no connection closes.
                    if crowd.greeted == 20 { world.finish() }
                }
            }
        }
    }

    @Test(arguments: Setting.transports.filter(\.admitsRawPeers), [true, false])
    func line23AShortageDoesNotSpin(_ setting: Setting, closes: Bool) async {
        await #expect(processExitsWith: .success) { [setting = setting as Setting, closes = closes as Bool] in
            try setting.run { world in
                let reactor = world.reactor
                let crowd = try Crowd(world, closes ? .close : .wait, count: 20)
                var isMeasuring = false
                func measure() {
                    let turns = reactor.turnNumber
                    let failures = crowd.failures.count
                    let began = reactor.now
                    reactor.callLater(.milliseconds(600)) {
                        let tenths = Int(began.duration(to: reactor.now) / .milliseconds(100))
                        #expect(
                            crowd.failures.count - failures <= tenths + 1, "it tries oftener than ten times a second")
                        #expect(reactor.turnNumber - turns <= UInt64(3 * tenths + 10), "the loop spins")
                        #expect(crowd.lost == (closes ? 20 : 0))
                        crowd.shortage?.release()
                        world.finish()
                    }
                }
                // The live connection is still, so that every turn is the listener's.
                crowd.onRound = { _ in }
                crowd.onFailure = {
                    guard !isMeasuring else { return }
                    isMeasuring = true
                    world.afterTurns(20, measure)
                }
            }
        }
    }

    @Test(arguments: Setting.transports.filter(\.admitsRawPeers), [true, false])
    func line23TheLastDescriptorIsNoFailure(_ setting: Setting, closes: Bool) async {
        await #expect(processExitsWith: .success) { [setting = setting as Setting, closes = closes as Bool] in
            try setting.run { world in
                // Three wait and there is room for three: none was refused.
                let crowd = try Crowd(world, closes ? .close : .wait, count: 3, sparing: 3)
                crowd.onRound = { _ in }
                crowd.onGreeting = {
                    guard crowd.greeted == 3 else { return }
                    world.afterTurns {
                        #expect(crowd.failures.isEmpty)
                        crowd.shortage?.release()
                        world.finish()
                    }
                }
            }
        }
    }

    @Test(arguments: Setting.reactors.filter(\.admitsRawPeers), [EMFILE, ENFILE, ENOBUFS, ENOMEM])
    func line23EveryKindOfShortageClosesThoseWhoWait(_ setting: Setting, _ code: Int32) throws {
        try setting.run { world in
            // The port only lends its policy: the peers wait at a socket that is not registered.
            let port = try world.listen { nil }
            var failures: [AcceptFailure] = []
            port.onAcceptFailure = { failures.append($0) }
            let listener = try RawSocket(.ipv4)
            try #require(listener.bind(to: try SocketAddress(ip: "127.0.0.1", port: 0)) && listener.listen(backlog: 8))
            _ = fcntl(listener.descriptor, F_SETFL, O_NONBLOCK)
            let clients = try (0..<3).map { _ in try RawSocket(.ipv4) }
            for client in clients { _ = client.connect(to: listener.address) }
            let reserve = ReserveDescriptor()
            reserve.handle(code, listener: listener.descriptor, port: port)
            #expect(failures.map(\.closedPeers) == [3])
            #expect(failures.first?.error.code == code)
            // And now no peer waits.
            reserve.handle(code, listener: listener.descriptor, port: port)
            #expect(failures.count == 1)
            world.finishSoon()
        }
    }

    @Test(arguments: Setting.reactors.filter(\.admitsRawPeers), [EPROTO, ENETDOWN, EHOSTUNREACH])
    func line23WhatIsWrongWithOnePeerIsNoShortage(_ setting: Setting, _ code: Int32) throws {
        try setting.run { world in
            let port = try world.listen { nil }
            port.onAcceptFailure = { Issue.record("reported: \($0)") }
            let listener = try RawSocket(.ipv4)
            ReserveDescriptor().handle(code, listener: listener.descriptor, port: port)
            world.finishSoon()
        }
    }

    @Test(arguments: Setting.reactors.filter(\.admitsRawPeers))
    func line23WithoutAHookAShortageIsOneDiagnostic(_ setting: Setting) async {
        await #expect(processExitsWith: .success) { [setting = setting as Setting] in
            try setting.run { world in
                let crowd = try Crowd(world, .wait, count: 3)
                crowd.port.onAcceptFailure = nil
                crowd.onRound = { _ in }
                var seen = 0
                world.reactor.onDiagnostic = { diagnostic in
                    guard case .acceptFailed(let error) = diagnostic else { return }
                    #expect(error.code == EMFILE)
                    seen += 1
                    guard seen == 1 else { return }
                    world.reactor.callLater(.milliseconds(650)) {
                        // Six attempts are not six reports. A second one comes if the test runner closed a descriptor.
                        #expect(seen <= 2)
                        crowd.shortage?.release()
                    }
                }
                crowd.onGreeting = { if crowd.greeted == 3 { world.finish() } }
            }
        }
    }

    @Test(arguments: Setting.reactors.filter(\.admitsRawPeers))
    func line23StoppingAndPausingWhileItLastsIsHarmless(_ setting: Setting) async {
        await #expect(processExitsWith: .success) { [setting = setting as Setting] in
            try setting.run { world in
                let crowd = try Crowd(world, .wait, count: 3)
                crowd.onRound = { _ in }
                crowd.onFailure = {
                    crowd.port.pauseAccepting()
                    crowd.shortage?.release()
                    // Longer than until it would try again.
                    world.reactor.callLater(.milliseconds(250)) {
                        #expect(crowd.greeted == 0)
                        crowd.port.resumeAccepting()
                    }
                }
                crowd.onGreeting = {
                    crowd.port.stopListening()
                    world.finishSoon()
                }
            }
        }
    }

    @Test(arguments: Setting.transports.filter(\.admitsRawPeers))
    func line23AConnectWithoutADescriptorFailsOnce(_ setting: Setting) async {
        await #expect(processExitsWith: .success) { [setting = setting as Setting] in
            let outcome = Outcome()
            try setting.run { world in
                let port = try world.listen { Recorder() }
                let shortage = Descriptors.Shortage()
                func hold() {
                    guard outcome.failures.isEmpty else { return }
                    shortage.fill()
                    world.reactor.callSoon(hold)
                }
                hold()
                outcome.onFailure = { error in
                    guard case .system(let cause) = error else { return unexpected(error) }
                    #expect(cause.code == EMFILE)
                    shortage.fill()
                    #expect(throws: ListenError.self) { try world.listen { nil } }
                    #expect(throws: ReactorError.self) { try setting.makeReactor(ReactorConfiguration()) }
                    shortage.release()
                    world.finishSoon()
                }
                try world.connect(to: port.localAddress, outcome: outcome)
            }
            #expect(outcome.failures.count == 1)
        }
    }
}
