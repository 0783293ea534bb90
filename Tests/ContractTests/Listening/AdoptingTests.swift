import EventReactor
import EventReactorPosix
import Glibc
import Testing

@Suite("Contract 44: adopting descriptors")
struct AdoptingTests {
    private static let onKernel = Setting.all.filter(\.admitsRawPeers)

    // MARK: Listeners

    /// The ways in which an adopted listener ends.
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
        // Another test may have the fd already.
        #expect(inode(of: descriptor) != inode(of: shared.descriptor))
        // Nothing has changed for the other owner: it listens, and its file exists.
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
