/// A host given as text: a numeric address in its unambiguous form, or a name to resolve.
///
/// The system's resolver also accepts the forms of `inet_aton` (`127.1`, `0x7f.1`, `0177.0.0.1`, `2130706433`).
/// Programs that filter hosts before connecting read these differently or not at all, and would let a forbidden address
/// pass. They are therefore rejected here, before any resolver sees them.
package enum HostText {
    /// Checks that a host is an address or a name.
    ///
    /// - Throws: ``AddressError/ambiguousAddress(_:)``, ``AddressError/invalidAddress(_:)`` for a malformed IPv6
    ///   address, ``AddressError/hostNotASCII(_:)``, ``AddressError/emptyHost``.
    @inline(never)
    package static func check(_ host: String, port: UInt16) throws(AddressError) {
        if host.isEmpty { throw .emptyHost }
        if (try? SocketAddress(ip: host, port: Int(port))) != nil { return }
        // Some resolvers map letters and digits of other scripts to ASCII.
        let bytes = ByteText.bytes(host)
        guard bytes.allSatisfy({ $0 < 0x80 }) else { throw .hostNotASCII(host) }
        if HostText.isMadeOfNumbers(bytes) { throw .ambiguousAddress(host) }
        // No resolver has an answer for these, so none is asked.
        if HostText.looksLikeIPv6(bytes) { throw .invalidAddress(host) }
    }

    /// Whether every label is a number for `inet_aton`, ignoring dots, blanks and brackets at both ends.
    ///
    /// Text with one label that is not a number, such as `1.2.3.4.example`, is a name.
    private static func isMadeOfNumbers(_ host: [UInt8]) -> Bool {
        let isPadding: (UInt8) -> Bool = { $0 <= 0x20 || isBracketOrDot($0) }
        var bytes = host
        while let last = bytes.last, isPadding(last) { bytes.removeLast() }
        while let first = bytes.first, isPadding(first) { bytes.removeFirst() }
        // A scope, which an IPv4 address cannot have.
        bytes = withoutScope(bytes)
        if bytes.isEmpty { return false }
        return ByteText.split(bytes, keepsEmpty: true, at: ".").allSatisfy(isNumber)
    }

    /// Whether it has only characters of an IPv6 address, at least one of them a colon or bracket; a scope may follow.
    private static func looksLikeIPv6(_ host: [UInt8]) -> Bool {
        var hasMark = false
        for byte in withoutScope(host) {
            if byte == UInt8(ascii: ":") || isBracketOrDot(byte) {
                if byte != UInt8(ascii: ".") { hasMark = true }
            } else if !ByteText.isHexDigit(byte) {
                return false
            }
        }
        return hasMark
    }

    private static func isBracketOrDot(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "[") || byte == UInt8(ascii: "]") || byte == UInt8(ascii: ".")
    }

    private static func withoutScope(_ host: [UInt8]) -> [UInt8] {
        ByteText.split(host, keepsEmpty: true, at: "%")[0]
    }

    private static func isNumber(_ label: [UInt8]) -> Bool {
        guard let first = label.first, ByteText.isDigit(first) else { return false }
        // `0x`, followed by any number of hexadecimal digits, including none.
        let isHex = first == UInt8(ascii: "0") && label.count > 1 && label[1] | 0x20 == UInt8(ascii: "x")
        for index in (isHex ? 2 : 1)..<label.count {
            guard isHex ? ByteText.isHexDigit(label[index]) : ByteText.isDigit(label[index]) else { return false }
        }
        return true
    }
}
