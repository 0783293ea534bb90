#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// IP addresses as text: reading in every form of RFC 4291, writing in the one form of RFC 5952.
///
/// They are not written by `inet_ntop`, which has forms of its own for some.
package enum IPText {
    /// Reads either family, IPv6 with or without brackets and scope.
    static func parse(_ text: String, port: UInt16) throws(AddressError) -> SocketAddress.Storage {
        let whole = text.utf8.span
        let isBracketed = whole.starts(with: "[") && whole.ends(with: "]")
        let inner = isBracketed ? whole.extracting(1..<whole.count - 1) : whole
        if inner.isEmpty { throw .emptyHost }
        if !isBracketed, let (bits, _) = read(inner, AF_INET) {
            return .ipv4(bits: UInt32(truncatingIfNeeded: bits >> 32), port: port)
        }
        let end = inner.firstIndex(of: UInt8(ascii: "%")) ?? inner.count
        guard let (high, low) = read(inner.extracting(..<end), AF_INET6) else { throw .invalidAddress(text) }
        if end == inner.count {
            return .ipv6(high: high, low: low, scope: 0, port: port)
        }
        guard let scope = parseScope(inner.extracting((end + 1)...)) else { throw .invalidAddress(text) }
        return .ipv6(high: high, low: low, scope: scope, port: port)
    }

    /// The bits of an address, from the highest on.
    private static func read(_ text: Span<UInt8>, _ family: Int32) -> (high: UInt64, low: UInt64)? {
        // C would take what is before a NUL for the whole.
        guard text.firstIndex(of: 0) == nil else { return nil }
        var bits: (high: UInt64, low: UInt64) = (0, 0)
        let isAddress = unsafe withUnsafeMutableBytes(of: &bits) { room in
            unsafe inet_pton(family, String(decoding: text, as: UTF8.self), room.baseAddress) == 1
        }
        return isAddress ? (UInt64(bigEndian: bits.high), UInt64(bigEndian: bits.low)) : nil
    }

    /// An interface's number, or the name of one that exists.
    private static func parseScope(_ text: Span<UInt8>) -> UInt32? {
        if let number = parseDecimal(text) { return number }
        // Longer than any interface's name: some C libraries would cut it and find another interface.
        guard 1..<Int(IF_NAMESIZE) ~= text.count, text.firstIndex(of: 0) == nil else { return nil }
        let index = unsafe if_nametoindex(String(decoding: text, as: UTF8.self))
        return index == 0 ? nil : UInt32(index)
    }

    private static func parseDecimal(_ text: Span<UInt8>) -> UInt32? {
        if text.isEmpty { return nil }
        var value: UInt32 = 0
        for index in text.indices {
            let digit = text[index] &- UInt8(ascii: "0")
            let (tenfold, overflowed) = value.multipliedReportingOverflow(by: 10)
            let (sum, carried) = tenfold.addingReportingOverflow(UInt32(digit))
            if digit > 9 || overflowed || carried { return nil }
            value = sum
        }
        return value
    }

    /// The IPv4 address inside `::ffff:0:0/96`.
    package static func mappedIPv4(_ high: UInt64, _ low: UInt64) -> UInt32? {
        high == 0 && low >> 32 == 0xffff ? UInt32(truncatingIfNeeded: low) : nil
    }

    static func ipv4(_ bits: UInt32) -> String {
        "\(bits >> 24).\(bits >> 16 & 255).\(bits >> 8 & 255).\(bits & 255)"
    }

    /// Lower case, no leading zeros, and `::` for the first longest run of two or more zero groups.
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
