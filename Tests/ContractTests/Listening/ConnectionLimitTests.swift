import EventReactor
import EventReactorTesting
import Testing

@Suite("Limits of a listener")
struct ConnectionLimitTests {
    static func options(_ set: (inout ConnectionLimits) -> Void) -> ListenOptions {
        var options = ListenOptions()
        set(&options.limits)
        return options
    }

    /// Clients of a listener.
    ///
    /// - Parameter refused: called for each that is lost while the reactor runs, or reset before it saw its connect
    ///   succeed.
    @discardableResult
    static func clients(
        _ count: Int, of world: World, to port: ListeningPort, refused: @escaping () -> Void = {}
    ) throws -> [Recorder] {
        let clients = (0..<count).map { Recorder("client \($0)") }
        for client in clients {
            client.onLost = { _, reason in
                if !reason.isReactorStopped { refused() }
            }
            try world.connect(to: port.localAddress, { client }, onFailure: { _ in refused() })
        }
        return clients
    }

    @Test(arguments: Setting.all)
    func peersBeyondTheTotalWaitAndAreServedAsOthersLeave(_ setting: Setting) throws {
        try setting.run { world in
            var live = 0
            var served = 0
            let options = ConnectionLimitTests.options { $0.total = 3 }
            var port: ListeningPort?
            let made = try world.listen(options: options) {
                live += 1
                #expect(live <= 3)
                let server = Recorder("server")
                server.onMade = { server in
                    #expect((port?.connectionCount ?? 0) <= 3)
                    world.afterTurns(3) { server.transport.loseConnection() }
                }
                server.onLost = { _, _ in
                    live -= 1
                    served += 1
                    guard served == 12 else { return }
                    #expect(port?.counters.accepted == 12)
                    #expect(port?.counters.refusedByTotal == 0)
                    #expect((port?.counters.waits ?? 0) > 0)
                    #expect(port?.connectionCount == 0)
                    world.finish()
                }
                return server
            }
            port = made
            try ConnectionLimitTests.clients(12, of: world, to: made)
        }
    }

