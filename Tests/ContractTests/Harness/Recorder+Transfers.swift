import EventReactor

extension Recorder {
    /// The bytes that the engine keeps in memory for the connection; files and relays keep none for long.
    var engineByteCount: Int {
        guard let connection = transport as? StreamConnection, reason == nil else { return 0 }
        return connection.queue?.byteCount ?? 0
    }
}

extension FileError {
    /// The number of bytes that had been sent when the connection was lost, and the reason.
    var loss: (sent: Int, reason: ConnectionLostReason)? {
        if case .lost(let sent, let reason) = self { (sent, reason) } else { nil }
    }
}
