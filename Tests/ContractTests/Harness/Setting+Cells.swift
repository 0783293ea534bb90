import EventReactor

extension Setting {
    /// One cell for each reactor and transport, for tests that do not depend on how bytes are moved.
    static let transports = all.filter { $0.movement == .direct }

    /// The cells in which a connection is there as soon as it is accepted: without a handshake, which a server that
    /// refuses a peer does not begin.
    static let withoutHandshake = all.filter { !$0.transport.isSecured }

    /// The same without UNIX sockets, in the clear: transports with ports.
    static let withPorts = transports.filter { $0.transport != .unix && !$0.transport.isSecured }

    /// The cells of UNIX sockets.
    static let unixSockets = transports.filter { $0.transport == .unix }
}
