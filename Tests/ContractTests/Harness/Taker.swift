import EventReactor

/// Takes a long stream of the pattern and keeps none of it.
final class Taker: Protocol {
    private(set) var count = 0
    private(set) var isIntact = true
    private(set) var reason: ConnectionLostReason?
    var onMade: (Taker) -> Void = { _ in }
    var onData: (Taker) -> Void = { _ in }
    var onLost: (Taker) -> Void = { _ in }

    override func connectionMade() {
        onMade(self)
    }

    override func dataReceived(_ data: Span<UInt8>) {
        isIntact = isIntact && Pattern.isFound(in: [UInt8](data), from: count)
        count += data.count
        onData(self)
    }

    override func connectionLost(_ reason: ConnectionLostReason) {
        self.reason = reason
        let told = onLost
        onMade = { _ in }
        onData = { _ in }
        onLost = { _ in }
        told(self)
    }
}
