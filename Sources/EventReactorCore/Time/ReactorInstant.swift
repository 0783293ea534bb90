/// A point on a reactor's clock: monotonic, and virtual in a simulated reactor.
///
/// A step of the wall clock does not move it. Instants of different reactors compare only if both run on the system's
/// clock.
public struct ReactorInstant: InstantProtocol, Hashable, Sendable {
    /// Nanoseconds since an arbitrary start.
    package let nanoseconds: Int64

    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// The instant that is this much later; the last one that can be represented if there is none.
    public func advanced(by duration: Duration) -> ReactorInstant {
        let (sum, overflow) = nanoseconds.addingReportingOverflow(duration.saturatedNanoseconds)
        if overflow { return ReactorInstant(nanoseconds: duration < .zero ? .min : .max) }
        return ReactorInstant(nanoseconds: sum)
    }

    /// The time from this instant to another, negative if the other is earlier.
    public func duration(to other: ReactorInstant) -> Duration {
        .nanoseconds(other.nanoseconds) - .nanoseconds(nanoseconds)
    }

    /// Whether one instant is before another.
    public static func < (left: ReactorInstant, right: ReactorInstant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }
}
