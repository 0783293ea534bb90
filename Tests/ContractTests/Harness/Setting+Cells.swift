import EventReactor

extension Setting {
    /// One cell for each reactor and transport, for tests that do not depend on how bytes are moved.
    static let transports = all.filter { $0.movement == .direct }

    /// The same without UNIX sockets: transports with ports.
    static let withPorts = transports.filter { $0.transport != .unix }

    /// The cells of UNIX sockets.
    static let unixSockets = transports.filter { $0.transport == .unix }
}
