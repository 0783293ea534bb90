public import EventReactorCore

extension EndpointParser where Endpoint == ClientEndpoint {
    /// The kinds of clients that need no other module: `tcp` and `unix`.
    ///
    /// | text | |
    /// | --- | --- |
    /// | `tcp:example.org:80` | a name or an address |
    /// | `tcp:[2001:db8::1]:80:timeout=10` | with a timeout in seconds |
    /// | `tcp:example.org:80:bindAddress=192.0.2.1` | from an address; `192.0.2.1\:5000` has a port |
    /// | `unix:/run/echo/socket`, `unix:@echo` | a UNIX socket |
    ///
    /// Each may have `timeout=`: seconds, with decimals if need be, or `none`.
    public static var standard: EndpointParser {
        EndpointParser()
            .adding("tcp") { arguments in try arguments.tcpClient() }
            .adding("unix") { arguments in
                let path = try arguments.next("path").path()
                return .unix(path: path, timeout: try arguments.timeout())
            }
    }
}

extension EndpointArguments {
    fileprivate mutating func timeout() throws(EndpointTextError) -> Duration? {
        guard let given = optional("timeout") else { return .seconds(30) }
        return try given.seconds()
    }

    /// Takes the arguments of a TCP client: a host and a port, with `timeout` and `bindAddress`.
    package mutating func tcpClient() throws(EndpointTextError) -> ClientEndpoint {
        let host = try next("host")
        let port = try next("port").port(from: 1)
        return .tcp(
            host: try host.host(), port: port, timeout: try timeout(),
            bindAddress: try optional("bindAddress")?.address())
    }
}

extension ClientEndpoint {
    /// Reads an endpoint, from a configuration file for example: `tcp:example.org:80:timeout=10`.
    ///
    /// `Documentation/Endpoints.md` has the grammar.
    ///
    /// - Parameters:
    ///   - text: the endpoint.
    ///   - parser: knows the kinds; `EndpointParser.standard` unless given.
    /// - Throws: ``EndpointTextError``, with the place of the fault.
    public init(text: String, by parser: EndpointParser<ClientEndpoint> = .standard) throws(EndpointTextError) {
        self = try parser.parse(text)
    }

    /// The endpoint as text, which `ClientEndpoint(text:)` reads as an equal endpoint.
    ///
    /// It is nil for one that `EndpointParser.standard` has no text for: with TLS or a PROXY header, which objects of the
    /// program settle, made by `address(_:timeout:bindAddress:)`, and with values that no connect takes.
    public var text: String? {
        guard let text = written else { return nil }
        return (try? ClientEndpoint(text: text)) == self ? text : nil
    }

    private var written: String? {
        var text: String
        switch kind {
        case .tcp(let host, let port): text = "tcp:\(EndpointParts.host(host)):\(port)"
        case .unix(let path): text = "unix:\(EndpointParts.path(path))"
        case .address: return nil
        }
        if timeout != .seconds(30) {
            guard let time = timeout.map({ DurationText.of($0) }) ?? "none" else { return nil }
            text += ":timeout=\(time)"
        }
        if let bindAddress {
            guard let host = bindAddress.host, let port = bindAddress.port else { return nil }
            text += ":bindAddress=" + (bindAddress.family == .ipv6 ? "[\(host)]" : host)
            if port != 0 { text += "\\:\(port)" }
        }
        return text
    }
}
