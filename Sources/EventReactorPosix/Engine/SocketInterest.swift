package import EventReactorCore

/// The readiness that a poller is to report of a connection; errors and hang-ups are reported unasked.
package struct SocketInterest {
    /// There is something to receive, for as long as there is.
    package let reads: Bool
    /// The kernel would take bytes, for as long as it would.
    package let writes: Bool

    /// Nothing but a reset, edge-triggered.
    ///
    /// A peer's end and bytes that are not read would be reported over and over otherwise, and with nothing registered
    /// a reset would go unseen.
    package var isForResetAlone: Bool { !reads && !writes }

    /// The interest of a connection as its state is now.
    package init(of connection: StreamConnection) {
        reads = !connection.state.contains(.parked)
        writes = connection.state.contains(.wantsRoom)
    }
}
