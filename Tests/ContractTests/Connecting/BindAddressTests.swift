import EventReactor
import Glibc
import Testing

@testable import EventReactorPosix

@Suite("Contract 19: the address to connect from")
struct BindAddressTests {
    @Test(arguments: ["127.0.0.1", "127.0.0.2", "::1"])
    func aPortThatIsLeftToTheSystemIsTakenForOneDestinationAlone(_ host: String) throws {
        // The system chooses it as it connects, when it knows the destination.
        let family: SocketAddress.Family = host.contains(":") ? .ipv6 : .ipv4
        let listener = try RawSocket(family)
        let server = try SocketAddress(ip: family == .ipv6 ? "::1" : "127.0.0.1", port: 0)
        try #require(listener.bind(to: server) && listener.listen(backlog: 4))
        let from = try SocketAddress(ip: host, port: 0)
        let descriptor: Int32
        switch ConnectingSocket.start(to: listener.address, from: from, options: StreamOptions()) {
        case .connected(let number), .underWay(let number), .full(let number): descriptor = number
        case .failed(let error): return unexpected(error)
        }
        defer { close(descriptor) }
        let bindAddressNoPort: Int32 = 24
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        #expect(unsafe getsockopt(descriptor, Int32(IPPROTO_IP), bindAddressNoPort, &value, &length) == 0 && value == 1)
        let local = SocketAddress(of: descriptor)
        #expect(local.host == host && local.port != 0)
    }

    @Test(arguments: Setting.withPorts.filter(\.admitsRawPeers))
    func line22ABoundConnectHasItsAddressAndAPortOfTheSystems(_ setting: Setting) throws {
        try setting.run { world in
            let server = Recorder("server")
            let port = try world.listen { server }
            let from = try SocketAddress(ip: world.loopback, port: 0)
            server.onMade = { server in
                #expect(server.transport.peerAddress.host == world.loopback)
                #expect(server.transport.peerAddress.port != 0)
                world.finish()
            }
            try world.reactor.connectTCP(
                host: world.loopback, port: try #require(port.localAddress.port), bindAddress: from
            ) { Recorder("client") }
        }
    }
}
