public import EventReactorCore

/// The connection whose protocol is called with frames, during one callback.
@usableFromInline
struct FrameDelivery {
    private let transport: any Transport
    private let connection: StreamConnection?

    @usableFromInline
    init(_ transport: any Transport) {
        self.transport = transport
        connection = StreamConnection.of(transport)
    }

    /// Whether the next frame is to be delivered: reading is not paused, the connection not closing, and the protocol
    /// still its own.
    @usableFromInline
    var goesOn: Bool { connection?.deliversMore ?? !transport.isClosing }

    /// Leaves bytes to the connection, which delivers them later, to the protocol that it has then.
    @usableFromInline
    func keep(_ rest: Span<UInt8>) { connection?.keepUnread(rest) }

    /// Has the protocol called once more, as soon as it may be, though no byte has arrived.
    func comeBack() { connection?.deliverDue() }

    /// Closes in order, with an error as the reason.
    func end(because error: any Error) {
        if let connection { connection.endForLayer(because: error) } else { transport.loseConnection() }
    }
}
