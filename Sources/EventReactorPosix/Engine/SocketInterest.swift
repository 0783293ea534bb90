package import EventReactorCore

/// The readiness that a poller is to report of a connection; errors and hang-ups are reported unasked.
package struct SocketInterest: OptionSet, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// There is something to receive, for as long as there is.
    package static let read = SocketInterest(rawValue: 1)
    /// The kernel would take bytes, for as long as it would.
    package static let write = SocketInterest(rawValue: 2)
    /// Nothing but a reset, edge-triggered.
    ///
    /// A peer's end and bytes that are not read would be reported over and over otherwise, and with nothing watched a
    /// reset would go unseen.
    package static let reset = SocketInterest(rawValue: 4)

    /// The interest of a connection as its state is now.
    package init(of connection: StreamConnection) {
        var wanted: SocketInterest = connection.state.contains(.parked) ? [] : .read
        if connection.state.contains(.wantsRoom) { wanted.insert(.write) }
        self = wanted.isEmpty ? .reset : wanted
    }
}
