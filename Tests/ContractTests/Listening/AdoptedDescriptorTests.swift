import EventReactor
import Glibc
import Testing

@testable import EventReactorCore
@testable import EventReactorPosix

@Suite("Contract 44: the owner of an adopted descriptor")
struct AdoptedDescriptorTests {
    private static let onKernel = Setting.all.filter(\.admitsRawPeers)

    // MARK: Closing

    @Test(arguments: onKernel)
    func line44TheCallerClosesItsOwnDescriptorOfAListener(_ setting: Setting) throws {
        try setting.run { world in
            let address: SocketAddress
            let adopted: ListeningPort
            do {
                let mine = try world.listeningSocket()
                address = mine.address
                adopted = try world.adopt(mine.descriptor) { Recorder("adopted") }
                #expect(adopted.sockets.first?.descriptor != mine.descriptor)
            }
            // It likely has the number that has become free.
            let server = Recorder("other")
            let other = try world.listen { server }
            let first = Recorder("to the adopted")
            first.onMade = { first in
                adopted.stopListening()
                first.transport.loseConnection()
                try world.connect(to: other.localAddress) { Recorder("to the other") }
            }
            server.onMade = { _ in world.finish() }
            try world.connect(to: address) { first }
        }
    }

    /// The ways in which a protocol ends an adopted connection.
    enum End: CaseIterable, Sendable { case lose, abort, stop }

    @Test(arguments: onKernel, End.allCases)
    func line44AnAdoptedConnectionEndsThoughTheCallerHoldsIt(_ setting: Setting, _ end: End) throws {
        for keeps in [false, true] { try endAdopted(setting, end, keeps) }
    }

    private func endAdopted(_ setting: Setting, _ end: End, _ keeps: Bool) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        let shared = try world.listeningSocket()
        let peer = try RawPeer(to: shared.address)
        let mine = accept(shared.descriptor, nil, nil)
        let server = Recorder("server")
        try world.adopt(connection: mine, server)
        if !keeps { close(mine) }
        server.onMade = { server in
            switch end {
            case .lose: server.transport.loseConnection()
            case .abort: server.transport.abortConnection()
            case .stop: world.finish()
            }
        }
        server.onLost = { _, _ in world.finish() }
        try world.run()
        var question = pollfd(fd: peer.descriptor, events: Int16(POLLIN), revents: 0)
        #expect(unsafe poll(&question, 1, 60_000) == 1)
        let isReset = end == .abort && setting.transport != .unix
        #expect(peer.receive() == (isReset ? .failure(ECONNRESET) : .end))
        if keeps { #expect(close(mine) == 0) }
    }

    // MARK: Twice

    @Test(arguments: Setting.kernelReactors)
    func line44AConnectionIsAdoptedOnceInAProcess(_ setting: Setting) throws {
        let other = try setting.makeWorld()
        defer { other.end() }
        try setting.run { world in
            var ends: [Int32] = [0, 0]
            try #require(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
            let copy = dup(ends[0])
            let server = Recorder("server")
            try world.adopt(connection: ends[0], server)
            func expectRefusal() {
                for (world, descriptor) in [(world, ends[0]), (world, copy), (other, ends[0]), (other, copy)] {
                    #expect(throws: AdoptError.alreadyAdopted(descriptor: descriptor)) {
                        try world.adopt(connection: descriptor, Recorder("second"))
                    }
                }
            }
            expectRefusal()
            // The other end belongs to another connection.
            try other.adopt(connection: ends[1], Recorder("peer"))
            server.onMade = { server in
                expectRefusal()
                server.transport.abortConnection()
            }
            let third = Recorder("third")
            server.onLost = { _, _ in
                // It is no longer adopted, and closed for every process that has it open.
                #expect(throws: Never.self) { try world.adopt(connection: copy, third) }
                for descriptor in ends + [copy] { #expect(close(descriptor) == 0) }
            }
            third.onLost = { _, _ in world.finish() }
        }
    }

