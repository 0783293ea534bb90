/// Actions on a listening socket when a reactor closes it.
///
/// Not an `OptionSet`: its conformance alone takes 2.5 KB of code.
package struct CloseActions {
    private let bits: UInt8

    /// Nothing is done.
    package static let none = CloseActions(bits: 0)
    /// The descriptor is closed.
    package static let close = CloseActions(bits: 1)
    /// Listening ends at once, for all descriptors of the socket.
    package static let shutDown = CloseActions(bits: 2)
    /// The file of a UNIX socket is removed.
    package static let removeFile = CloseActions(bits: 4)
    /// Peers in the backlog are accepted before the socket is closed: no other process would accept them.
    package static let serveBacklog = CloseActions(bits: 8)

    /// Actions for a socket that no other process has: all of them.
    package static let own = CloseActions(bits: 1 | 2 | 4 | 8)
    /// Actions for a socket that other processes may have: `close` and `serveBacklog`.
    package static let adopted = CloseActions(bits: 1 | 8)

    package func contains(_ action: CloseActions) -> Bool { bits & action.bits == action.bits }

    package func without(_ action: CloseActions) -> CloseActions { CloseActions(bits: bits & ~action.bits) }
}
