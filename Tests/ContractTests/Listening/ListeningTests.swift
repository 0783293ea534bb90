import EventReactor
import Glibc
import Testing

@Suite("Contract 16-18: listening")
struct ListeningTests {
    // MARK: 16

    @Test(arguments: Setting.transports)
    func line16AUsedAddressIsATypedErrorWithAddressAndWords(_ setting: Setting) throws {
        try setting.run { world in
            let port = try world.listen { Recorder() }
            let error = #expect(throws: ListenError.self) { try world.listen(at: port.localAddress) { Recorder() } }
            guard case .addressInUse(let cause)? = error else {
                Issue.record("not .addressInUse but \(String(describing: error))")
                return world.finishSoon()
            }
            #expect(cause.code == EADDRINUSE)
            #expect(cause.address == port.localAddress)
            #expect("\(cause)" == "bind \(port.localAddress): Address already in use (EADDRINUSE)")
            world.finishSoon()
        }
    }

    @Test(arguments: Setting.transports)
    func line16AFailedListenDisturbsNeitherTheListenerNorItsFactory(_ setting: Setting) throws {
        try setting.run { world in
            let factory = LoggingFactory()
            let port = try world.listen(factory: factory)
            for _ in 0..<3 {
                #expect(throws: ListenError.self) { try world.listen(at: port.localAddress) { nil } }
            }
            world.afterTurns {
                #expect(factory.log == ["start"], "a failed listen connected to the listener that was there")
                world.finish()
            }
        }
    }