    @Test(arguments: Setting.all)
    func peersBeyondTheTotalAreRefusedWhereThatIsAskedFor(_ setting: Setting) throws {
        try setting.run { world in
            let options = ConnectionLimitTests.options {
                $0.total = 2
                $0.excess = .close
            }
            let port = try world.listen(options: options) { Recorder("server") }
            var lost = 0
            try ConnectionLimitTests.clients(6, of: world, to: port) {
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

    @Test(arguments: Setting.all)
    func aRefusedPeerSeesAReset(_ setting: Setting) throws {
        try setting.run { world in
            let options = ConnectionLimitTests.options {
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

    @Test(arguments: Setting.all)
    func excessIsToldThatTheServerIsBusyAndIsBoundedItself(_ setting: Setting) throws {
        try setting.run { world in
            let options = ConnectionLimitTests.options {
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
            var told = 0
            var refused = 0
            func check() {
                guard told == 2, refused == 3 else { return }
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
            let clients = try ConnectionLimitTests.clients(6, of: world, to: port) {
                guard refused < 3 else { return }
                refused += 1
                check()
            }
            for client in clients {
                client.onData = { client, _ in
                    guard client.text == "busy" else { return }
                    told += 1
                    check()
                }
            }
        }
    }

    @Test(arguments: Setting.all)
    func onePeerGetsNoMoreThanItsShare(_ setting: Setting) throws {
        try setting.run { world in
            let options = ConnectionLimitTests.options { $0.perPeer = 2 }
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
            let clients = try ConnectionLimitTests.clients(5, of: world, to: port) {
                lost += 1
                check()
            }
            for client in clients { client.onMade = { _ in world.afterTurns(4, check) } }
        }
    }

    @Test(arguments: Setting.withPorts)
    func aPeerThatLeavesMakesRoomForItself(_ setting: Setting) throws {
        try setting.run { world in
            let options = ConnectionLimitTests.options { $0.perPeer = 1 }
            var made = 0
            let port = try world.listen(options: options) {
                made += 1
                let server = Recorder("server")
                server.onMade = { $0.transport.write("hi") }
                return server
            }
            func join() {
                let client = Recorder("client")
                client.onData = { client, _ in client.transport.loseConnection() }
                client.onLost = { _, _ in
                    // The server's end may be lost a little later.
                    func again() {
                        guard port.connectionCount == 0 else { return world.afterTurns(1, again) }
                        if made == 5 { world.finish() } else { join() }
                    }
                    again()
                }
                #expect(throws: Never.self) { try world.connect(to: port.localAddress) { client } }
            }
            join()
        }
    }

    @Test(arguments: Setting.reactors)
    func aPauseAndAFullListenerHoldIndependently(_ setting: Setting) throws {
        try setting.run { world in
            let options = ConnectionLimitTests.options { $0.total = 1 }
            var servers: [Recorder] = []
            var whenFull: () -> Void = {}
            let listener = try world.listen(options: options) {
                let server = Recorder("server")
                servers.append(server)
                if servers.count == 1 { world.afterTurns(4) { whenFull() } }
                if servers.count == 2 { world.finishSoon() }
                return server
            }
            whenFull = {
                #expect(servers.count == 1 && listener.isAccepting)
                // Resuming does not get round the limit.
                listener.pauseAccepting()
                listener.resumeAccepting()
                world.afterTurns(4) {
                    #expect(servers.count == 1)
                    listener.pauseAccepting()
                    servers[0].transport.abortConnection()
                    world.afterTurns(4) {
                        // And leaving does not get round the pause.
                        #expect(servers.count == 1 && listener.connectionCount == 0)
                        listener.resumeAccepting()
                    }
                }
            }
            world.whenFinished = { whenFull = {} }
            try ConnectionLimitTests.clients(2, of: world, to: listener)
        }
    }

    @Test(arguments: Setting.reactors)
    func connectionsThatOutliveTheirListenerAreCountedToTheirLoss(_ setting: Setting) throws {
        try setting.run { world in
            let options = ConnectionLimitTests.options {
                $0.total = 2
                $0.perPeer = 2
            }
            var servers: [Recorder] = []
            var port: ListeningPort?
            port = try world.listen(options: options) {
                let server = Recorder("server")
                servers.append(server)
                if servers.count == 2 {
                    world.afterTurns(4) {
                        port?.stopListening()
                        #expect(port?.connectionCount == 2)
                        servers[0].transport.abortConnection()
                        servers[1].transport.loseConnection()
                    }
                }
                server.onLost = { _, _ in
                    guard servers.allSatisfy({ $0.reason != nil }) else { return }
                    #expect(port?.connectionCount == 0)
                    world.finishSoon()
                }
                return server
            }
            try ConnectionLimitTests.clients(2, of: world, to: try #require(port))
        }
    }

    @Test(arguments: Setting.reactors)
    func aProtocolThatIsNotMadeTakesNoPlace(_ setting: Setting) throws {
        try setting.run { world in
            let options = ConnectionLimitTests.options {
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
            try ConnectionLimitTests.clients(4, of: world, to: try #require(port))
        }
    }

    @Test(arguments: Setting.reactors, [0, -1, Int.min])
    func aLimitOfNoneTakesNobodyAndDoesNotSpin(_ setting: Setting, limit: Int) throws {
        try setting.run { world in
            let options = ConnectionLimitTests.options { $0.total = limit }
            let port = try world.listen(options: options) {
                Issue.record("accepted")
                return nil
            }
            let client = Recorder("client")
            client.onMade = { _ in
                let turns = world.reactor.turnNumber
                world.reactor.callLater(.milliseconds(50)) {
                    #expect(world.reactor.turnNumber - turns < 10, "the loop spins")
                    port.stopListening()
                    world.finish()
                }
            }
            try world.connect(to: port.localAddress) { client }
        }
    }

    @Test(arguments: Setting.reactors)
    func drainingEndsWhereAListenerWasFull(_ setting: Setting) throws {
        try setting.run { world in
            let options = ConnectionLimitTests.options { $0.total = 1 }
            let port = try world.listen(options: options) {
                let server = Recorder("server")
                server.onMade = { server in
                    world.afterTurns(4) {
                        // Those that wait are served, too: one after another.
                        if !world.reactor.isDraining {
                            #expect(throws: Never.self) { try world.reactor.stop(drainingFor: .seconds(3600)) }
                        }
                        server.transport.loseConnection()
                    }
                }
                return server
            }
            for client in try ConnectionLimitTests.clients(3, of: world, to: port) {
                client.onLost = { _, reason in #expect(!reason.isReactorStopped) }
            }
        }
    }
}

private enum Codes {
    /// `ECONNRESET`, on every reactor.
    static let reset: Int32 = 104
}
