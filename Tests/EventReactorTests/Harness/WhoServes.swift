import EventReactor

/// Answers each message with the place of the reactor that serves it, and tells of its end.
final class WhoServes: Protocol {
    private let place: UInt8
    private let onLost: (ConnectionLostReason) -> Void

    init(_ reactor: Reactor, onLost: @escaping (ConnectionLostReason) -> Void = { _ in }) {
        place = UInt8(reactor.placeInGroup ?? 255)
        self.onLost = onLost
    }

    override func dataReceived(_ data: Span<UInt8>) {
        transport.write([place])
    }

    override func connectionLost(_ reason: ConnectionLostReason) { onLost(reason) }
}
