import EventReactor
import Testing

extension Parameter {
    /// Addresses as values.
    static let addresses: [Parameter] = [
        Parameter(plain: "SocketAddress(ip:port:), port", Values.integers, .worksOrFails(AddressError.self)) { port in
            for host in ["127.0.0.1", "::1", "[::1]"] { use(try SocketAddress(ip: host, port: port)) }
            #expect(0...65_535 ~= port)
        },
        Parameter(plain: "SocketAddress(ip:port:), ip", Values.texts, .worksOrFails(AddressError.self)) {
            use(try SocketAddress(ip: $0, port: 80))
        },
        Parameter(plain: "SocketAddress.unix(path:)", Values.texts + Scratch.badPaths, .worksOrFails(AddressError.self))
        {
            let address = try SocketAddress.unix(path: $0)
            use(address)
            #expect(address.path == $0 && $0.utf8.count <= 108)
        },
        Parameter(plain: "SocketAddress.abstract", Values.texts + Scratch.badPaths, .worksOrFails(AddressError.self)) {
            let address = try SocketAddress.abstract($0)
            use(address)
            #expect(address.isAbstract && $0.utf8.count <= 107)
        },
    ]

    private static func use(_ address: SocketAddress) {
        _ = (address.host, address.port, address.path, address.isLoopback, address.isWildcard, address.hashValue)
        #expect(!address.description.isEmpty)
    }
}
