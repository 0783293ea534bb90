import EventReactorCore

/// Version 1 of the PROXY header: one line of text.
enum ProxyLine {
    /// The first bytes, by which it is known.
    static let signature = [UInt8]("PROXY ".utf8)

    /// The most bytes of a line with its end (section 2.1): those of `UNKNOWN` with two IPv6 addresses.
    static let maximumLength = 107

    /// Reads a line.
    ///
    /// - Parameter line: from the signature to its CRLF.
    static func parse(_ line: [UInt8]) throws(ProxyError) -> ProxyHeader {
        let content = [UInt8](line[signature.count..<line.count - 2])
        let fields = ByteText.split(content, keepsEmpty: true, at: " ")
        let family: SocketAddress.Family
        switch String(decoding: fields[0], as: UTF8.self) {
        // Whatever follows is ignored, as the protocol asks.
        case "UNKNOWN": return .unknown
        case "TCP4": family = .ipv4
        case "TCP6": family = .ipv6
        default: throw .malformedLine("the protocol is none of TCP4, TCP6 and UNKNOWN")
        }
        guard fields.count == 5 else {
            throw .malformedLine("it has \(fields.count) fields, and not 5 with one space between them")
        }
        return ProxyHeader(
            .v1, .proxy, source: try address(fields[1], port: fields[3], family, "source"),
            destination: try address(fields[2], port: fields[4], family, "destination"))
    }

    /// An address in the forms that the protocol has: no brackets, no scope, no leading zeros.
    private static func address(
        _ host: [UInt8], port: [UInt8], _ family: SocketAddress.Family, _ end: String
    ) throws(ProxyError) -> SocketAddress {
        let isNumber = !port.isEmpty && port.count <= 5 && (port.count == 1 || port[0] != UInt8(ascii: "0"))
        guard isNumber, let number = ByteText.number(port), number <= Int(UInt16.max) else {
            throw .malformedLine("the \(end) port \(MessageText.quoted(text(port))) is not 0 to 65535")
        }
        guard host.allSatisfy(family == .ipv4 ? isOfIPv4 : isOfIPv6),
            let address = try? SocketAddress(ip: text(host), port: number), address.family == family
        else {
            let name = family == .ipv4 ? "IPv4" : "IPv6"
            throw .malformedLine("the \(end) address \(MessageText.quoted(text(host))) is no \(name) address")
        }
        return address
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    private static func isOfIPv4(_ byte: UInt8) -> Bool {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || byte == UInt8(ascii: ".")
    }

    /// Also dots: `::ffff:192.0.2.1` is how most programs write an IPv4-mapped address.
    private static func isOfIPv6(_ byte: UInt8) -> Bool {
        isOfIPv4(byte) || byte == UInt8(ascii: ":") || UInt8(ascii: "a")...UInt8(ascii: "f") ~= byte | 0x20
    }

    /// The line of a header: `UNKNOWN` without addresses that it can say.
    static func bytes(of header: ProxyHeader) -> [UInt8] {
        guard let source = header.source, let destination = header.destination, source.family == destination.family,
            let from = host(source), let to = host(destination), let fromPort = source.port,
            let toPort = destination.port
        else { return signature + [UInt8]("UNKNOWN\r\n".utf8) }
        let family = source.family == .ipv4 ? "TCP4" : "TCP6"
        return signature + [UInt8]("\(family) \(from) \(to) \(fromPort) \(toPort)\r\n".utf8)
    }

    /// The address without a scope, which means nothing on another machine.
    private static func host(_ address: SocketAddress) -> String? {
        switch address.storage {
        case .ipv4: address.host
        case .ipv6(let high, let low, _, let port): SocketAddress(ipv6High: high, low: low, scope: 0, port: port).host
        case .unix: nil
        }
    }
}
