import EventReactor
import EventReactorPosix
import Glibc
import Testing

@Suite("Contract 44: adopting descriptors")
struct AdoptingTests {
    private static let onKernel = Setting.all.filter(\.isOnKernel)

    // MARK: What cannot be adopted

    @Test(arguments: Setting.kernelReactors)
    func line44ADescriptorThatIsNoSocketIsATypedError(_ setting: Setting) throws {
        try setting.run { world in
            var ends: [Int32] = [0, 0]
            try #require(unsafe pipe(&ends) == 0)
            let file = unsafe open("/dev/null", O_RDONLY)
            for descriptor in ends + [file] {
                expect(.notASocket(descriptor: descriptor), at: descriptor, world)
                #expect(close(descriptor) == 0)
            }
            for descriptor in [-1, Int32.min, Int32.max, 1_000_000] {
                expect(.notOpen(descriptor: descriptor), at: descriptor, world)
            }
            world.finishSoon()
        }
    }

    @Test(arguments: Setting.kernelReactors)
    func line44AnUnknownFamilyIsATypedError(_ setting: Setting) throws {
        try setting.run { world in
            let descriptor = socket(AF_NETLINK, Int32(SOCK_RAW.rawValue), 0)
            try #require(descriptor >= 0)
            expect(.unknownFamily(descriptor: descriptor, family: AF_NETLINK), at: descriptor, world)
            #expect(close(descriptor) == 0)
            world.finishSoon()
        }
    }

    @Test(arguments: [Setting.Transport.tcp4, .tcp6, .unix])
    func line44ASocketOfAnotherKindIsATypedError(_ transport: Setting.Transport) throws {
        for setting in Setting.transports where setting.transport == transport && setting.isOnKernel {
            try setting.run { world in
                let address = try world.unusedAddress()
                let datagrams = try RawSocket(address.family, type: SOCK_DGRAM)
                expect(.notAStream(descriptor: datagrams.descriptor), at: datagrams.descriptor, world)

                let stream = try RawSocket(address.family)
                expectPort(.notListening(descriptor: stream.descriptor), at: stream.descriptor, world)
                expectConnection(.notConnected(descriptor: stream.descriptor), at: stream.descriptor, world)
                #expect(stream.bind(to: address))
                expectPort(.notListening(descriptor: stream.descriptor), at: stream.descriptor, world)
                #expect(stream.listen(backlog: 8))
                expectConnection(.notConnected(descriptor: stream.descriptor), at: stream.descriptor, world)
                let client = try RawPeer(to: stream.address)
                expectPort(.notListening(descriptor: client.descriptor), at: client.descriptor, world)
                world.finishSoon()
            }
        }
    }

    @Test(arguments: Setting.reactors.filter { !$0.isOnKernel })
    func aReactorWithoutAKernelSaysSo(_ setting: Setting) throws {
        try setting.run { world in
            expect(.unsupported, at: 0, world)
            world.finishSoon()
        }
    }

