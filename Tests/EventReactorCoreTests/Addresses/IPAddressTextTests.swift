import EventReactorCore
import TestSupport
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// IP addresses as text: the forms of RFC 4291 are read, that of RFC 5952 is written.
@Suite struct IPAddressTextTests {
    @Test(
        arguments: [
            ("0.0.0.0", 0), ("127.0.0.1", 0x7f00_0001), ("255.255.255.255", 0xffff_ffff), ("192.0.2.1", 0xc000_0201),
            ("1.20.255.0", 0x0114_ff00),
        ] as [(String, UInt32)]
    )
    func ipv4IsReadAndWritten(text: String, bits: UInt32) throws {
        let address = try SocketAddress(ip: text, port: 8007)
        #expect(address == SocketAddress(ipv4Bits: bits, port: 8007))
        #expect(address.family == .ipv4)
        #expect(address.host == text)
        #expect(address.port == 8007)
        #expect(address.path == nil)
        #expect(!address.isAbstract)
        #expect(address.description == "\(text):8007")
    }

    @Test(arguments: [
        // Leading zeros are left out (RFC 5952, 4.1).
        ("2001:0db8::0001", "2001:db8::1"),
        ("2001:db8:0:0:0:0:2:1", "2001:db8::2:1"),
        // As much as can be is left out (4.2.1).
        ("2001:db8:0:0:0::2:1", "2001:db8::2:1"),
        ("2001:db8::0:1", "2001:db8::1"),
        // One zero group alone is not left out (4.2.2).
        ("2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
        ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
        // The longest run is left out, of equal ones the first (4.2.3).
        ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
        ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("1:0:0:2:0:0:0:0", "1:0:0:2::"),
        ("0:0:0:0:1:0:0:0", "::1:0:0:0"),
        // Lower case (4.3).
        ("2001:DB8::ABCD:eF", "2001:db8::abcd:ef"),
        // IPv4-mapped in mixed notation (5), and nothing else in it.
        ("::ffff:192.0.2.1", "::ffff:192.0.2.1"),
        ("::FFFF:c000:201", "::ffff:192.0.2.1"),
        ("0:0:0:0:0:ffff:0:0", "::ffff:0.0.0.0"),
        ("::192.0.2.1", "::c000:201"),
        ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
        ("1:2:3:4:5:6:7.8.9.10", "1:2:3:4:5:6:708:90a"),
        // The ends of the range.
        ("::", "::"),
        ("0:0:0:0:0:0:0:0", "::"),
        ("::1", "::1"),
        ("1::", "1::"),
        ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
    ])
    func ipv6IsReadInAnyFormAndWrittenInOne(text: String, canonical: String) throws {
        let address = try SocketAddress(ip: text, port: 80)
        #expect(address.family == .ipv6)
        #expect(address.host == canonical)
        #expect(address.port == 80)
        #expect(address.description == "[\(canonical)]:80")
        #expect(try SocketAddress(ip: "[\(text)]", port: 80) == address)
        #expect(try SocketAddress(ip: canonical, port: 80) == address)
    }

    @Test func bothHalvesOfIPv6KeepTheirOrder() throws {
        let address = try SocketAddress(ip: "1:2:3:4:5:6:7:8", port: 9)
        let expected = SocketAddress(
            ipv6High: 0x0001_0002_0003_0004,
            low: 0x0005_0006_0007_0008,
            scope: 0,
            port: 9
        )
        #expect(address == expected)
    }

    @Test func ipv4MappedStaysIPv6AndDiffersFromIPv4() throws {
        let mapped = try SocketAddress(ip: "::ffff:127.0.0.1", port: 1)
        #expect(mapped.family == .ipv6)
        #expect(mapped != (try SocketAddress(ip: "127.0.0.1", port: 1)))
    }

    @Test(
        arguments: [
            ("fe80::1%2", 2, "[fe80::1%2]:80"), ("[fe80::1%2]", 2, "[fe80::1%2]:80"),
            ("fe80::1%0", 0, "[fe80::1]:80"), ("fe80::1%007", 7, "[fe80::1%7]:80"),
            ("fe80::1%4294967295", 4_294_967_295, "[fe80::1%4294967295]:80"),
            ("::ffff:10.0.0.1%3", 3, "[::ffff:10.0.0.1%3]:80"),
        ] as [(String, UInt32, String)]
    )
    func scopeIsReadAsANumber(text: String, scope: UInt32, description: String) throws {
        let address = try SocketAddress(ip: text, port: 80)
        guard case .ipv6(_, _, let read, _) = address.storage else {
            Issue.record("\(address) is not IPv6")
            return
        }
        #expect(read == scope)
        #expect(address.description == description)
    }

    @Test func scopeIsReadAsTheNameOfAnInterface() throws {
        var buffer = [CChar](repeating: 0, count: Int(IF_NAMESIZE))
        guard unsafe if_indextoname(1, &buffer) != nil else { return }
        let name = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        #expect(try SocketAddress(ip: "fe80::1%\(name)", port: 80).host == "fe80::1%1")
        #expect(try SocketAddress(ip: "[fe80::1%\(name)]", port: 80).host == "fe80::1%1")
        // The C library would stop at the NUL and find the interface.
        #expect(throws: AddressError.self) { try SocketAddress(ip: "fe80::1%\(name)\0x", port: 80) }
    }

    @Test(arguments: [
        // Names and rests of addresses.
        "localhost", "example.com", " 127.0.0.1", "127.0.0.1 ", "127.0.0.1\n", "127.0.0.1\0", "127.0.0.1:80", "::1 ",
        // IPv4.
        "1", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3", "1..2.3", "256.1.1.1", "1.2.3.256", "1.2.3.0004", "01.2.3.4",
        "1.2.3.00", "0x7f.0.0.1", "-1.2.3.4", "+1.2.3.4", "1.2.3.4%1", "[127.0.0.1]", "١.٢.٣.٤", "1.2.3.4294967300",
        "1.2.3.99999999999999999999", "...",
        // IPv6.
        ":", ":::", "1:", ":1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:", ":2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8:9",
        "1:2:3:4::5:6:7:8", "::1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8::", "1::2::3", "::1::", "1:::2", "12345::", "g::",
        "::-1", "::+1", "1:2:3:4:5:6:7:1.2.3.4", "1.2.3.4::", "::1.2.3.4:5", "::1.2.3", "::01.2.3.4", "::1.2.3.256",
        "::ffff:1.2.3.4.5", "::é", "::１",
        // Brackets.
        "[", "]", "[[", "[[]]", "[::1", "::1]", "[[::1]]", "[::1]:80", "[::1] ", " [::1]",
        // Scopes.
        "%", "%1", "::1%", "[::1%]", "[::1]%1", "fe80::1%-1", "fe80::1%+1", "fe80::1%4294967296",
        "fe80::1%no-such-interface", "fe80::1%nosuchif", "fe80::1%1%1", "fe80::1%%", "fe80::1%\0", "fe80::1%1\0",
        "fe80::1%é",
    ])
    func malformedTextIsRefused(text: String) {
        #expect(throws: AddressError.invalidAddress(text)) { try SocketAddress(ip: text, port: 80) }
    }

    @Test(arguments: ["", "[]"])
    func emptyHostIsRefused(text: String) {
        #expect(throws: AddressError.emptyHost) { try SocketAddress(ip: text, port: 80) }
    }

    @Test func hugeTextIsRefused() {
        let texts = [
            String(repeating: "1", count: 100_000), String(repeating: ":", count: 100_000),
            String(repeating: "1:", count: 50_000), "::1%" + String(repeating: "a", count: 100_000),
            "::1%" + String(repeating: "9", count: 100_000),
        ]
        for text in texts {
            #expect(throws: AddressError.invalidAddress(text)) { try SocketAddress(ip: text, port: 80) }
        }
    }

    @Test func anyIPv6AddressReadsBackAsWritten() throws {
        var generator = Numbers(seed: 5952)
        for _ in 0..<5_000 {
            // Sparse masks, so that runs of zero groups are common.
            let high = generator.next() & generator.sparseMask(), low = generator.next() & generator.sparseMask()
            let address = SocketAddress(ipv6High: high, low: low, scope: 0, port: 7)
            #expect(try SocketAddress(ip: address.host ?? "", port: 7) == address)
        }
    }

    @Test func whatTheSystemReadsIsReadAndNothingElse() {
        var generator = Numbers(seed: 4291)
        let alphabet = ["0", "1", "ab", "ffff", ":", "::", ":", "1.2.3.4", "0:0"]
        for _ in 0..<20_000 {
            let text = (0..<Int.random(in: 1...12, using: &generator))
                .map { _ in alphabet.randomElement(using: &generator) ?? "" }.joined()
            var bytes = [UInt8](repeating: 0, count: 16)
            let isIPv6 = unsafe inet_pton(AF_INET6, text, &bytes) == 1
            let isIPv4 = unsafe inet_pton(AF_INET, text, &bytes) == 1
            let address = try? SocketAddress(ip: text, port: 0)
            #expect((address != nil) == (isIPv6 || isIPv4), "\(text)")
            if isIPv6, !isIPv4, case .ipv6(let high, let low, _, _) = address?.storage {
                unsafe inet_pton(AF_INET6, text, &bytes)
                #expect([UInt8](bigEndian: high) + [UInt8](bigEndian: low) == bytes, "\(text)")
            }
        }
    }
}

extension Numbers {
    /// A mask that leaves each group of 16 bits whole or clears it.
    fileprivate mutating func sparseMask() -> UInt64 {
        let choice = next()
        return (0..<4).reduce(0) { $0 | (choice >> $1 & 1) * 0xffff << ($1 * 16) }
    }
}
