#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Parsing of IP addresses in every form of RFC 4291, and formatting in the canonical form of RFC 5952.
///
/// Formatting does not use `inet_ntop`, whose output differs from RFC 5952 for some addresses.
enum IPText {
    /// Parses an address of either family, IPv6 with or without brackets and scope.
    static func parse(_ text: String, port: UInt16) throws(AddressError) -> SocketAddress.Storage {
        var bytes = ByteText.bytes(text)
        let isBracketed = bytes.count > 1 && bytes.first == UInt8(ascii: "[") && bytes.last == UInt8(ascii: "]")
        if isBracketed {
            bytes.removeLast()
            bytes.removeFirst()
        }
        if bytes.isEmpty { throw .emptyHost }
        if !isBracketed, let (bits, _) = read(bytes, AF_INET) {
            return .ipv4(bits: UInt32(truncatingIfNeeded: bits >> 32), port: port)
        }
        let end = bytes.firstIndex(of: UInt8(ascii: "%")) ?? bytes.count
        guard let (high, low) = read([UInt8](bytes[..<end]), AF_INET6) else { throw .invalidAddress(text) }
        if end == bytes.count {
            return .ipv6(high: high, low: low, scope: 0, port: port)
        }
        guard let scope = parseScope([UInt8](bytes[(end + 1)...])) else { throw .invalidAddress(text) }
        return .ipv6(high: high, low: low, scope: scope, port: port)
    }

    /// The bits of an address, aligned to the most significant.
    @inline(never)
    private static func read(_ text: [UInt8], _ family: Int32) -> (high: UInt64, low: UInt64)? {
        // C would ignore everything after a NUL.
        guard !text.contains(0) else { return nil }
        var bits: (high: UInt64, low: UInt64) = (0, 0)
        let isAddress = unsafe withUnsafeMutableBytes(of: &bits) { room in
            unsafe inet_pton(family, String(decoding: text, as: UTF8.self), room.baseAddress) == 1
        }
        return isAddress ? (UInt64(bigEndian: bits.high), UInt64(bigEndian: bits.low)) : nil
    }

    /// Parses a scope: the index of an interface, or the name of an existing one.
    private static func parseScope(_ text: [UInt8]) -> UInt32? {
        if let index = ByteText.number(text).flatMap({ UInt32(exactly: $0) }) { return index }
        // Some C libraries truncate a longer name, and would find another interface.
        guard 1..<Int(IF_NAMESIZE) ~= text.count, !text.contains(0) else { return nil }
        let index = unsafe if_nametoindex(String(decoding: text, as: UTF8.self))
        return index == 0 ? nil : UInt32(index)
    }

    /// The IPv4 address inside `::ffff:0:0/96`.
    static func mappedIPv4(_ high: UInt64, _ low: UInt64) -> UInt32? {
        high == 0 && low >> 32 == 0xffff ? UInt32(truncatingIfNeeded: low) : nil
    }

    @inline(never)
    static func ipv4(_ bits: UInt32) -> String {
        "\(bits >> 24).\(bits >> 16 & 255).\(bits >> 8 & 255).\(bits & 255)"
    }

    /// Formats in lower case, without leading zeros, and with `::` for the first longest run of two or more zero
    /// groups.
    @inline(never)
    static func ipv6(_ high: UInt64, _ low: UInt64) -> String {
        if let bits = mappedIPv4(high, low) { return "::ffff:\(ipv4(bits))" }
        func group(_ index: Int) -> UInt64 {
            (index < 4 ? high : low) &>> UInt64(48 - 16 * (index & 3)) & 0xffff
        }
        var gap = 0..<0
        var run = 0..<0
        for index in 0..<8 where group(index) == 0 {
            run = run.upperBound == index ? run.lowerBound..<index + 1 : index..<index + 1
            if run.count > max(gap.count, 1) { gap = run }
        }
        var text = ""
        for index in 0..<8 {
            if gap.contains(index) {
                if index == gap.lowerBound { text += "::" }
            } else {
                if index > 0 && index != gap.upperBound { text += ":" }
                text += String(group(index), radix: 16)
            }
        }
        return text
    }
}
