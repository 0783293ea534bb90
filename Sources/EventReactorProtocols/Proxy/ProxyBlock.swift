import EventReactorCore

/// Version 2 of the PROXY header: 16 bytes, then addresses and extensions.
enum ProxyBlock {
    /// The first bytes, by which it is known.
    static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]

    /// The bytes before addresses and extensions.
    static let prefixLength = 16

    /// The bytes of a UNIX address.
    private static let unixLength = 108

    // MARK: Reading

    /// Checks the last of the first bytes, as soon as it is there, so that a wrong header ends early.
    ///
    /// - Returns: the length of the header once it is known; nil before.
    static func check(_ first: [UInt8], limit: Int) throws(ProxyError) -> Int? {
        let byte = first[first.count - 1]
        switch first.count {
        case 13:
            guard byte >> 4 == 2 else { throw .unsupportedVersion(Int(byte >> 4)) }
            guard byte & 15 <= 1 else { throw .unsupportedCommand(Int(byte & 15)) }
        case 14:
            // Ignored for a connection of the proxy's own.
            guard first[12] & 15 == 0 || byte >> 4 <= 3 && byte & 15 <= 2 else { throw .unsupportedFamily(byte) }
        case prefixLength:
            let count = Int(first[14]) << 8 | Int(byte)
            guard count <= limit else { throw .tooLong(byteCount: count, limit: limit) }
            let needed = addressLength(first)
            guard count >= needed else { throw .tooShort(byteCount: count, needed: needed) }
            return prefixLength + count
        default: break
        }
        return nil
    }

    /// The bytes of both addresses and ports; 0 if there are none to be used.
    private static func addressLength(_ header: [UInt8]) -> Int {
        guard header[12] & 15 == 1, header[13] & 15 != 0 else { return 0 }
        switch header[13] >> 4 {
        case 1: return 2 * 4 + 2 * 2
        case 2: return 2 * 16 + 2 * 2
        case 3: return 2 * unixLength
        default: return 0
        }
    }

    /// Reads a header that is complete, and whose first bytes have been checked.
    static func parse(_ header: [UInt8]) throws(ProxyError) -> ProxyHeader {
        let length = addressLength(header)
        let rest = header[(prefixLength + length)...]
        guard length > 0 else {
            // Addresses may come first, in a form that is not known: they are no extensions then.
            let found = try? ProxyExtension.all(in: rest)
            return ProxyHeader(
                .v2, header[12] & 15 == 0 ? .local : .proxy,
                extensions: try checked(found ?? [], of: header))
        }
        let block = [UInt8](header[prefixLength..<prefixLength + length])
        let source: SocketAddress
        let destination: SocketAddress
        switch length {
        case 12:
            source = SocketAddress(
                ipv4Bits: UInt32(truncatingIfNeeded: number(block[0..<4])), port: port(block[8..<10]))
            destination = SocketAddress(
                ipv4Bits: UInt32(truncatingIfNeeded: number(block[4..<8])), port: port(block[10..<12]))
        case 36:
            source = SocketAddress(
                ipv6High: number(block[0..<8]), low: number(block[8..<16]), scope: 0, port: port(block[32..<34]))
            destination = SocketAddress(
                ipv6High: number(block[16..<24]), low: number(block[24..<32]), scope: 0, port: port(block[34..<36]))
        default:
            source = unix(block[..<unixLength])
            destination = unix(block[unixLength...])
        }
        return ProxyHeader(
            .v2, .proxy, source: source, destination: destination, isDatagram: header[13] & 15 == 2,
            extensions: try checked(try ProxyExtension.all(in: rest), of: header))
    }

    /// Checks the extensions that the protocol defines.
    private static func checked(
        _ found: [(item: ProxyExtension, start: Int)], of header: [UInt8]
    ) throws(ProxyError) -> [ProxyExtension] {
        var isSummed = false
        for (item, start) in found {
            switch item.type {
            case ProxyExtension.checksum:
                guard item.value.count == 4, !isSummed else {
                    throw .malformedExtension(type: item.type, isSummed ? "it is repeated" : "it has not 4 bytes")
                }
                isSummed = true
                let sum = CRC32C.of(header, without: start..<start + 4)
                guard number(item.value[...]) == UInt64(sum) else { throw .wrongChecksum }
            case ProxyExtension.uniqueID where item.value.count > 128:
                throw .malformedExtension(type: item.type, "its \(item.value.count) bytes are more than 128")
            case ProxyExtension.tls: _ = try ProxyTLS(item.value)
            default: break
            }
        }
        return found.map(\.item)
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }

    private static func port(_ bytes: ArraySlice<UInt8>) -> UInt16 { UInt16(truncatingIfNeeded: number(bytes)) }

    /// A path up to its first NUL, or an abstract name without the NULs that fill its field.
    private static func unix(_ bytes: ArraySlice<UInt8>) -> SocketAddress {
        guard let last = bytes.lastIndex(where: { $0 != 0 }) else { return .unnamedUnix }
        return SocketAddress(unixBytes: [UInt8](bytes[...last]))
    }

    // MARK: Writing

    /// The bytes of a header.
    static func bytes(of header: ProxyHeader, summed: Bool) throws(ProxyError) -> [UInt8] {
        var family: UInt8 = 0
        var body: [UInt8] = []
        if let source = header.source, let destination = header.destination, source.family == destination.family {
            switch source.family {
            case .ipv4: family = 0x10
            case .ipv6: family = 0x20
            case .unix: family = 0x30
            }
            family |= header.isDatagram ? 2 : 1
            body = address(source) + address(destination)
            for port in [source.port, destination.port] {
                if let port { body += [UInt8(port >> 8), UInt8(port & 0xFF)] }
            }
        }
        for item in header.extensions { item.append(to: &body) }
        if summed { body += [ProxyExtension.checksum, 0, 4, 0, 0, 0, 0] }
        guard let count = UInt16(exactly: body.count) else { throw .notSendable(byteCount: body.count) }
        var bytes = signature
        bytes += [header.command == .local ? 0x20 : 0x21, family, UInt8(count >> 8), UInt8(count & 0xFF)]
        bytes += body
        if summed {
            let sum = CRC32C.of(bytes)
            for index in 0..<4 { bytes[bytes.count - 4 + index] = UInt8(truncatingIfNeeded: sum >> (24 - 8 * index)) }
        }
        return bytes
    }

    private static func address(_ address: SocketAddress) -> [UInt8] {
        func bytes(_ number: UInt64, _ count: Int) -> [UInt8] {
            (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * (count - 1 - $0))) }
        }
        switch address.storage {
        case .ipv4(let bits, _): return bytes(UInt64(bits), 4)
        case .ipv6(let high, let low, _, _): return bytes(high, 8) + bytes(low, 8)
        case .unix:
            let name = [UInt8](address.unixBytes.prefix(unixLength))
            return name + [UInt8](repeating: 0, count: unixLength - name.count)
        }
    }
}