    @Test(arguments: Setting.transports.filter(\.admitsRawPeers))
    func line16AFailedListenLeaksNoDescriptor(_ setting: Setting) async {
        await #expect(processExitsWith: .success) { [setting = setting as Setting] in
            try setting.run { world in
                let port = try world.listen { nil }
                let reactor = world.reactor
                let before = Descriptors.sockets
                #expect(throws: ListenError.self) {
                    try reactor.listenTCP(port: 0, host: "no-such-host.invalid") { nil }
                }
                for _ in 0..<10 {
                    #expect(throws: ListenError.self) { try world.listen(at: port.localAddress) { nil } }
                    #expect(throws: ListenError.self) { try reactor.listenTCP(port: 0, host: "198.51.100.7") { nil } }
                    #expect(throws: ListenError.self) { try reactor.listenUNIX(path: "/no/such/folder") { nil } }
                    if let number = port.localAddress.port {
                        // One family is free, the other is not.
                        #expect(throws: ListenError.self) { try reactor.listenTCP(port: number) { nil } }
                    }
                }
                #expect(Descriptors.sockets == before)
                world.finishSoon()
            }
        }
    }

    @Test(arguments: Setting.withPorts)
    func line16PortZeroReportsTheRealPort(_ setting: Setting) throws {
        try setting.run { world in
            let first = try world.listen { Recorder() }
            let second = try world.listen { Recorder() }
            #expect(first.localAddress.port != 0)
            #expect(second.localAddress.port != 0)
            #expect(first.localAddress != second.localAddress)
            let client = Recorder()
            client.onMade = { client in
                #expect(client.transport.peerAddress == second.localAddress)
                world.finish()
            }
            try world.connect(to: second.localAddress) { client }
        }
    }

    // MARK: 17

    @Test(arguments: Setting.all)
    func line17LiveConnectionsStayAndTheAddressCanBeBoundAgainAtOnce(_ setting: Setting) throws {
        try setting.run { world in
            let server = Recorder("server")
            let client = Recorder("client")
            let successor = Recorder("successor")
            let port = try world.listen { server }
            client.onMade = { _ in
                // Once the server has its end too.
                client.transport.write("1")
            }
            server.onData = { server, data in server.transport.write(data) }
            client.onData = { client, _ in
                guard client.text == "1" else {
                    #expect(client.text == "12")
                    #expect(server.reason == nil)
                    return try { _ = try world.connect(to: port.localAddress) { Recorder() } }()
                }
                port.stopListening()
                #expect(!port.isListening && !port.isAccepting)
                try world.listen(at: port.localAddress) { successor }
                client.transport.write("2")
            }
            client.onLost = { _, reason in
                guard let failure = reason.failure else { return }
                unexpected(failure)
                world.finish()
            }
            successor.onMade = { _ in
                #expect(server.reason == nil && client.reason == nil)
                world.finish()
            }
            try world.connect(to: port.localAddress) { client }
        }
    }

    @Test(arguments: Setting.transports)
    func line17AListenerMadeInTheCallbackThatStoppedTheOldOneAccepts(_ setting: Setting) throws {
        try setting.run { world in
            var port: ListeningPort?
            var generation = 0
            func replace() throws {
                generation += 1
                port?.stopListening()
                let next = try world.listen {
                    let server = Recorder("server")
                    server.onMade = { _ in
                        if generation == 5 { world.finish() } else { try replace() }
                    }
                    return server
                }
                port = next
                try world.connect(to: next.localAddress) { Recorder("client") }
            }
            try replace()
        }
    }

    @Test(arguments: Setting.transports)
    func line17StoppingIsHarmlessTwiceAndInTheFactory(_ setting: Setting) throws {
        try setting.run { world in
            var port: ListeningPort?
            let server = Recorder("server")
            let made = try world.listen {
                port?.stopListening()
                port?.stopListening()
                port?.resumeAccepting()
                #expect(port?.isListening == false)
                return server
            }
            port = made
            server.onData = { server, data in server.transport.write(data) }
            let client = Recorder("client")
            client.onMade = { $0.transport.write("still here") }
            client.onData = { client, _ in if client.text == "still here" { world.finish() } }
            try world.connect(to: made.localAddress) { client }
        }
    }

    @Test(arguments: Setting.transports)
    func line17NobodyIsAcceptedAfterTheStop(_ setting: Setting) throws {
        try setting.run { world in
            let port = try world.listen {
                Issue.record("accepted")
                return nil
            }
            port.stopListening()
            let outcome = Outcome()
            outcome.onFailure = { _ in world.finish() }
            try world.connect(to: port.localAddress, outcome: outcome)
        }
    }

    // MARK: 18

    @Test(arguments: Setting.withoutHandshake)
    func line18AFactoryReturningNilClosesThePeerAndNothingElse(_ setting: Setting) throws {
        try setting.run { world in
            var asked = 0
            let port = try world.listen {
                asked += 1
                return nil
            }
            let client = Recorder("client")
            client.onLost = { client, _ in
                #expect(client.received.isEmpty)
                #expect(asked == 1)
                world.afterTurns {
                    #expect(world.reactor.connectionCount == 0)
                    #expect(port.isAccepting)
                    world.finish()
                }
            }
            try world.connect(to: port.localAddress) { client }
        }
    }

    @Test(arguments: Setting.all)
    func line18AConnectorWhoseFactoryReturnsNilClosesThePeer(_ setting: Setting) throws {
        try setting.run { world in
            let server = Recorder("server")
            var asked = 0
            server.onLost = { server, _ in
                #expect(server.received.isEmpty)
                #expect(asked == 1)
                world.finishSoon()
            }
            let port = try world.listen { server }
            let connector = try world.connect(to: port.localAddress) {
                asked += 1
                return nil
            }
            server.onMade = { _ in _ = connector.isConnecting }
        }
    }

    @Test(arguments: Setting.transports)
    func line18StartAndStopFrameTheUsesOfOneFactory(_ setting: Setting) throws {
        try setting.run { world in
            let factory = LoggingFactory()
            let first = try world.listen(factory: factory)
            let second = try world.listen(factory: factory)
            #expect(factory.log == ["start"])
            var made = 0
            factory.onMade = {
                made += 1
                guard made == 2 else { return }
                first.stopListening()
                second.stopListening()
                world.afterTurns {
                    #expect(factory.log == ["start", "build", "build", "stop"])
                    // A use after the last is a first one again.
                    (try? world.listen(factory: factory))?.stopListening()
                    #expect(factory.log.suffix(3) == ["stop", "start", "stop"])
                    // It retains the factory.
                    factory.onMade = {}
                    world.finish()
                }
            }
            try world.connect(to: first.localAddress, factory: factory)
        }
    }

    @Test(arguments: Setting.transports)
    func line18AConnectThatFailsAndAReactorThatStopsEndTheUse(_ setting: Setting) throws {
        let connecting = LoggingFactory()
        let listening = LoggingFactory()
        try setting.run { world in
            try world.listen(factory: listening)
            try world.connect(
                to: try world.unusedAddress(), factory: connecting, onFailure: { _ in world.finishSoon() })
            #expect(connecting.log == ["start"])
        }
        #expect(connecting.log == ["start", "stop"])
        #expect(listening.log == ["start", "stop"])
    }
}

/// A factory that records its uses.
final class LoggingFactory: Factory {
    private(set) var log: [String] = []
    var onMade: () -> Void = {}

    override func start() { log.append("start") }

    override func stop() { log.append("stop") }

    override func buildProtocol(for peer: SocketAddress) -> Protocol? {
        log.append("build")
        let made = Recorder()
        made.onMade = { [unowned self] _ in onMade() }
        return made
    }
}