    @Test(arguments: Setting.kernelReactors)
    func afterAnErrorAllDescriptorsAreTheCallersAndNothingListens(_ setting: Setting) throws {
        try setting.run { world in
            let first = try RawSocket(.ipv4)
            #expect(first.bind(to: try SocketAddress(ip: "127.0.0.1", port: 0)) && first.listen(backlog: 8))
            let second = try RawSocket(.ipv4)
            let factory = CountingFactory()
            let error = #expect(throws: ListenError.self) {
                try world.reactor.listen(.inherited([first.descriptor, second.descriptor]), factory: factory)
            }
            #expect(error == .notAdoptable(.notListening(descriptor: second.descriptor)))
            #expect(throws: ListenError.notAdoptable(.nothing)) {
                try world.reactor.listen(.inherited([]), factory: factory)
            }
            #expect(factory.starts == factory.stops)
            #expect(world.reactor.ports.isEmpty)
            // It still listens, and nobody here accepts.
            let client = try RawPeer(to: first.address)
            world.afterTurns {
                let accepted = accept(first.descriptor, nil, nil)
                #expect(accepted >= 0)
                close(accepted)
                client.close()
                world.finish()
            }
        }
    }

    private func expect(_ error: AdoptError, at descriptor: Int32, _ world: World) {
        expectPort(error, at: descriptor, world)
        expectConnection(error, at: descriptor, world)
    }

    private func expectPort(_ error: AdoptError, at descriptor: Int32, _ world: World) {
        #expect(throws: ListenError.notAdoptable(error)) {
            try world.reactor.listen(.inherited([descriptor])) { Recorder() }
        }
    }

    private func expectConnection(_ error: AdoptError, at descriptor: Int32, _ world: World) {
        #expect(throws: error) { try world.reactor.adoptStreamConnection(descriptor, protocol: Recorder()) }
    }

    // MARK: Listeners

    /// How an adopted listener may end.
    enum End: CaseIterable, Sendable { case stopListening, stop, drain }

    @Test(arguments: onKernel, End.allCases)
    func line44StoppingAnAdoptedListenerDoesNotShutDownTheSharedSocket(_ setting: Setting, _ end: End) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        let shared = try world.listeningSocket()
        let server = Recorder("server")
        let port = try world.adopt(shared.descriptor) { server }
        #expect(port.localAddress == shared.address)
        let descriptor = try #require(port.sockets.first?.descriptor)
        #expect(fcntl(descriptor, F_GETFD) & FD_CLOEXEC != 0)
        #expect(fcntl(descriptor, F_GETFL) & O_NONBLOCK != 0)
        let client = Recorder("client")
        client.onMade = { $0.transport.write("hello") }
        server.onData = { server, _ in
            switch end {
            case .stopListening:
                port.stopListening()
                world.finish()
            case .stop: world.finish()
            case .drain:
                try world.reactor.stop(drainingFor: .seconds(1_000_000))
                server.transport.loseConnection()
            }
        }
        try world.connect(to: port.localAddress) { client }
        try world.run()
        #expect(server.text == "hello")
        #expect(!port.isListening)
        // Its number may be another test's already.
        #expect(inode(of: descriptor) != inode(of: shared.descriptor))
        // For the other holder nothing has changed: it listens, and its file is there.
        let late = try RawPeer(to: shared.address)
        #expect(late.send([1]) == 1)
        let accepted = accept(shared.descriptor, nil, nil)
        #expect(accepted >= 0)
        close(accepted)
    }

    @Test(arguments: onKernel)
    func anAdoptedListenerServesAsAnyOther(_ setting: Setting) throws {
        try setting.run { world in
            let shared = try world.listeningSocket()
            let server = Recorder("server")
            let port = try world.adopt(shared.descriptor) { server }
            let client = Recorder("client")
            port.pauseAccepting()
            client.onMade = { client in
                client.transport.write("question")
                port.resumeAccepting()
            }
            server.onData = { server, _ in server.transport.write("answer") }
            client.onData = { client, _ in
                guard client.text == "answer" else { return }
                #expect(server.transport.localAddress == port.localAddress)
                #expect(server.transport.peerAddress == client.transport.localAddress)
                client.transport.loseConnection()
            }
            world.finishWhenLost(server, client)
            try world.connect(to: port.localAddress) { client }
        }
    }

    @Test(arguments: Setting.kernelReactors)
    func severalSocketsAreAdoptedAsOnePort(_ setting: Setting) throws {
        try setting.run { world in
            let sockets = try (0..<2).map { _ in try world.listeningSocket() }
            let port = try world.reactor.listen(.inherited(sockets.map(\.descriptor))) {
                let server = Recorder("server")
                server.onMade = { $0.transport.write("hi") }
                return server
            }
            #expect(port.localAddresses == sockets.map(\.address))
            var greeted = 0
            for socket in sockets {
                let client = Recorder("client")
                client.onData = { client, _ in
                    guard client.text == "hi" else { return }
                    greeted += 1
                    if greeted == 2 { world.finish() }
                }
                try world.connect(to: socket.address) { client }
            }
        }
    }

    // MARK: Connections

    @Test(arguments: onKernel)
    func anAdoptedConnectionServesAsAnyOther(_ setting: Setting) throws {
        try setting.run { world in
            let shared = try world.listeningSocket()
            let peer = try RawPeer(to: shared.address)
            let descriptor = accept(shared.descriptor, nil, nil)
            let server = Recorder("server")
            peer.send([UInt8]("hello".utf8))
            try world.adopt(connection: descriptor, server)
            #expect(server.calls.isEmpty)
            #expect(fcntl(descriptor, F_GETFL) & O_NONBLOCK != 0)
            #expect(close(descriptor) == 0)
            server.onMade = { server in
                let own = try #require((server.transport as? StreamConnection)?.descriptor)
                #expect(fcntl(own, F_GETFD) & FD_CLOEXEC != 0)
                #expect(server.transport.localAddress == shared.address)
                #expect(server.transport.peerAddress == SocketAddress(of: peer.descriptor))
            }
            server.onData = { server, _ in
                server.transport.write("answer")
                peer.shutdownWrite()
            }
            server.onLost = { server, reason in
                #expect(server.text == "hello")
                #expect(reason.isDone)
                #expect(peer.receive() == .bytes([UInt8]("answer".utf8)))
                #expect(peer.receive() == .end)
                world.finish()
            }
        }
    }

    @Test(arguments: Setting.kernelReactors)
    func aConnectionWhosePeerEndedMeanwhileIsToldOf(_ setting: Setting) throws {
        try setting.run { world in
            var ends: [Int32] = [0, 0]
            try #require(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
            let server = Recorder("server")
            try world.reactor.adoptStreamConnection(ends[0], protocol: server)
            close(ends[0])
            close(ends[1])
            server.onLost = { server, reason in
                #expect(server.calls == ["made", "readLost", "lost"])
                #expect(reason.isDone)
                world.finish()
            }
        }
    }

    @Test(arguments: Setting.kernelReactors)
    func aConnectionIsClosedWhereItsReactorGoesBeforeItsFirstTurn(_ setting: Setting) throws {
        var ends: [Int32] = [0, 0]
        try #require(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        let server = Recorder("server")
        do {
            let world = try setting.makeWorld()
            defer { world.end() }
            try world.reactor.adoptStreamConnection(ends[0], protocol: server)
        }
        #expect(server.calls.isEmpty)
        var byte: UInt8 = 0
        #expect(unsafe recv(ends[1], &byte, 1, Int32(MSG_DONTWAIT)) == 0)
        close(ends[0])
        close(ends[1])
    }
}

