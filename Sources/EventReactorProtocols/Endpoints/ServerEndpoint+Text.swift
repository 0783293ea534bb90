public import EventReactorCore

extension EndpointParser where Endpoint == ServerEndpoint {
    /// The kinds of servers that need no other module: `tcp` and `unix`.
    ///
    /// | text | |
    /// | --- | --- |
    /// | `tcp:8080` | IPv4 and IPv6 at once |
    /// | `tcp:127.0.0.1:8080`, `tcp:[::1]:8080` | one address, or a name |
    /// | `tcp:8080:interface=127.0.0.1` | the same, as Twisted writes it |
    /// | `unix:/run/echo/socket:mode=660` | a UNIX socket, with the permissions of its file |
    /// | `unix:@echo` | a name in Linux's abstract namespace |
    ///
    /// Each may have `backlog=`, from 1 on.
    public static var standard: EndpointParser {
        EndpointParser()
            .adding("tcp") { arguments in try arguments.tcpServer() }
            .adding("unix") { arguments in
                let path = try arguments.next("path").path()
                return .unix(
                    path: path, mode: try arguments.optional("mode")?.mode(),
                    backlog: try arguments.backlog())
            }
    }
}

extension EndpointArguments {
    /// The default backlog of the endpoints.
    private static let defaultBacklog = 4096

    fileprivate mutating func backlog() throws(EndpointTextError) -> Int {
        try optional("backlog")?.number(in: 1...Int(Int32.max)) ?? EndpointArguments.defaultBacklog
    }

    /// Takes the arguments of a TCP server: a port alone, or a host and a port, with `interface` and `backlog`.
    package mutating func tcpServer() throws(EndpointTextError) -> ServerEndpoint {
        let first = positionalCount > 1 ? try next("host") : nil
        let port = try next("port").port()
        let interface = optional("interface")
        if let first, let interface {
            throw interface.invalid("given beside the host \(MessageText.quoted(first.text))")
        }
        return .tcp(port: port, host: try (first ?? interface)?.host() ?? "", backlog: try backlog())
    }
}

extension ServerEndpoint {
    /// Reads an endpoint, from a configuration file for example: `tcp:8080`, `unix:/run/echo/socket:mode=660`.
    ///
    /// ```swift
    /// let endpoint = try ServerEndpoint(text: "tcp:[::1]:8080:backlog=128")
    /// ```
    ///
    /// `Documentation/Endpoints.md` has the grammar. Everything that can be checked without a system call on a socket is:
    /// ports, paths, and the form of addresses and names.
    ///
    /// - Parameters:
    ///   - text: the endpoint.
    ///   - parser: knows the kinds; `EndpointParser.standard` unless given.
    /// - Throws: ``EndpointTextError``, with the place of the fault.
    public init(text: String, by parser: EndpointParser<ServerEndpoint> = .standard) throws(EndpointTextError) {
        self = try parser.parse(text)
    }

    /// The endpoint as text, which `ServerEndpoint(text:)` reads as an equal endpoint.
    ///
    /// It is nil for one that `EndpointParser.standard` has no text for: with TLS or the PROXY protocol, which objects
    /// of the program settle, with inherited sockets, and with values that no listener takes.
    public var text: String? {
        guard let text = written else { return nil }
        // Values that listening refuses can be in an endpoint, and not in a text.
        return (try? ServerEndpoint(text: text)) == self ? text : nil
    }

    private var written: String? {
        var text: String
        switch kind {
        case .tcp(let port, let host):
            text = "tcp:\(host.isEmpty ? "" : EndpointParts.host(host) + ":")\(port)"
        case .unix(let path, let mode):
            text = "unix:\(EndpointParts.path(path))"
            if let mode {
                let digits = String(mode, radix: 8)
                text += ":mode=" + String(repeating: "0", count: max(0, 3 - digits.count)) + digits
            }
        case .inherited: return nil
        }
        if backlog != 4096 { text += ":backlog=\(backlog)" }
        return text
    }
}

extension EndpointParts {
    /// A host as an argument without a name: IPv6 in brackets.
    static func host(_ host: String) -> String {
        let isIPv6 =
            host.utf8.contains(UInt8(ascii: ":"))
            && host.utf8.allSatisfy { $0 != UInt8(ascii: "[") && $0 != UInt8(ascii: "]") }
        return isIPv6 ? "[" + host + "]" : escape(host)
    }

    /// A path as an argument without a name: an abstract name begins with `@`.
    static func path(_ path: String) -> String {
        guard path.utf8.first == 0 else { return escape(path) }
        return "@" + escape(String(decoding: ByteText.bytes(path)[1...], as: UTF8.self), isAtStart: false)
    }
}
