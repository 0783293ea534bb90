public import EventReactorCore

/// One argument of an endpoint as text: its value, and its offset in the text, for errors.
public struct EndpointArgument: Sendable {
    /// The name of the argument.
    public let name: String

    /// The value, without escapes.
    public let text: String

    /// The place of the value in the whole text, in bytes.
    public let offset: Int

    /// Whether the value begins with a `[` that is not escaped.
    let isBracketed: Bool

    /// Whether the value begins with an `@` that is not escaped.
    let isMarked: Bool

    let wholeText: String

    /// An error at this argument.
    ///
    /// - Parameters:
    ///   - what: what it is, or what it has to be: `"x", not y`. It follows the argument's name and "is".
    ///   - cause: the error from which that follows, if there is one.
    public func invalid(_ what: String, because cause: (any Error)? = nil) -> EndpointTextError {
        EndpointTextError(text: wholeText, offset: offset, fault: .badValue(argument: name, what), cause: cause)
    }

    /// The value as a decimal number.
    ///
    /// - Throws: ``EndpointTextError`` if it has anything but digits, or is not in the range.
    public func number(in range: ClosedRange<Int>) throws(EndpointTextError) -> Int {
        guard let number = ByteText.number(ByteText.bytes(text)), range.contains(number) else {
            throw invalid("\(MessageText.quoted(text)), not \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// The value as a TCP port.
    public func port(from lowest: Int = 0) throws(EndpointTextError) -> Int { try number(in: lowest...65_535) }

    /// The value as the permissions of a file: three or four octal digits.
    public func mode() throws(EndpointTextError) -> UInt16 {
        let digits = ByteText.bytes(text)
        guard 3...4 ~= digits.count, digits.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "7") ~= $0 }) else {
            throw invalid("\(MessageText.quoted(text)), not three or four octal digits, as in 660")
        }
        return digits.reduce(0) { $0 << 3 | UInt16($1 & 7) }
    }

    /// The value as a time in seconds, with up to 18 decimals, such as `10` or `0.25`; `none` is nil.
    public func seconds() throws(EndpointTextError) -> Duration? {
        if text == "none" { return nil }
        guard let time = DurationText.parse(text) else {
            throw invalid("\(MessageText.quoted(text)), not a number of seconds or none")
        }
        return time
    }

    /// The value as a host: a name, or an address, IPv6 in brackets.
    public func host() throws(EndpointTextError) -> String {
        var host = text
        if isBracketed, host.utf8.last == UInt8(ascii: "]") { host = String(host.dropFirst().dropLast()) }
        try check { () throws(AddressError) in try HostText.check(host, port: 0) }
        return host
    }

    /// The value as the path of a UNIX socket; `@name` is the name in Linux's abstract namespace.
    public func path() throws(EndpointTextError) -> String {
        let path = isMarked ? "\0" + text.dropFirst() : text
        try check { () throws(AddressError) in _ = try SocketAddress.unix(path: path) }
        return path
    }

    /// The value as an IP address with or without a port: `192.0.2.1`, `192.0.2.1\:80`, `[::1]`, `[::1]\:80`.
    public func address() throws(EndpointTextError) -> SocketAddress {
        let bytes = ByteText.bytes(text)
        let end = bytes.lastIndex(of: UInt8(ascii: "]")) ?? 0
        var host = text
        var port = 0
        if let colon = bytes[end...].lastIndex(of: UInt8(ascii: ":")) {
            guard let number = ByteText.number([UInt8](bytes[(colon + 1)...])), number <= 65_535 else {
                throw invalid("\(MessageText.quoted(text)), whose port is not 0 to 65535")
            }
            port = number
            host = String(decoding: bytes[..<colon], as: UTF8.self)
        }
        do throws(AddressError) {
            return try SocketAddress(ip: host, port: port)
        } catch {
            throw invalid("wrong: \(error)", because: error)
        }
    }

    private func check(_ body: () throws(AddressError) -> Void) throws(EndpointTextError) {
        do throws(AddressError) {
            try body()
        } catch {
            throw invalid("wrong: \(error)", because: error)
        }
    }
}
