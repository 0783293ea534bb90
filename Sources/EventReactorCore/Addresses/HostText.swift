/// The host that a caller gave as text: an address in the one form that everyone reads alike, or a name to resolve.
///
/// The system's resolver also takes the forms of `inet_aton` (`127.1`, `0x7f.1`, `0177.0.0.1`, `2130706433`). Code that
/// checks a host before it is connected to reads them otherwise or not at all, and would let through what it is to keep
/// out. So they are refused here, before any resolver sees them.
package enum HostText: Equatable {
    case address(SocketAddress)
    case name

    /// Tells addresses from names.
    ///
    /// - Throws: ``AddressError/ambiguousAddress(_:)``, ``AddressError/invalidAddress(_:)`` for what only an IPv6
    ///   address could be and is none, ``AddressError/hostNotASCII(_:)``, ``AddressError/emptyHost``.
    package init(_ host: String, port: UInt16) throws(AddressError) {
        if host.isEmpty { throw .emptyHost }
        if let address = try? SocketAddress(ip: host, port: Int(port)) {
            self = .address(address)
            return
        }
        // Some resolvers would map the letters of other scripts, and digits among them, to ASCII.
        guard host.utf8.allSatisfy({ $0 < 0x80 }) else { throw .hostNotASCII(host) }
        if HostText.isMadeOfNumbers(host) { throw .ambiguousAddress(host) }
        // No resolver has an answer to these, and is not asked.
        if HostText.looksLikeIPv6(host) { throw .invalidAddress(host) }
        self = .name
    }

    /// Whether every label is a number to `inet_aton`, whatever there is of dots, blanks and brackets around them.
    ///
    /// A name with one label that is none, such as `1.2.3.4.example`, is a name.
    private static func isMadeOfNumbers(_ host: String) -> Bool {
        let isPadding: (UInt8) -> Bool = { $0 <= 0x20 || "[].".utf8.contains($0) }
        var bytes = host.utf8[...]
        while let last = bytes.last, isPadding(last) { bytes.removeLast() }
        while let first = bytes.first, isPadding(first) { bytes.removeFirst() }
        // The scope of an address that can have none.
        if let scope = bytes.firstIndex(of: UInt8(ascii: "%")) { bytes = bytes[..<scope] }
        if bytes.isEmpty { return false }
        return bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy(isNumber)
    }

    /// Whether it is made of what an IPv6 address is made of, a colon or a bracket among it, with or without a scope.
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
        // `0x` and any number of hexadecimal digits, or of none.
        if first == UInt8(ascii: "0"), let second = rest.first, second | 0x20 == UInt8(ascii: "x") {
            return rest.dropFirst().allSatisfy { isDigit($0) || UInt8(ascii: "a")...UInt8(ascii: "f") ~= ($0 | 0x20) }
        }
        return rest.allSatisfy(isDigit)
    }
}
