import EventReactor
import EventReactorTesting
import Testing

@Suite("Connections beyond the limits of a listener")
struct ExcessConnectionTests {
    @Test(arguments: Setting.withoutHandshake)
    func peersBeyondTheTotalAreRefusedWhereThatIsAskedFor(_ setting: Setting) throws {
        try setting.run { world in
            let options = ListenOptions.limited {
                $0.total = 2
                $0.excess = .close
            }
            let port = try world.listen(options: options) { Recorder("server") }
            var lost = 0
            try world.connectClients(6, to: port) {
                lost += 1
                guard lost == 4 else { return }
                #expect(port.connectionCount == 2)
                #expect(port.counters.accepted == 2)
                #expect(port.counters.refusedByTotal == 4)
                #expect(port.counters.waits == 0)
                world.finishSoon()
            }
        }
    }

    @Test(arguments: Setting.withoutHandshake)
    func aRefusedPeerSeesAReset(_ setting: Setting) throws {
        try setting.run { world in
            let options = ListenOptions.limited {
                $0.total = 0
                $0.excess = .close
            }
            let port = try world.listen(options: options) { nil }
            let client = Recorder("client")
            client.onLost = { _, reason in
                // A UNIX socket has no reset, and its peer may find out by writing.
                if setting.transport != .unix { #expect(reason.lostCode == Codes.reset) }
                world.finish()
            }
            try world.connect(
                to: port.localAddress, { client },
                onFailure: { error in
                    // It came before the client looked.
                    if case .system(let error) = error { #expect(error.code == Codes.reset) } else { unexpected(error) }
                    world.finish()
                })
        }
    }

    @Test(arguments: Setting.withoutHandshake)
    func excessIsToldThatTheServerIsBusyAndIsBoundedItself(_ setting: Setting) throws {
        try setting.run { world in
            let options = ListenOptions.limited {
                $0.total = 1
                $0.excess = .close
                $0.excessConnections = 2
            }
            let port = try world.listen(options: options) { Recorder("server") }
            var causes: [ExcessConnection.Cause] = []
            var served: [Recorder] = []
            port.onExcess = { excess in
                causes.append(excess.cause)
                let busy = Recorder("busy")
                busy.onMade = { $0.transport.write("busy") }
                served.append(busy)
                return busy
            }
            var answered = 0
            var refused = 0
            func check() {
                guard answered == 2, refused == 3 else { return }
                #expect(causes == [.total, .total])
                #expect(port.connectionCount == 1)
                #expect(port.excessConnectionCount == 2)
                #expect(port.counters.refusedByTotal == 5)
                #expect(port.counters.excessServed == 2)
                for busy in served { busy.transport.abortConnection() }
                world.afterTurns {
                    #expect(port.excessConnectionCount == 0)
                    world.finish()
                }
            }
            let clients = try world.connectClients(6, to: port) {
                guard refused < 3 else { return }
                refused += 1
                check()
            }
            for client in clients {
                client.onData = { client, _ in
                    guard client.text == "busy" else { return }
                    answered += 1
                    check()
                }
            }
        }
    }

    @Test(arguments: Setting.withoutHandshake)
    func onePeerGetsNoMoreThanItsShare(_ setting: Setting) throws {
        try setting.run { world in
            let options = ListenOptions.limited { $0.perPeer = 2 }
            let port = try world.listen(options: options) { Recorder("server") }
            var causes: [ExcessConnection.Cause] = []
            port.onExcess = {
                causes.append($0.cause)
                return nil
            }
            let expected = setting.transport == .unix ? 0 : 3
            var lost = 0
            func check() {
                guard port.counters.accepted == 5 - expected, lost == expected else { return }
                world.afterTurns {
                    #expect(port.connectionCount == 5 - expected)
                    #expect(port.counters.refusedByPeer == UInt64(expected))
                    #expect(causes.count == expected && causes.allSatisfy { $0 == .perPeer })
                    world.finish()
                }
            }
            let clients = try world.connectClients(5, to: port) {
                lost += 1
                check()
            }
            for client in clients { client.onMade = { _ in world.afterTurns(4, check) } }
        }
    }

    @Test(arguments: Setting.reactors)
    func aProtocolThatIsNotMadeTakesNoPlace(_ setting: Setting) throws {
        try setting.run { world in
            let options = ListenOptions.limited {
                $0.total = 1
                $0.perPeer = 1
                $0.excess = .close
            }
            var asked = 0
            var port: ListeningPort?
            port = try world.listen(options: options) {
                asked += 1
                if asked == 4 {
                    world.afterTurns {
                        #expect(port?.counters.refusedByFactory == 4 && port?.connectionCount == 0)
                        world.finish()
                    }
                }
                return nil
            }
            try world.connectClients(4, to: try #require(port))
        }
    }
}

private enum Codes {
    /// `ECONNRESET`, on every reactor.
    static let reset: Int32 = 104
}
