import EventReactorCore
import Testing

@Suite struct SocketAddressTests {
    @Test func staysSmallEnoughForAMillionConnections() {
        #expect(MemoryLayout<SocketAddress>.size <= 24)
        #expect(MemoryLayout<SocketAddress>.stride <= 24)
        #expect(MemoryLayout<SocketAddress?>.size <= 24)
    }

    @Test func addressesThatDifferInScopeOrPortDiffer() throws {
        let address = try SocketAddress(ip: "fe80::1%2", port: 80)
        #expect(address != (try SocketAddress(ip: "fe80::1%3", port: 80)))
        #expect(address != (try SocketAddress(ip: "fe80::1", port: 80)))
        #expect(address != (try SocketAddress(ip: "fe80::1%2", port: 81)))
    }

    @Test(arguments: [
        ("127.0.0.1", true, false), ("127.255.0.9", true, false), ("128.0.0.1", false, false),
        ("0.0.0.0", false, true), ("0.0.0.1", false, false), ("::1", true, false), ("::", false, true),
        ("::2", false, false), ("1::1", false, false), ("::ffff:127.0.0.1", true, false),
        ("::ffff:0.0.0.0", false, true), ("::ffff:10.0.0.1", false, false), ("::127.0.0.1", false, false),
    ])
    func loopbackAndWildcardAreKnown(text: String, isLoopback: Bool, isWildcard: Bool) throws {
        let address = try SocketAddress(ip: text, port: 80)
        #expect(address.isLoopback == isLoopback)
        #expect(address.isWildcard == isWildcard)
    }

    @Test func portCanBeReplacedWhereThereIsOne() throws {
        #expect(try SocketAddress(ip: "127.0.0.1", port: 0).withPort(9).description == "127.0.0.1:9")
        #expect(try SocketAddress(ip: "fe80::1%2", port: 0).withPort(9).description == "[fe80::1%2]:9")
        let path = try SocketAddress.unix(path: "/a")
        #expect(path.withPort(9) == path)
    }

    @Test(arguments: [0, 1, 65535])
    func everyPortOfTheRangeIsTaken(port: Int) throws {
        #expect(try SocketAddress(ip: "127.0.0.1", port: port).port == port)
        #expect(try SocketAddress(ip: "::1", port: port).port == port)
    }

    @Test(arguments: [-1, 65536, .min, .max])
    func portOutOfRangeIsRefused(port: Int) {
        #expect(throws: AddressError.invalidPort(port)) { try SocketAddress(ip: "::1", port: port) }
    }

    @Test func addressesServeAsKeys() throws {
        let addresses: Set<SocketAddress> = [
            try SocketAddress(ip: "127.0.0.1", port: 1), try SocketAddress(ip: "127.0.0.1", port: 1),
            try SocketAddress(ip: "127.0.0.1", port: 2), try .unix(path: "/a"), try .unix(path: "/a"),
            try .abstract("/a"), .unnamedUnix,
        ]
        #expect(addresses.count == 5)
    }
}
