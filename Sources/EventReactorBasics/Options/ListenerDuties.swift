/// What becomes of a listening socket when a reactor has done with it.
package struct ListenerDuties: OptionSet {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The descriptor is closed.
    package static let close = ListenerDuties(rawValue: 1)
    /// Listening ends at once, for all who hold the socket.
    package static let shutDown = ListenerDuties(rawValue: 2)
    /// The file of a UNIX socket is removed.
    package static let removeFile = ListenerDuties(rawValue: 4)

    /// Those of a socket that no other process knows of.
    package static let own: ListenerDuties = [.close, .shutDown, .removeFile]
}
