import EventReactorProtocols
import EventReactorTesting
import Testing

@Suite("PROXY protocol: version 1")
struct ProxyLineTests {
    private func parse(_ line: String) -> ProxyHeader? { HeaderSamples.header(HeaderSamples.line(line)) }
    private func refusal(_ line: String) -> ProxyError? { HeaderSamples.error(HeaderSamples.line(line)) }

    @Test func aLineGivesBothAddresses() throws {
        let header = try #require(parse("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n"))
        #expect(header.version == .v1 && header.command == .proxy && header.extensions.isEmpty)
        #expect(header.source?.description == "192.168.0.1:56324")
        #expect(header.destination?.description == "192.168.0.11:443")
        let other = try #require(parse("PROXY TCP6 2001:DB8::1 ::ffff:192.0.2.1 0 65535\r\n"))
        #expect(other.source?.description == "[2001:db8::1]:0")
        #expect(other.destination?.description == "[::ffff:192.0.2.1]:65535")
    }

    @Test(arguments: [
        "", " ", " ffff:f:f:f:f:f:f:ffff ffff:f:f:f:f:f:f:ffff 65535 65535", " \u{FF} \0 \r \n what else",
    ])
    func unknownNeedsNoAddressesAndIgnoresThem(_ rest: String) {
        #expect(parse("PROXY UNKNOWN\(rest)\r\n") == .unknown)
    }

    @Test func theLongestLineIsRead() {
        let address = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
        let longest = "PROXY UNKNOWN \(address) \(address) 65535 65535\r\n"
        #expect(longest.utf8.count == 107)
        #expect(parse(longest) == .unknown)
        #expect(refusal("PROXY UNKNOWN " + String(repeating: "x", count: 93)) == .lineTooLong)
        // Known to be too long before anything else is known.
        #expect(refusal("PROXY " + String(repeating: "x", count: 101)) == .lineTooLong)
        #expect(
            HeaderSamples.read(HeaderSamples.line("PROXY " + String(repeating: "x", count: 100)), sizes: []).outcome
                == .step(.needsMore))
    }

    @Test(arguments: [
        "PROXY \r\n", "PROXY TCP\r\n", "PROXY tcp4 1.2.3.4 1.2.3.4 1 1\r\n", "PROXY UNKNOWNX\r\n",
        "PROXY UDP4 1.2.3.4 1.2.3.4 1 1\r\n",
        "PROXY  TCP4 1.2.3.4 1.2.3.4 1 1\r\n", "PROXY TCP4  1.2.3.4 1.2.3.4 1 1\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1 1 \r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 1 1 1\r\n", "PROXY TCP4\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1 1\n\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 1 1\r\r\n",
        "PROXY TCP4 999.2.3.4 1.2.3.4 1 1\r\n", "PROXY TCP4 01.2.3.4 1.2.3.4 1 1\r\n",
        "PROXY TCP4 1.2.3 1.2.3.4 1 1\r\n",
        "PROXY TCP4 1.2.3.4.5 1.2.3.4 1 1\r\n", "PROXY TCP4 ::1 ::1 1 1\r\n", "PROXY TCP4 0x1.2.3.4 1.2.3.4 1 1\r\n",
        "PROXY TCP4 1.2.3.4 localhost 1 1\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4\0 1 1\r\n",
        "PROXY TCP6 1.2.3.4 1.2.3.4 1 1\r\n", "PROXY TCP6 [::1] ::1 1 1\r\n", "PROXY TCP6 ::1%1 ::1 1 1\r\n",
        "PROXY TCP6 ::1%lo ::1 1 1\r\n", "PROXY TCP6 1::2::3 ::1 1 1\r\n", "PROXY TCP6 :: 12345::1 1 1\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 65536 1\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 1 99999999999999999999\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 -1 1\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 +1 1\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 01 1\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 a 1\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 1 00\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 \u{661} 1\r\n",
    ])
    func aLineThatIsNotExactlyAsItHasToBeIsRefused(_ line: String) {
        guard case .malformedLine(let what) = refusal(line) else {
            Issue.record("\(line.debugDescription): \(HeaderSamples.read(HeaderSamples.line(line), sizes: []))")
            return
        }
        #expect(!what.isEmpty)
    }

    @Test func errorsNameThePartAtFaultOnOneLine() {
        #expect(
            refusal("PROXY TCP4 999.2.3.4 1.2.3.4 1 1\r\n")?.description
                == "the PROXY line is malformed: the source address \"999.2.3.4\" is no IPv4 address")
        #expect(
            refusal("PROXY TCP6 :: :: 1 a\nb\r\n")?.description
                == "the PROXY line is malformed: the destination port \"a\\nb\" is not 0 to 65535")
    }

    @Test func aHeaderIsSentAsItIsRead() throws {
        let source = try SocketAddress(ip: "fe80::1%7", port: 1)
        let other = try SocketAddress(ip: "::", port: 65_535)
        let header = ProxyHeader(version: .v1, source: source, destination: other)
        #expect(String(decoding: try header.bytes(), as: UTF8.self) == "PROXY TCP6 fe80::1 :: 1 65535\r\n")
        #expect(String(decoding: try ProxyHeader.unknown.bytes(), as: UTF8.self) == "PROXY UNKNOWN\r\n")
        for other in [try SocketAddress(ip: "192.0.2.1", port: 1), try .unix(path: "/run/x"), .unnamedUnix] {
            let mixed = ProxyHeader(version: .v1, source: source, destination: other)
            #expect(String(decoding: try mixed.bytes(), as: UTF8.self) == "PROXY UNKNOWN\r\n")
        }
        let unix = ProxyHeader(version: .v1, source: try .unix(path: "/a"), destination: try .unix(path: "/b"))
        #expect(String(decoding: try unix.bytes(), as: UTF8.self) == "PROXY UNKNOWN\r\n")
    }
}
