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
package enum IPText {
    /// Parses an address of either family, IPv6 with or without brackets and scope.
    static func parse(_ text: String, port: UInt16) throws(AddressError) -> SocketAddress.Storage {
        let isBracketed = text.hasPrefix("[") && text.hasSuffix("]")
        let inner = isBracketed ? text.dropFirst().dropLast() : text[...]
        if inner.isEmpty { throw .emptyHost }
        if !isBracketed, let (bits, _) = read(inner, AF_INET) {
            return .ipv4(bits: UInt32(truncatingIfNeeded: bits >> 32), port: port)
        }
        let end = inner.firstIndex(of: "%") ?? inner.endIndex
        guard let (high, low) = read(inner[..<end], AF_INET6) else { throw .invalidAddress(text) }
        if end == inner.endIndex {
            return .ipv6(high: high, low: low, scope: 0, port: port)
        }
        guard let scope = parseScope(inner[end...].dropFirst()) else { throw .invalidAddress(text) }
        return .ipv6(high: high, low: low, scope: scope, port: port)
    }

    /// The bits of an address, aligned to the most significant.
    private static func read(_ text: Substring, _ family: Int32) -> (high: UInt64, low: UInt64)? {
        // C would ignore everything after a NUL.
        guard !text.utf8.contains(0) else { return nil }
        var bits: (high: UInt64, low: UInt64) = (0, 0)
        let isAddress = unsafe withUnsafeMutableBytes(of: &bits) { room in
            unsafe inet_pton(family, String(text), room.baseAddress) == 1
        }
        return isAddress ? (UInt64(bigEndian: bits.high), UInt64(bigEndian: bits.low)) : nil
    }

    /// Parses a scope: the index of an interface, or the name of an existing one.
    private static func parseScope(_ text: Substring) -> UInt32? {
        if let index = parseDecimal(text) { return index }
        // Some C libraries truncate a longer name, and would find another interface.
        guard 1..<Int(IF_NAMESIZE) ~= text.utf8.count, !text.utf8.contains(0) else { return nil }
        let index = unsafe if_nametoindex(String(text))
        return index == 0 ? nil : UInt32(index)
    }

    /// Parses digits alone: `UInt32.init` would also accept a sign.
    private static func parseDecimal(_ text: Substring) -> UInt32? {
        guard let first = text.utf8.first, UInt8(ascii: "0")...UInt8(ascii: "9") ~= first else { return nil }
        return UInt32(text)
    }

    /// The IPv4 address inside `::ffff:0:0/96`.
    package static func mappedIPv4(_ high: UInt64, _ low: UInt64) -> UInt32? {
        high == 0 && low >> 32 == 0xffff ? UInt32(truncatingIfNeeded: low) : nil
    }

    static func ipv4(_ bits: UInt32) -> String {
        "\(bits >> 24).\(bits >> 16 & 255).\(bits >> 8 & 255).\(bits & 255)"
    }

    /// Formats in lower case, without leading zeros, and with `::` for the first longest run of two or more zero
    /// groups.
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
