import EventReactor

extension Recorder {
    /// What the engine holds for the connection, which costs memory; files and relays take none of it for long.
    var engineByteCount: Int {
        guard let connection = transport as? StreamConnection, reason == nil else { return 0 }
        return connection.queue?.byteCount ?? 0
    }
}

extension FileError {
    /// How many bytes had been sent when the connection was lost, and why it was.
    var loss: (sent: Int, reason: ConnectionLostReason)? {
        if case .lost(let sent, let reason) = self { (sent, reason) } else { nil }
    }
}
