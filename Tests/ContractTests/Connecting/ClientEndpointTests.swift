import EventReactor
import Glibc
import Testing

@Suite("Connecting to endpoints")
struct ClientEndpointTests {
    /// Ways to name the same server.
    enum Form: CaseIterable, Sendable { case parts, address }

    private func endpoint(_ form: Form, of address: SocketAddress) throws -> ClientEndpoint {
        guard form == .parts else { return .address(address) }
        if let path = address.path { return .unix(path: path) }
        return .tcp(host: try #require(address.host), port: try #require(address.port))
    }

    @Test(arguments: Setting.all, Form.allCases)
    func anEndpointConnects(_ setting: Setting, _ form: Form) throws {
        for withFactory in [false, true] {
            try setting.run { world in
                let server = Recorder("server")
                let port = try world.listen { server }
                let client = Recorder("client")
                client.onMade = { client in
                    #expect(client.transport.peerAddress == port.localAddress)
                    client.transport.loseConnection()
                }
                world.finishWhenLost(server, client)
                let endpoint = try endpoint(form, of: port.localAddress)
                let options = StreamOptions(buffering: setting.movement.buffering)
                let connector =
                    if withFactory {
                        try world.reactor.connect(endpoint, options: options, factory: ClosureFactory { client })
                    } else {
                        try world.reactor.connect(endpoint, options: options) {
                            client
                        } onFailure: { error in
                            unexpected(error)
                        }
                    }
                #expect(connector.isConnecting)
            }
        }
    }

    @Test(arguments: Setting.withPorts)
    func aRefusedAddressIsReportedAsSuch(_ setting: Setting) throws {
        try setting.run { world in
            let address = try world.unusedAddress()
            try world.reactor.connect(.address(address)) {
                nil
            } onFailure: { error in
                if case .refused(let cause) = error { #expect(cause.address == address) } else { unexpected(error) }
                world.finish()
            }
        }
    }

    @Test(arguments: Setting.all, Form.allCases)
    func aCancelledConnectNamesItsEndpoint(_ setting: Setting, _ form: Form) throws {
        try setting.run { world in
            let endpoint = try endpoint(form, of: try world.unusedAddress())
            let connector = try world.reactor.connect(endpoint) {
                nil
            } onFailure: { error in
                #expect(error == .cancelled(to: endpoint.description))
                world.finish()
            }
            connector.cancel()
        }
    }

    @Test(arguments: Setting.withPorts)
    func anAddressToConnectFromIsPartOfTheEndpoint(_ setting: Setting) throws {
        try setting.run { world in
            let server = Recorder("server")
            let port = try world.listen { server }
            let from = try SocketAddress(ip: world.loopback, port: 0)
            server.onMade = { server in
                #expect(server.transport.peerAddress.host == world.loopback)
                world.finish()
            }
            try world.reactor.connect(.address(port.localAddress, bindAddress: from)) { Recorder("client") }
        }
    }

    @Test(arguments: Setting.reactors)
    func anAddressOfAnotherFamilyToConnectFromIsAFailure(_ setting: Setting) throws {
        try setting.run { world in
            let port = try world.listen { nil }
            let from = try SocketAddress(ip: "::1", port: 0)
            try world.reactor.connect(.address(port.localAddress, bindAddress: from)) {
                nil
            } onFailure: { error in
                guard case .bindFailed(let cause) = error else { return unexpected(error) }
                #expect(cause.code == EAFNOSUPPORT && cause.address == from)
                world.finish()
            }
        }
    }

    @Test(arguments: Setting.reactors)
    func anEndpointThatCannotBeIsATypedErrorAtOnce(_ setting: Setting) throws {
        let endpoints: [(ClientEndpoint, AddressError)] = [
            (.tcp(host: "127.0.0.1", port: 0), .invalidPort(0)), (.tcp(host: "", port: 1), .emptyHost),
            (.tcp(host: "127.0.0.1", port: 65_536), .invalidPort(65_536)),
            (.tcp(host: "0x7f.1", port: 1), .ambiguousAddress("0x7f.1")), (.unix(path: ""), .emptyPath),
            (.address(try SocketAddress(ip: "127.0.0.1", port: 0)), .invalidPort(0)),
            (.address(.unnamedUnix), .emptyPath),
        ]
        try setting.run { world in
            for (endpoint, error) in endpoints {
                #expect(throws: error) {
                    try world.reactor.connect(endpoint) {
                        nil
                    } onFailure: { error in
                        unexpected(error)
                    }
                }
            }
            world.finishSoon()
        }
    }

    @Test func anEndpointIsAValueWithADescription() throws {
        let endpoints: [ClientEndpoint] = [
            .tcp(host: "a.example", port: 80), .tcp(host: "::1", port: 80), .unix(path: "/run/x.sock"),
            .address(try SocketAddress(ip: "fe80::1%2", port: 80)), .address(try .abstract("name")),
        ]
        #expect(
            endpoints.map(\.description) == [
                "a.example:80", "[::1]:80", "unix:/run/x.sock", "[fe80::1%2]:80", "unix:@name",
            ])
        #expect(Set(endpoints + endpoints).count == endpoints.count)
        #expect(ClientEndpoint.unix(path: "/x") != .unix(path: "/x", timeout: nil))
    }
}
