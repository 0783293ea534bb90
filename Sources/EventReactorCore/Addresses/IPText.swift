#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// IP addresses as text: reading in every form of RFC 4291, writing in the one form of RFC 5952.
///
/// Written out rather than left to `inet_pton` and `inet_ntop`: these need C buffers and an address family beforehand, and
/// print some addresses otherwise than RFC 5952 asks.
enum IPText {
    /// Reads either family, IPv6 with or without brackets and scope.
    static func parse(_ text: String, port: UInt16) throws(AddressError) -> SocketAddress.Storage {
        let whole = text.utf8.span
        let isBracketed = whole.starts(with: "[") && whole.ends(with: "]")
        let inner = isBracketed ? whole.extracting(1..<whole.count - 1) : whole
        if inner.isEmpty { throw .emptyHost }
        if !isBracketed, let bits = parseIPv4(inner) {
            return .ipv4(bits: bits, port: port)
        }
        let end = inner.firstIndex(of: UInt8(ascii: "%")) ?? inner.count
        guard let (high, low) = parseIPv6(inner.extracting(..<end)) else { throw .invalidAddress(text) }
        if end == inner.count {
            return .ipv6(high: high, low: low, scope: 0, port: port)
        }
        guard let scope = parseScope(inner.extracting((end + 1)...)) else { throw .invalidAddress(text) }
        return .ipv6(high: high, low: low, scope: scope, port: port)
    }

    /// Four decimal numbers.
    ///
    /// A leading zero is refused: some systems read it as octal.
    private static func parseIPv4(_ text: Span<UInt8>) -> UInt32? {
        var bits: UInt32 = 0
        var start = 0
        for octet in 0..<4 {
            let end = octet == 3 ? text.count : text.firstIndex(of: UInt8(ascii: "."), from: start)
            guard let end else { return nil }
            let digits = text.extracting(start..<end)
            guard digits.count <= 3, let value = parseDecimal(digits), value <= 255 else { return nil }
            if digits.count > 1, digits[0] == UInt8(ascii: "0") { return nil }
            bits = bits << 8 | value
            // Past the end after the last octet, where it is not used again.
            start = end + 1
        }
        return bits
    }

    /// Groups of hexadecimal digits, of which one `::` may leave out some, and the last two may be an IPv4 address.
    private static func parseIPv6(_ text: Span<UInt8>) -> (high: UInt64, low: UInt64)? {
        var groups: [UInt16] = []
        groups.reserveCapacity(8)
        var gap: Int?
        var next = 0
        if text.starts(with: "::") {
            gap = 0
            next = 2
        }
        while next < text.count {
            if groups.count == 8 { return nil }
            let end = text.firstIndex(of: UInt8(ascii: ":"), from: next) ?? text.count
            let piece = text.extracting(next..<end)
            if end == text.count, let bits = parseIPv4(piece) {
                groups += [UInt16(truncatingIfNeeded: bits >> 16), UInt16(truncatingIfNeeded: bits)]
                break
            }
            guard let group = parseGroup(piece) else { return nil }
            groups.append(group)
            if end == text.count { break }
            next = end + 1
            if next == text.count { return nil }
            if text[next] == UInt8(ascii: ":") {
                if gap != nil { return nil }
                gap = groups.count
                next += 1
            }
        }
        if let gap, groups.count < 8 {
            groups.insert(contentsOf: repeatElement(0, count: 8 - groups.count), at: gap)
        } else if gap != nil || groups.count != 8 {
            return nil
        }
        let half = { (part: ArraySlice<UInt16>) in part.reduce(UInt64(0)) { $0 << 16 | UInt64($1) } }
        return (half(groups[..<4]), half(groups[4...]))
    }

    /// One to four hexadecimal digits.
    private static func parseGroup(_ text: Span<UInt8>) -> UInt16? {
        guard 1...4 ~= text.count else { return nil }
        var value: UInt16 = 0
        for index in text.indices {
            guard let digit = Character(UnicodeScalar(text[index])).hexDigitValue else { return nil }
            value = value << 4 | UInt16(digit)
        }
        return value
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
    static func mappedIPv4(_ high: UInt64, _ low: UInt64) -> UInt32? {
        high == 0 && low >> 32 == 0xffff ? UInt32(truncatingIfNeeded: low) : nil
    }

    static func ipv4(_ bits: UInt32) -> String {
        "\(bits >> 24).\(bits >> 16 & 255).\(bits >> 8 & 255).\(bits & 255)"
    }

    /// Lower case, no leading zeros, and `::` for the first longest run of two or more zero groups.
    static func ipv6(_ high: UInt64, _ low: UInt64) -> String {
        if let bits = mappedIPv4(high, low) { return "::ffff:\(ipv4(bits))" }
        let groups = (0..<8).map { UInt16(truncatingIfNeeded: ($0 < 4 ? high : low) >> (48 - 16 * UInt64($0 % 4))) }
        var gap = 0..<0
        var run = 0..<0
        for (index, group) in groups.enumerated() where group == 0 {
            run = run.upperBound == index ? run.lowerBound..<index + 1 : index..<index + 1
            if run.count > max(gap.count, 1) { gap = run }
        }
        let text = { (part: ArraySlice<UInt16>) in part.map { String($0, radix: 16) }.joined(separator: ":") }
        if gap.isEmpty { return text(groups[...]) }
        return "\(text(groups[..<gap.lowerBound]))::\(text(groups[gap.upperBound...]))"
    }
}
