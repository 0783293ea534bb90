/// Limits and times of a ``ConnectionPool``.
///
/// ```swift
/// var settings = ConnectionPoolSettings()
/// settings.maximumConnections = 20
/// settings.idleTime = .seconds(30)
/// ```
public struct ConnectionPoolSettings: Hashable, Sendable {
    /// The most connections at once, counted from the connect to the loss; 8 by default, and less than 1 counts as 1.
    public var maximumConnections = 8

    /// The most connections that may be idle; with `nil` (default) all may be, and less than 0 counts as 0.
    ///
    /// If more are returned, those are closed that have been idle longest.
    public var maximumIdle: Int?

    /// How long a connection may be idle before it is closed; a minute by default, `nil` for no limit.
    public var idleTime: Duration? = .seconds(60)

    /// How old a connection may become, from its establishment; `nil` (default) for no limit.
    ///
    /// An older one is closed as soon as it is idle: a borrower is not interrupted.
    public var maximumLifetime: Duration?

    /// The most borrowers that may wait for connections of others to be returned; 1,024 by default, and less than 0 counts
    /// as 0.
    ///
    /// Those for whom a connection is idle or is being made do not count.
    public var maximumWaiters = 1024

    /// How long a borrower waits for a connection, its making and its check included; 30 seconds by default, `nil` for no
    /// limit.
    public var waitTimeout: Duration? = .seconds(30)

    /// How long a health check may take; 5 seconds by default, after which it has failed.
    public var healthCheckTimeout: Duration = .seconds(5)

    /// How long a connection has to have been idle to be checked when it is lent; zero (default): always.
    public var checksAfterIdle: Duration = .zero

    /// Whether new connections are checked too, so that the check can be their login; false by default.
    public var checksNewConnections = false

    /// Creates settings with the defaults.
    public init() {}
}
