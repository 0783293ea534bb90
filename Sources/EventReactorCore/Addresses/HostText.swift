/// A host given as text: a numeric address in its unambiguous form, or a name to resolve.
///
/// The system's resolver also accepts the forms of `inet_aton` (`127.1`, `0x7f.1`, `0177.0.0.1`, `2130706433`).
/// Programs that filter hosts before connecting read these differently or not at all, and would let a forbidden address
/// pass. They are therefore rejected here, before any resolver sees them.
package enum HostText: Equatable {
    case address(SocketAddress)
    case name

    /// Classifies a host as an address or a name.
    ///
    /// - Throws: ``AddressError/ambiguousAddress(_:)``, ``AddressError/invalidAddress(_:)`` for a malformed IPv6
    ///   address, ``AddressError/hostNotASCII(_:)``, ``AddressError/emptyHost``.
    package init(_ host: String, port: UInt16) throws(AddressError) {
        if host.isEmpty { throw .emptyHost }
        if let address = try? SocketAddress(ip: host, port: Int(port)) {
            self = .address(address)
            return
        }
        // Some resolvers map letters and digits of other scripts to ASCII.
        guard host.utf8.allSatisfy({ $0 < 0x80 }) else { throw .hostNotASCII(host) }
        if HostText.isMadeOfNumbers(host) { throw .ambiguousAddress(host) }
        // No resolver has an answer for these, so none is asked.
        if HostText.looksLikeIPv6(host) { throw .invalidAddress(host) }
        self = .name
    }

    /// Whether every label is a number for `inet_aton`, ignoring dots, blanks and brackets at both ends.
    ///
    /// Text with one label that is not a number, such as `1.2.3.4.example`, is a name.
    private static func isMadeOfNumbers(_ host: String) -> Bool {
        let isPadding: (UInt8) -> Bool = { $0 <= 0x20 || "[].".utf8.contains($0) }
        var bytes = host.utf8[...]
        while let last = bytes.last, isPadding(last) { bytes.removeLast() }
        while let first = bytes.first, isPadding(first) { bytes.removeFirst() }
        // A scope, which an IPv4 address cannot have.
        if let scope = bytes.firstIndex(of: UInt8(ascii: "%")) { bytes = bytes[..<scope] }
        if bytes.isEmpty { return false }
        return bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy(isNumber)
    }

    /// Whether it has only characters of an IPv6 address, at least one of them a colon or bracket; a scope may follow.
    private static func looksLikeIPv6(_ host: String) -> Bool {
        let digits = host.utf8.prefix { $0 != UInt8(ascii: "%") }
        guard digits.contains(where: { ":[]".utf8.contains($0) }) else { return false }
        return digits.allSatisfy { byte in
            UInt8(ascii: "0")...UInt8(ascii: ":") ~= byte || UInt8(ascii: "a")...UInt8(ascii: "f") ~= byte | 0x20
                || "[].".utf8.contains(byte)
        }
    }

    private static func isNumber(_ label: Substring.UTF8View.SubSequence) -> Bool {
        let isDigit: (UInt8) -> Bool = { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
        guard let first = label.first, isDigit(first) else { return false }
        let rest = label.dropFirst()
        // `0x`, followed by any number of hexadecimal digits, including none.
        if first == UInt8(ascii: "0"), let second = rest.first, second | 0x20 == UInt8(ascii: "x") {
            return rest.dropFirst().allSatisfy { isDigit($0) || UInt8(ascii: "a")...UInt8(ascii: "f") ~= ($0 | 0x20) }
        }
        return rest.allSatisfy(isDigit)
    }
}
