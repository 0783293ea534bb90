import EventReactor
import TestSupport
import Testing

@Suite("Contract 24, 25: accepting")
struct AcceptingTests {
    @Test(arguments: Setting.withoutHandshake)
    func line24AFloodOfConnectsDoesNotStarveALiveConnection(_ setting: Setting) throws {
        let flood = 100
        var configuration = ReactorConfiguration()
        configuration.stopSignals = []
        configuration.acceptsPerTurn = 4
        try setting.run(configuration: configuration) { world in
            let server = Recorder("server")
            let client = Recorder("client")
            var accepted = 0
            var rounds = 0
            var waiting = 0
            let port = try world.listen {
                accepted += 1
                return accepted == 1 ? server : Recorder("flood")
            }
            server.onData = { $0.transport.write($1) }
            func countTurns(_ before: Int) {
                #expect(accepted - before <= 4, "a turn accepted more than its bound")
                let now = accepted
                if now < flood + 1 { return world.reactor.callSoon { countTurns(now) } }
                // A round trip takes two turns, and a third if the accepts come first.
                #expect(rounds >= flood / 4 / 4)
                world.finish()
            }
            client.onData = { client, _ in
                if waiting == flood { rounds += 1 }
                client.transport.write("x")
                guard waiting == 0, accepted == 1 else { return }
                // The flood fills the backlog first, so that it is there all at once.
                port.pauseAccepting()
                for _ in 0..<flood {
                    try world.connect(to: port.localAddress) {
                        waiting += 1
                        if waiting == flood {
                            port.resumeAccepting()
                            countTurns(accepted)
                        }
                        return Recorder("flooding")
                    }
                }
            }
            client.onMade = { $0.transport.write("x") }
            try world.connect(to: port.localAddress) { client }
        }
    }

    @Test(arguments: Setting.reactors, [0, -1, Int.min, 1, Int.max])
    func line24AnOddBoundStillAcceptsAll(_ setting: Setting, _ bound: Int) throws {
        var configuration = ReactorConfiguration()
        configuration.stopSignals = []
        configuration.acceptsPerTurn = bound
        try setting.run(configuration: configuration) { world in
            var accepted = 0
            let port = try world.listen {
                accepted += 1
                if accepted == 10 { world.finish() }
                return Recorder()
            }
            for _ in 0..<10 { try world.connect(to: port.localAddress) { Recorder() } }
        }
    }

    @Test(arguments: Setting.reactors, [1, 3, Int.max])
    func line24PausingInTheFactoryHoldsBackTheRestOfTheTurn(_ setting: Setting, _ bound: Int) throws {
        var configuration = ReactorConfiguration()
        configuration.stopSignals = []
        configuration.acceptsPerTurn = bound
        try setting.run(configuration: configuration) { world in
            var accepted = 0
            var isPaused = false
            var port: ListeningPort?
            let made = try world.listen {
                #expect(!isPaused, "accepted while paused")
                accepted += 1
                isPaused = true
                port?.pauseAccepting()
                world.afterTurns {
                    isPaused = false
                    if accepted == 5 { world.finish() } else { port?.resumeAccepting() }
                }
                return nil
            }
            port = made
            for _ in 0..<5 { try world.connect(to: made.localAddress) { Recorder() } }
        }
    }

    @Test(arguments: Setting.transports.filter { !$0.transport.isSecured })
    func line24APausedListenerLeavesPeersInItsBacklog(_ setting: Setting) throws {
        try setting.run { world in
            var isPaused = true
            let port = try world.listen {
                #expect(!isPaused)
                world.finish()
                return nil
            }
            port.pauseAccepting()
            port.pauseAccepting()
            #expect(!port.isAccepting && port.isListening)
            let client = Recorder("client")
            client.onMade = { _ in
                world.afterTurns {
                    isPaused = false
                    port.resumeAccepting()
                    port.resumeAccepting()
                    #expect(port.isAccepting)
                }
            }
            try world.connect(to: port.localAddress) { client }
        }
    }

    @Test(arguments: Setting.reactors, [false, true])
    func line25AnEmptyHostListensOnBothFamiliesWithOnePort(_ setting: Setting, givenPort: Bool) throws {
        try setting.run { world in
            var peers: Set<SocketAddress.Family> = []
            let factory = ClosureFactory {
                let server = Recorder("server")
                server.onMade = { server in
                    peers.insert(server.transport.peerAddress.family)
                    if peers == [.ipv4, .ipv6] { world.finish() }
                }
                return server
            }
            let port = try world.reactor.listen(.tcp(port: givenPort ? FreshPort.next() : 0), factory: factory)
            #expect(port.localAddresses.map(\.family) == [.ipv4, .ipv6])
            let number = try #require(port.localAddress.port)
            #expect(number != 0)
            #expect(port.localAddresses.allSatisfy { $0.port == number && $0.isWildcard })
            for host in ["127.0.0.1", "::1"] {
                try world.reactor.connectTCP(host: host, port: number) { Recorder("client") }
            }
        }
    }

    @Test(arguments: Setting.reactors)
    func line25StoppingFreesBothFamilies(_ setting: Setting) throws {
        try setting.run { world in
            let port = try world.reactor.listenTCP(port: FreshPort.next()) { nil }
            let number = try #require(port.localAddress.port)
            #expect(throws: ListenError.self) { try world.reactor.listenTCP(port: number, host: "127.0.0.1") { nil } }
            #expect(throws: ListenError.self) { try world.reactor.listenTCP(port: number, host: "::1") { nil } }
            port.stopListening()
            try world.reactor.listenTCP(port: number, host: "127.0.0.1") { nil }
            try world.reactor.listenTCP(port: number, host: "::1") { nil }
            world.finishSoon()
        }
    }
}
