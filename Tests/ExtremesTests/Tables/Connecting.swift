import EventReactor
import Testing

extension Parameter {
    /// Addresses and options of a connector.
    static let connecting: [Parameter] = [
        Parameter(
            exchange: "connectTCP, port", Values.integers.filter { !(1...65_535 ~= $0) }, .fails(AddressError.self)
        ) {
            $0.connectsTo = .tcp(port: $1, host: "127.0.0.1")
        },
        // Something may listen there, and not echo.
        Parameter(
            exchange: "connectTCP, port that can be", [1, 65_535], .worksOrFails(ConnectError.self, Ended.self)
        ) {
            $0.connectsTo = .tcp(port: $1, host: "127.0.0.1")
            $0.timeout = .seconds(2)
        },
        Parameter(
            exchange: "connectTCP, host", Values.texts,
            .worksOrFails(AddressError.self, ConnectError.self, Ended.self)
        ) {
            $0.connectsTo = .tcp(port: 9, host: $1)
            $0.timeout = .seconds(2)
        },
        Parameter(exchange: "connectTCP, timeout", Values.longTimes.map { $0 } + [nil], .works) { $0.timeout = $1 },
        Parameter(
            exchange: "connectTCP, timeout that is over at once", Values.noTimes + Values.shortTimes,
            .worksOrFails(ConnectError.self)
        ) {
            $0.timeout = $1
        },
        Parameter(
            exchange: "connectTCP, bindAddress", bindAddresses, .worksOrFails(ConnectError.self)
        ) {
            $0.bindAddress = $1
        },
        Parameter(exchange: "connectUNIX, timeout", Values.longTimes.map { $0 } + [nil], .works) {
            $0.listensAt = .unix(path: Scratch.path())
            $0.timeout = $1
        },
        Parameter(
            exchange: "connectUNIX, timeout that is over at once", Values.noTimes + Values.shortTimes,
            .worksOrFails(ConnectError.self)
        ) {
            $0.listensAt = .unix(path: Scratch.path())
            $0.timeout = $1
        },
        Parameter(
            exchange: "connectUNIX, path", Values.texts + Scratch.badPaths,
            .worksOrFails(AddressError.self, ConnectError.self)
        ) {
            $0.connectsTo = .unix(path: $1)
            $0.timeout = .seconds(2)
        },
        Parameter(
            "listen, inherited descriptor", Values.noDescriptors, .fails(ListenError.self)
        ) { engine, descriptor in
            let reactor = try engine.makeReactor(ReactorConfiguration())
            let options = ListenOptions(stream: engine.streamOptions)
            try reactor.listen(.inherited([descriptor]), options: options) { nil }
        },
        Parameter(
            "listen, inherited descriptors", [[], [-1], [.min, .max]] as [[Int32]], .fails(ListenError.self)
        ) { engine, descriptors in
            try engine.makeReactor(ReactorConfiguration()).listen(.inherited(descriptors), factory: Factory())
        },
        Parameter(
            "adoptStreamConnection, descriptor", Values.noDescriptors, .fails(AdoptError.self)
        ) { engine, descriptor in
            let reactor = try engine.makeReactor(ReactorConfiguration())
            try reactor.adoptStreamConnection(descriptor, options: engine.streamOptions, protocol: Protocol())
        },
    ]

    private static let bindAddresses: [SocketAddress] =
        [
            "127.0.0.1", "0.0.0.0", "255.255.255.255", "192.0.2.1", "224.0.0.1", "::", "::1", "::ffff:127.0.0.1",
            "ff02::1",
            "fe80::1%4294967295",
        ].flatMap { host in
            [0, 1, 65_535].compactMap { try? SocketAddress(ip: host, port: $0) }
        } + [.unnamedUnix]
}
