import EventReactor
import Testing

@Suite("Contract 20: invalid addresses")
struct BadInputTests {
    static let badPorts = [-1, 65_536, 70_000, Int.min, Int.max]

    @Test(arguments: Setting.reactors, badPorts)
    func line20APortOutOfRangeIsATypedError(_ setting: Setting, _ port: Int) throws {
        try setting.run { world in
            #expect(throws: ListenError.invalidAddress(.invalidPort(port))) {
                try world.reactor.listenTCP(port: port, host: "127.0.0.1") { nil }
            }
            #expect(throws: ListenError.invalidAddress(.invalidPort(port))) {
                try world.reactor.listenTCP(port: port) { nil }
            }
            #expect(throws: AddressError.invalidPort(port)) {
                try connect(world, "127.0.0.1", port)
            }
            #expect(throws: AddressError.invalidPort(port)) { try SocketAddress(ip: "127.0.0.1", port: port) }
            world.finishSoon()
        }
    }

    @Test(arguments: Setting.reactors)
    func line20PortZeroAndAnEmptyHostAreNothingToConnectTo(_ setting: Setting) throws {
        try setting.run { world in
            #expect(throws: AddressError.invalidPort(0)) { try connect(world, "127.0.0.1", 0) }
            #expect(throws: AddressError.emptyHost) { try connect(world, "", 9) }
            world.finishSoon()
        }
    }

    static let badHosts = [
        "a\0b", "\0", "127.0.0.1\0.example", " ", "127.0.0.1 ", "127.0.0.256", "1.2.3.4.5", "::g", "[::1", "::1]",
        ":::",
        "[]", "%", "::1%no-such-interface", "fe80::1%", "-", ".", "..", "http://127.0.0.1/", "\u{1F4A9}", "a..b",
        String(repeating: "a", count: 64), String(repeating: "a", count: 256),
        String(repeating: "a.", count: 5_000), String(repeating: "1", count: 1_000_000),
        String(repeating: ":", count: 100_000), String(repeating: "\0", count: 1_000),
    ]

    @Test(arguments: Setting.reactors)
    func line20AHostThatIsNoneFailsByATypedErrorOnce(_ setting: Setting) throws {
        try setting.run { world in
            var rest = BadInputTests.badHosts.count
            for host in BadInputTests.badHosts {
                let outcome = Outcome()
                func ended() {
                    rest -= 1
                    if rest == 0 { world.finishSoon() }
                }
                outcome.onFailure = { error in
                    guard case .unresolvable(let named, let message) = error else { return unexpected(error) }
                    #expect(named == host)
                    #expect(!message.isEmpty)
                    ended()
                }
                do {
                    try outcome.without {
                        _ = try world.reactor.connectTCP(
                            host: host, port: 9, { outcome.makeProtocol() }, onFailure: { outcome.failed($0) })
                    }
                } catch {
                    #expect(error is AddressError)
                    ended()
                }
            }
        }
    }

    @Test(arguments: Setting.reactors)
    func line20AHostThatIsNoneCannotBeListenedAt(_ setting: Setting) throws {
        try setting.run { world in
            for host in BadInputTests.badHosts {
                let error = #expect(throws: ListenError.self) {
                    try world.reactor.listenTCP(port: 0, host: host) { nil }
                }
                switch error {
                case .unresolvable?, .invalidAddress?: break
                default: unexpected(error)
                }
            }
            world.finishSoon()
        }
    }

    @Test(arguments: Setting.reactors)
    func line20APathThatIsNoneIsATypedError(_ setting: Setting) throws {
        let long = "/tmp/" + String(repeating: "x", count: 195)
        let cases: [(path: String, error: AddressError)] = [
            ("", .emptyPath),
            ("\0", .emptyPath),
            (long, .pathTooLong(path: long, limit: 107)),
            ("/tmp/a\0b", .pathContainsNUL("/tmp/a\0b")),
        ]
        try setting.run { world in
            for (path, expected) in cases {
                #expect(throws: ListenError.invalidAddress(expected)) {
                    try world.reactor.listenUNIX(path: path) { nil }
                }
                #expect(throws: expected) {
                    try world.reactor.connectUNIX(path: path, { nil }, onFailure: { unexpected($0) })
                }
            }
            // An abstract name has the same limit.
            let name = "\0" + String(repeating: "x", count: 200)
            #expect(throws: ListenError.self) { try world.reactor.listenUNIX(path: name) { nil } }
            #expect(throws: AddressError.self) { try world.reactor.connectUNIX(path: name) { nil } }
            world.finishSoon()
        }
    }

    @Test(arguments: Setting.reactors)
    func line20AnAddressOfAnotherKindToConnectFromIsABindFailure(_ setting: Setting) throws {
        try setting.run { world in
            let outcome = Outcome()
            outcome.onFailure = { error in
                guard case .bindFailed = error else { return unexpected(error) }
                world.finish()
            }
            try outcome.without {
                _ = try world.reactor.connectTCP(
                    host: "127.0.0.1", port: 9, bindAddress: try .unix(path: "/tmp/x"), { outcome.makeProtocol() },
                    onFailure: { outcome.failed($0) })
            }
        }
    }

    @Test(arguments: Setting.transports.filter { !$0.transport.isSecured }, [Int.min, -1, 0, Int.max])
    func line20AnOddBacklogListens(_ setting: Setting, _ backlog: Int) throws {
        try setting.run { world in
            let factory = ClosureFactory {
                world.finish()
                return nil
            }
            let port = try world.listen(backlog: backlog, factory: factory)
            try world.connect(to: port.localAddress) { Recorder() }
        }
    }

    @Test(arguments: Setting.withoutHandshake, [Int.min, -1, 0, Int.max])
    func line20OddStreamOptionsConnect(_ setting: Setting, _ number: Int) throws {
        var options = StreamOptions()
        options.kernelReceiveBuffer = number
        options.kernelSendBuffer = number
        options.keepAlive = StreamOptions.KeepAlive(
            idle: .seconds(number), interval: .seconds(number), count: number)
        options.closeDeadline = number < 0 ? nil : .seconds(number &+ 60)
        try setting.run { world in
            let (server, client) = try world.pair(serverOptions: options, clientOptions: options)
            client.onMade = { client in
                client.transport.write("hello")
                client.transport.setKeepAlive(idle: .seconds(number), interval: .seconds(number), count: number)
            }
            server.onData = { server, _ in if server.text == "hello" { world.finish() } }
        }
    }

    private func connect(_ world: World, _ host: String, _ port: Int) throws {
        try world.reactor.connectTCP(
            host: host, port: port, { Recorder() }, onFailure: { Issue.record("a failure came as well: \($0)") })
    }
}
