import EventReactorCore

/// The delays of a ``ReconnectPolicy``, one after the other.
struct DecorrelatedJitter {
    private let initial: Int64
    private let maximum: Int64
    private var previous: Int64
    private var random: any RandomNumberGenerator

    init(_ policy: ReconnectPolicy, random: any RandomNumberGenerator) {
        initial = max(1_000_000, policy.initialDelay.saturatedNanoseconds)
        maximum = max(1_000_000, policy.maximumDelay.saturatedNanoseconds)
        previous = initial
        self.random = random
    }

    mutating func reset() {
        previous = initial
    }

    mutating func next() -> Duration {
        let (tripled, overflow) = previous.multipliedReportingOverflow(by: 3)
        let width = UInt64((overflow ? Int64.max : tripled) - initial) + 1
        // By hand: the standard library may draw other numbers from a generator in another version.
        let offset = Int64(random.next().multipliedFullWidth(by: width).high)
        previous = min(maximum, initial + offset)
        // Below the initial delay it would have no range to draw from.
        defer { previous = max(previous, initial) }
        return .nanoseconds(previous)
    }
}