    @Test(arguments: Setting.kernelReactors)
    func line44AListenerIsAdoptedOnceByAReactorAndSharedByTwo(_ setting: Setting) throws {
        try setting.run { world in
            let mine = try world.listeningSocket()
            let refusal = ListenError.notAdoptable(.alreadyAdopted(descriptor: mine.descriptor))
            #expect(throws: refusal) {
                try world.reactor.listen(.inherited([mine.descriptor, mine.descriptor]), factory: Factory())
            }
            #expect(world.reactor.ports.isEmpty)
            let port = try world.adopt(mine.descriptor) { Recorder("first") }
            #expect(throws: refusal) { try world.adopt(mine.descriptor) { Recorder("second") } }
            let other = try setting.makeWorld()
            defer { other.end() }
            let shared = try other.adopt(mine.descriptor) { Recorder("other") }
            port.stopListening()
            shared.stopListening()
            // It can be adopted again, and still listens.
            let server = Recorder("server")
            _ = try world.adopt(mine.descriptor) { server }
            server.onMade = { _ in world.finish() }
            try world.connect(to: mine.address) { Recorder("client") }
        }
    }

    // MARK: Options

    private static let tcp = onKernel.filter { $0.transport != .unix }

    private static func option(_ descriptor: Int32, _ level: Int32, _ name: Int32) -> Int32? {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return unsafe getsockopt(descriptor, level, name, &value, &length) == 0 ? value : nil
    }

    /// TCP_NODELAY, keep-alive probes, both buffers, and SO_LINGER.
    private static func options(of descriptor: Int32) -> [Int32?] {
        let names = [SO_KEEPALIVE, SO_RCVBUF, SO_SNDBUF, SO_LINGER]
        return [option(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY)] + names.map { option(descriptor, SOL_SOCKET, $0) }
    }

    /// Sets options as a systemd socket unit or a program's last version may have left them.
    private static func setEverything(_ descriptor: Int32) {
        StreamSocket.setNoDelay(descriptor, true)
        StreamSocket.setKeepAlive(
            descriptor, StreamOptions.KeepAlive(idle: .seconds(10), interval: .seconds(5), count: 3))
        var size: Int32 = 20_000
        for name in [SO_RCVBUF, SO_SNDBUF] {
            unsafe setsockopt(descriptor, SOL_SOCKET, name, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        var waits = linger(l_onoff: 1, l_linger: 60)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &waits, socklen_t(MemoryLayout<linger>.size))
    }

    private static var plain: StreamOptions {
        var options = StreamOptions()
        options.noDelay = false
        return options
    }

    /// The options of a new socket.
    private static func defaults(of transport: Setting.Transport) throws -> [Int32?] {
        let fresh = try RawSocket(transport == .tcp6 ? .ipv6 : .ipv4)
        let options = options(of: fresh.descriptor)
        #expect(options[0] == 0 && options[1] == 0)
        return options
    }

    @Test(arguments: tcp)
    func line44OptionsThatAreOffAreTurnedOffAtAnAdoptedListener(_ setting: Setting) throws {
        try setting.run { world in
            let mine = try world.listeningSocket()
            AdoptedDescriptorTests.setEverything(mine.descriptor)
            var options = ListenOptions()
            options.stream = AdoptedDescriptorTests.plain
            // One waits as the socket is adopted, one comes later.
            let early = try RawPeer(to: mine.address)
            let expected = try AdoptedDescriptorTests.defaults(of: setting.transport)
            var served = 0
            _ = try world.adopt(mine.descriptor, options: options) {
                let server = Recorder("server")
                server.onMade = { server in
                    let descriptor = try #require((server.transport as? StreamConnection)?.descriptor)
                    let options = AdoptedDescriptorTests.options(of: descriptor)
                    #expect([options[0], options[1], options[4]] == [0, 0, 0])
                    served += 1
                    if served == 2 { world.finish() }
                }
                return server
            }
            #expect(AdoptedDescriptorTests.options(of: mine.descriptor) == expected)
            world.whenFinished = { early.close() }
            try world.connect(to: mine.address) { Recorder("client") }
        }
    }

    @Test(arguments: tcp)
    func line44OptionsThatAreOffAreTurnedOffAtAnAdoptedConnection(_ setting: Setting) throws {
        try setting.run { world in
            let shared = try world.listeningSocket()
            let peer = try RawPeer(to: shared.address)
            let mine = accept(shared.descriptor, nil, nil)
            AdoptedDescriptorTests.setEverything(mine)
            let server = Recorder("server")
            try world.adopt(connection: mine, options: AdoptedDescriptorTests.plain, server)
            // The buffers are as large as those of a new socket, and may grow.
            let expected = try AdoptedDescriptorTests.defaults(of: setting.transport)
            #expect(AdoptedDescriptorTests.options(of: mine) == expected)
            close(mine)
            server.onMade = { _ in
                peer.close()
                world.finish()
            }
        }
    }
}
