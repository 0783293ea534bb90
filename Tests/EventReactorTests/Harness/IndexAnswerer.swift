import EventReactor

/// Answers each message with the index of the reactor that serves it, and reports its end.
final class IndexAnswerer: Protocol {
    private let index: UInt8
    private let onLost: (ConnectionLostReason) -> Void

    init(_ reactor: Reactor, onLost: @escaping (ConnectionLostReason) -> Void = { _ in }) {
        index = UInt8(reactor.placeInGroup ?? 255)
        self.onLost = onLost
    }

    override func dataReceived(_ data: Span<UInt8>) {
        transport.write([index])
    }

    override func connectionLost(_ reason: ConnectionLostReason) { onLost(reason) }
}
