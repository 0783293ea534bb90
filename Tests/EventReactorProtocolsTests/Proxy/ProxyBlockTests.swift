import EventReactorProtocols
import EventReactorTesting
import Testing

@Suite("PROXY protocol: version 2")
struct ProxyBlockTests {
    private typealias Samples = HeaderSamples

    private func tlv(_ type: UInt8, _ value: [UInt8]) -> [UInt8] {
        [type, UInt8(value.count >> 8), UInt8(value.count & 0xFF)] + value
    }

    @Test func addressesOfAllFamiliesAreRead() throws {
        let ipv4 = try #require(Samples.header(Samples.block(0x21, 0x11, Samples.ipv4Body)))
        #expect(ipv4.version == .v2 && ipv4.command == .proxy && !ipv4.isDatagram)
        #expect(ipv4.source?.description == "192.0.2.1:56260")
        #expect(ipv4.destination?.description == "198.51.100.2:443")
        let body =
            [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [1]
            + [UInt8](repeating: 0xFF, count: 16) + [0, 1, 0xFF, 0xFF]
        let ipv6 = try #require(Samples.header(Samples.block(0x21, 0x21, body)))
        #expect(ipv6.source?.description == "[2001:db8::1]:1")
        #expect(ipv6.destination?.host == "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
        #expect(ipv6.destination?.port == 65_535)
        func name(_ text: String) -> [UInt8] {
            [UInt8](text.utf8) + [UInt8](repeating: 0, count: 108 - text.utf8.count)
        }
        let unix = try #require(Samples.header(Samples.block(0x21, 0x31, name("/run/x") + name("\0abstract"))))
        #expect(unix.source?.path == "/run/x" && unix.destination?.description == "unix:@abstract")
        let full = String(repeating: "p", count: 108)
        let unnamed = try #require(Samples.header(Samples.block(0x21, 0x31, name("") + name(full))))
        #expect(unnamed.source == .unnamedUnix && unnamed.destination?.path == full)
        #expect(Samples.header(Samples.block(0x21, 0x12, Samples.ipv4Body))?.isDatagram == true)
    }

    @Test func localAndUnspecifiedHeadersGiveNoAddresses() throws {
        #expect(Samples.header(Samples.block(0x20, 0, [])) == .local)
        // The block is skipped, whatever it is.
        let junk = [UInt8](repeating: 0xEE, count: 300)
        for (command, family) in [(0x20, 0), (0x20, 0x11), (0x20, 0xFF), (0x21, 0), (0x21, 0x01), (0x21, 0x10)]
            as [(UInt8, UInt8)]
        {
            let header = try #require(Samples.header(Samples.block(command, family, junk)))
            #expect(header.source == nil && header.destination == nil && header.extensions.isEmpty)
            #expect(header.command == (command == 0x20 ? .local : .proxy))
        }
    }

    @Test func headersThatTheProtocolDoesNotHaveAreRefusedAtTheByteAtFault() {
        func early(_ bytes: [UInt8]) -> ProxyError? {
            // Not before that byte.
            #expect(Samples.read([UInt8](bytes.dropLast()), sizes: []).outcome == .step(.needsMore))
            return Samples.error(bytes)
        }
        #expect(early(Samples.signature + [0x11]) == .unsupportedVersion(1))
        #expect(early(Samples.signature + [0x31]) == .unsupportedVersion(3))
        #expect(early(Samples.signature + [0x22]) == .unsupportedCommand(2))
        #expect(early(Samples.signature + [0x2F]) == .unsupportedCommand(15))
        #expect(early(Samples.signature + [0x21, 0x41]) == .unsupportedFamily(0x41))
        #expect(early(Samples.signature + [0x21, 0x13]) == .unsupportedFamily(0x13))
        #expect(early(Samples.signature + [0x21, 0x11, 0, 11]) == .tooShort(byteCount: 11, needed: 12))
        #expect(early(Samples.signature + [0x21, 0x21, 0, 35]) == .tooShort(byteCount: 35, needed: 36))
        #expect(early(Samples.signature + [0x21, 0x32, 0, 215]) == .tooShort(byteCount: 215, needed: 216))
        #expect(early(Samples.signature + [0x21, 0x11, 0x10, 0x01]) == .tooLong(byteCount: 4097, limit: 4096))
        #expect(early(Samples.signature + [0x20, 0x00, 0xFF, 0xFF]) == .tooLong(byteCount: 65_535, limit: 4096))
    }

    @Test func theLengthThatIsAllowedIsASetting() throws {
        let bytes = Samples.block(0x21, 0x11, Samples.ipv4Body + tlv(0xE0, [UInt8](repeating: 7, count: 85)))
        #expect(Samples.read(bytes + [9], sizes: [], maximumLength: 100).data == [9])
        let refused = Samples.Outcome.refused(.tooLong(byteCount: 100, limit: 99))
        #expect(Samples.read(bytes, sizes: [], maximumLength: 99).outcome == refused)
        let longest = try ProxyExtension(type: 0xEE, value: [UInt8](repeating: 1, count: 65_535 - 12 - 3))
        let address = try SocketAddress(ip: "192.0.2.1", port: 1)
        let header = ProxyHeader(source: address, destination: address, extensions: [longest])
        let sent = try header.bytes()
        #expect(
            Samples.read(sent, sizes: [1000], maximumLength: .max).outcome == .step(.header(header, consumed: 0)))
        #expect(throws: ProxyError.notSendable(byteCount: 65_542)) { _ = try header.bytes(checksum: true) }
        #expect(throws: ProxyError.self) { try ProxyExtension(type: 1, value: [UInt8](repeating: 1, count: 65_536)) }
    }

