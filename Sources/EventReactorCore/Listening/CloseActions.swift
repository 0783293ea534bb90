/// Actions on a listening socket when a reactor closes it.
package struct CloseActions: OptionSet {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The descriptor is closed.
    package static let close = CloseActions(rawValue: 1)
    /// Listening ends at once, for all descriptors of the socket.
    package static let shutDown = CloseActions(rawValue: 2)
    /// The file of a UNIX socket is removed.
    package static let removeFile = CloseActions(rawValue: 4)
    /// Peers in the backlog are accepted before the socket is closed: no other process would accept them.
    package static let serveBacklog = CloseActions(rawValue: 8)

    /// Actions for a socket that no other process has.
    package static let own: CloseActions = [.close, .shutDown, .removeFile, .serveBacklog]
    /// Actions for a socket that other processes may have.
    package static let adopted: CloseActions = [.close, .serveBacklog]
}
