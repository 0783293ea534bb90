public import EventReactorCore

/// The reason why a ``ConnectionPool`` lends no connection.
public enum PoolError: Error, Sendable {
    /// No connection came within ``ConnectionPoolSettings/waitTimeout``.
    case timedOut(after: Duration)

    /// As many borrowers as ``ConnectionPoolSettings/maximumWaiters`` allows are waiting.
    case tooManyWaiters(limit: Int)

    /// A connect failed; it is reported to the waiter that was first in line.
    case connectFailed(ConnectError)

    /// A new connection was lost before it could be lent; it is reported to the waiter that was first in line.
    case connectionLost(ConnectionLostReason)

    /// A new connection failed the health check, or did not pass it in time; it is reported to the waiter that was first
    /// in line.
    case unhealthy

    /// The pool is closed or drains, or its reactor is closed.
    case closed

    /// The reactor stopped while the borrower waited, or is closing its connections.
    case reactorStopped
}

extension PoolError: CustomStringConvertible {
    /// The error as a message.
    public var description: String {
        switch self {
        case .timedOut(let time): "no connection of the pool was free within \(time)"
        case .tooManyWaiters(let limit): "too many wait for a connection of the pool, the limit is \(limit)"
        case .connectFailed(let error): "\(error)"
        case .connectionLost(let reason): "a new connection of the pool ended: \(reason)"
        case .unhealthy: "a new connection of the pool failed its health check"
        case .closed: "the pool of connections is closed"
        case .reactorStopped: "the reactor of the pool stopped"
        }
    }
}
