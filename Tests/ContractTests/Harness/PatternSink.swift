import EventReactor

/// Checks a long stream of the pattern as it arrives, and keeps none of it.
final class PatternSink: Protocol {
    private(set) var count = 0
    private(set) var isIntact = true
    private(set) var reason: ConnectionLostReason?
    var onMade: (PatternSink) -> Void = { _ in }
    var onData: (PatternSink) -> Void = { _ in }
    var onLost: (PatternSink) -> Void = { _ in }

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
        let callback = onLost
        onMade = { _ in }
        onData = { _ in }
        onLost = { _ in }
        callback(self)
    }
}