    @Test func extensionsAreReadByTheirMeaning() throws {
        let tls =
            [0x07, 0, 0, 0, 0] + tlv(0x21, [UInt8]("TLSv1.3".utf8)) + tlv(0x22, [UInt8]("client".utf8))
            + tlv(0x23, [UInt8]("TLS_AES".utf8)) + tlv(0x24, [UInt8]("SHA256".utf8))
            + tlv(0x25, [UInt8]("RSA2048".utf8))
        let body =
            Samples.ipv4Body + tlv(0x04, [0, 0]) + tlv(0x01, [UInt8]("h2".utf8))
            + tlv(0x02, [UInt8]("example.org".utf8)) + tlv(0x05, [9, 8, 7]) + tlv(0x20, tls)
            + tlv(0x30, [UInt8]("blue".utf8)) + tlv(0xE3, []) + tlv(0x02, [UInt8]("second".utf8))
        let header = try #require(Samples.header(Samples.block(0x21, 0x11, body)))
        #expect(header.applicationProtocol == "h2" && header.authority == "example.org")
        #expect(header.uniqueID == [9, 8, 7] && header.networkNamespace == "blue")
        #expect(header.value(of: 0xE3) == [] && header.value(of: 0xE4) == nil)
        #expect(header.extensions.map(\.type) == [1, 2, 5, 0x20, 0x30, 0xE3, 2])
        let read = try #require(header.tls)
        #expect(read.isUsed && read.hasCertificate && read.hasCertificateInSession && read.isVerified)
        #expect(read.version == "TLSv1.3" && read.commonName == "client" && read.cipher == "TLS_AES")
        #expect(read.signatureAlgorithm == "SHA256" && read.keyAlgorithm == "RSA2048")
        let bare = try #require(
            Samples.header(Samples.block(0x21, 0x11, Samples.ipv4Body + tlv(0x20, [1, 0, 0, 1, 2]))))
        #expect(bare.tls?.isVerified == false && bare.tls?.verifyResult == 258 && bare.tls?.version == nil)
        let invalid = try #require(Samples.header(Samples.block(0x21, 0x11, Samples.ipv4Body + tlv(0x02, [0xFF]))))
        #expect(invalid.authority == nil && invalid.value(of: ProxyExtension.authority) == [0xFF])
    }

    @Test(
        arguments: [
            [0x01], [0x01, 0], [0x01, 0, 2, 7], [0xE0, 0, 0, 0xE1], [0x05, 0, 129] + [UInt8](repeating: 1, count: 129),
            [0x20, 0, 4, 1, 0, 0, 0], [0x20, 0, 6, 1, 0, 0, 0, 0, 0x21], [0x20, 0, 8, 1, 0, 0, 0, 0, 0x21, 0, 9],
            [0x03, 0, 3, 1, 2, 3],
        ] as [[UInt8]])
    func extensionsThatDoNotFitAreRefused(_ bytes: [UInt8]) {
        let error = Samples.error(Samples.block(0x21, 0x11, Samples.ipv4Body + bytes))
        guard case .malformedExtension? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func aChecksumIsChecked() throws {
        let address = try SocketAddress(ip: "192.0.2.1", port: 80)
        let header = ProxyHeader(
            source: address, destination: address, extensions: [try ProxyExtension(type: 0xE0, value: [1, 2, 3])])
        let bytes = try header.bytes(checksum: true)
        #expect(Samples.header(bytes) == header)
        // But for the type of the checksum itself: without one there is nothing to check.
        for index in 16..<bytes.count where index != bytes.count - 7 {
            var damaged = bytes
            damaged[index] ^= 0x20
            #expect(Samples.header(damaged) == nil, "\(index)")
        }
        let sum = [UInt8](bytes.suffix(7))
        let twice = Samples.block(0x21, 0x11, [UInt8](bytes[16...]) + sum)
        #expect(Samples.header(twice) == nil)
    }

    /// The check value of CRC-32C, that of "123456789", is 0xE3069283 (RFC 3720's and RFC 4960's algorithm).
    @Test func theChecksumIsThatOfOtherImplementations() throws {
        // Bytes and checksum of the header that HAProxy 2.6.12 sends are compared by Tests/ProxyPeers/haproxy.py. Here:
        // a header whose checksum was computed bit by bit.
        let address = try SocketAddress(ip: "127.0.0.1", port: 1)
        var bytes = try ProxyHeader(source: address, destination: address).bytes(checksum: true)
        let sum = bytes.suffix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        bytes.replaceSubrange((bytes.count - 4)..., with: [0, 0, 0, 0])
        var rest = UInt32.max
        for byte in bytes {
            rest ^= UInt32(byte)
            for _ in 0..<8 { rest = rest & 1 == 0 ? rest >> 1 : rest >> 1 ^ 0x82F6_3B78 }
        }
        #expect(sum == ~rest)
    }
}
