public import EventReactorCore

/// A connection that a ``ConnectionPool`` has lent to one borrower, until it is returned or discarded.
///
/// ```swift
/// try pool.borrow { result in
///     guard let lease = try? result.get() else { return }
///     lease.session.query("SELECT 1") { rows in
///         print(rows)
///         lease.giveBack()
///     }
/// }
/// ```
///
/// A lease that is released without either discards its connection, so that no place in the pool is ever lost. A session
/// that keeps the lease of itself prevents that. It belongs to the reactor's thread.
public final class ConnectionLease<Session: Protocol> {
    /// The protocol of the connection.
    ///
    /// It must not be used once the connection was returned.
    public let session: Session

    private var member: PoolMember<Session>?

    init(_ session: Session, of member: PoolMember<Session>) {
        self.session = session
        self.member = member
    }

    deinit {
        discard()
    }

    /// Whether the connection is neither returned nor discarded nor lost.
    public var isActive: Bool { member?.state == .borrowed }

    /// Returns the connection, to be lent again; nothing is called before this call has returned.
    ///
    /// It has to be ready for another borrower. If it is closing, or too old, or more connections would be idle than
    /// may, it is closed instead. A second call does nothing, nor does one after the loss.
    public func giveBack() {
        guard let member = end() else { return }
        member.pool?.giveBack(member)
    }

    /// Drops the connection, by ``Transport/abortConnection()``: it is in no state to be used by another borrower.
    ///
    /// To close it in order, call ``Transport/loseConnection()`` and then ``giveBack()``. A second call does nothing, nor
    /// does one after the loss.
    public func discard() {
        guard let member = end() else { return }
        member.pool?.discard(member)
    }

    /// Ends the lease.
    ///
    /// - Returns: The member of the pool, if it is still lent.
    private func end() -> PoolMember<Session>? {
        guard let member = member.take(), member.state == .borrowed else { return nil }
        return member
    }
}

@available(*, unavailable)
extension ConnectionLease: Sendable {}
