import EventReactor

extension Setting {
    /// One cell a reactor and transport, for what does not depend on how bytes are moved.
    static let transports = all.filter { $0.movement == .direct }

    /// The same without UNIX sockets: what has ports.
    static let withPorts = transports.filter { $0.transport != .unix }

    /// The cells of UNIX sockets.
    static let unixSockets = transports.filter { $0.transport == .unix }
}
