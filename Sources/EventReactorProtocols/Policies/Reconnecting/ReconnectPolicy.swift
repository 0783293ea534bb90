/// When a ``ReconnectingClient`` connects again.
///
/// ```swift
/// var policy = ReconnectPolicy()
/// policy.maximumDelay = .seconds(10)
/// policy.maximumAttempts = 20
/// ```
///
/// The delays are exponential back-off with decorrelated jitter, as Amazon's Architecture Blog describes it ("Exponential
/// Backoff and Jitter", 2015): each is `min(maximumDelay, random(initialDelay, 3 * previous delay))`, and the first is
/// drawn as if `initialDelay` had gone before it. So clients that lost the same server do not come back together.
public struct ReconnectPolicy: Hashable, Sendable {
    /// The shortest delay, from which the delays begin; 1 second by default, and less than a millisecond counts as one.
    public var initialDelay: Duration = .seconds(1)

    /// The longest delay; a minute by default.
    ///
    /// No delay is longer, not even if ``initialDelay`` is; less than a millisecond counts as one.
    public var maximumDelay: Duration = .seconds(60)

    /// How long a connection has to live so that the delays and the count of attempts are reset; 10 seconds by default.
    ///
    /// A server that accepts and closes at once is thus not connected to without end at the shortest delay. Zero or
    /// less: every connection resets them.
    public var stableAfter: Duration = .seconds(10)

    /// The most connects in a row without a stable connection; with `nil` (default) there is no limit, and less than 1
    /// counts as 1.
    ///
    /// If the last of them fails, or its connection is lost before it was stable, the client stops.
    public var maximumAttempts: Int?

    /// Creates a policy.
    ///
    /// - Parameters:
    ///   - initialDelay: the shortest delay; 1 second unless given.
    ///   - maximumDelay: the longest delay; a minute unless given.
    ///   - stableAfter: how long a connection has to live to reset the delays; 10 seconds unless given.
    ///   - maximumAttempts: the most connects in a row without a stable connection; no limit unless given.
    public init(
        initialDelay: Duration = .seconds(1), maximumDelay: Duration = .seconds(60),
        stableAfter: Duration = .seconds(10), maximumAttempts: Int? = nil
    ) {
        self.initialDelay = initialDelay
        self.maximumDelay = maximumDelay
        self.stableAfter = stableAfter
        self.maximumAttempts = maximumAttempts
    }
}