private final class CountingFactory: Factory {
    private(set) var starts = 0
    private(set) var stops = 0
    override func start() { starts += 1 }
    override func stop() { stops += 1 }
}

extension World {
    /// A socket of the system's that listens at an address of the setting's transport.
    func listeningSocket() throws -> RawSocket {
        let wanted = setting.transport == .unix ? try SocketAddress.unix(path: freshPath()) : try freeAddress()
        let socket = try RawSocket(wanted.family)
        try #require(socket.bind(to: wanted) && socket.listen(backlog: 64))
        return socket
    }

    private func freeAddress() throws -> SocketAddress { try SocketAddress(ip: loopback, port: 0) }

    func adopt(
        _ descriptor: Int32, options: ListenOptions = ListenOptions(), _ makeProtocol: @escaping () -> Protocol?
    ) throws -> ListeningPort {
        var options = options
        options.stream.buffering = setting.movement.buffering
        return try reactor.listen(.inherited([descriptor]), options: options, makeProtocol)
    }

    func adopt(
        connection descriptor: Int32, options: StreamOptions = StreamOptions(), _ server: Protocol
    ) throws {
        var options = options
        options.buffering = setting.movement.buffering
        try reactor.adoptStreamConnection(descriptor, options: options, protocol: server)
    }
}
