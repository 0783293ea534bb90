import EventReactor
import Testing

@Suite("Contract 20, 58: hosts that are not what they seem, and messages with text from outside")
struct HostFormTests {
    static let ambiguous = [
        "127.1", "0x7f.1", "0177.0.0.1", "2130706433", "0", "0x7f000001", "017700000001", "127.0.1", "127.0.0.01",
        "0X7F.1",
        "127.0.0.1.", "127.1.", "127.0.0.1..", "1.2.3.4.5", "127.0.0.256", "4294967296", "127.0.0.1 ", " 127.0.0.1",
        "127.1\n",
        "[127.0.0.1]", "[127.1]", "127.0.0.1%lo", "127.1%1", "0x", "1.", "0x.0x", "00.0.0.0", "127.0.0.0x1",
    ]

    @Test(arguments: Setting.reactors)
    func line20AnAddressThatIsNotReadAlikeEverywhereIsRefused(_ setting: Setting) throws {
        try setting.run { world in
            for host in HostFormTests.ambiguous {
                #expect(throws: AddressError.ambiguousAddress(host)) {
                    try world.reactor.connectTCP(host: host, port: 9) { nil }
                }
                #expect(throws: ListenError.invalidAddress(.ambiguousAddress(host))) {
                    try world.reactor.listenTCP(port: 0, host: host) { nil }
                }
                #expect(throws: AddressError.self) { try SocketAddress(ip: host, port: 9) }
            }
            for host in [
                "[::1", "::1]", "::127.1", "::ffff:127.1", "fe80::1%", "::1%no-such-interface", "[::1]%1",
            ] {
                #expect(throws: AddressError.invalidAddress(host)) {
                    try world.reactor.connectTCP(host: host, port: 9) { nil }
                }
            }
            world.finishSoon()
        }
    }

    @Test(arguments: Setting.reactors)
    func line20ANameBeyondASCIIIsRefusedWithAWordOnWhatToPass(_ setting: Setting) throws {
        try setting.run { world in
            for host in ["bücher.example", "１２７.0.0.1", "127。0。0。1", "\u{202E}moc.example"] {
                let error = #expect(throws: AddressError.hostNotASCII(host)) {
                    try world.reactor.connectTCP(host: host, port: 9) { nil }
                }
                #expect(error?.description.contains("xn--") == true)
                #expect(throws: ListenError.invalidAddress(.hostNotASCII(host))) {
                    try world.reactor.listenTCP(port: 0, host: host) { nil }
                }
            }
            world.finishSoon()
        }
    }

    @Test(arguments: Setting.reactors)
    func line20NamesWithNumbersInThemAreNames(_ setting: Setting) throws {
        try setting.run { world in
            let names = ["1.2.3.4.invalid", "127.1.invalid", "0x7f.invalid", "0xfg", "1-2.invalid", "a.1"]
            var rest = names.count
            for name in names {
                try world.reactor.connectTCP(host: name, port: 9) {
                    nil
                } onFailure: { error in
                    guard case .unresolvable(name, _) = error else { return unexpected(error) }
                    rest -= 1
                    if rest == 0 { world.finish() }
                }
            }
        }
    }

    // MARK: 58

    static let forged = "x.invalid\n2026-11-27 20:00:00 INFO admin logged in\u{1B}[2K\r\u{7F}"

    /// Whether a message is one line without control characters that would forge another.
    static func isPlain(_ message: String) -> Bool {
        message.unicodeScalars.allSatisfy { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: false
            default: true
            }
        }
    }

    @Test(arguments: Setting.reactors)
    func line58WhatAClientCallsAHostForgesNoLineOfALog(_ setting: Setting) throws {
        try setting.run { world in
            let host = HostFormTests.forged
            var messages: [String] = []
            world.reactor.onDiagnostic = { diagnostic in
                messages.append("\(diagnostic)")
                if messages.count == 2 { world.finish() }
            }
            // Without onFailure: one is not found, one is cancelled.
            try world.reactor.connectTCP(host: host, port: 80) { nil }
            try world.reactor.connectTCP(host: host, port: 80) { nil }.cancel()
            do { try world.reactor.listenTCP(port: 0, host: host) { nil } } catch { messages.append("\(error)") }
            messages.removeAll { message in
                #expect(HostFormTests.isPlain(message) && message.contains("\\n2026-11-27"), "\(message)")
                return true
            }
            world.whenFinished = {
                for message in messages {
                    #expect(HostFormTests.isPlain(message) && message.contains("\\n2026-11-27"), "\(message)")
                }
            }
        }
    }

    @Test func line58NamesOfFilesForgeNoLineOfALog() {
        do {
            _ = try ReadableFile(path: "/nowhere/\(HostFormTests.forged)")
            Issue.record("there is such a file")
        } catch {
            #expect(HostFormTests.isPlain("\(error)") && "\(error)".contains("\\n2026"))
        }
    }

    @Test(arguments: Setting.reactors)
    func line58WhatAHookThrowsForgesNoLineOfALog(_ setting: Setting) throws {
        struct Oops: Error, CustomStringConvertible { let description = HostFormTests.forged }
        try setting.run { world in
            world.reactor.onDiagnostic = { #expect(HostFormTests.isPlain("\($0)")) }
            world.reactor.onStartup { throw Oops() }
            world.finishSoon()
        }
        #expect(HostFormTests.isPlain("\(ConnectionLostReason.failed(Oops()))"))
    }
}
