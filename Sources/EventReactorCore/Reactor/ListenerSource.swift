/// The socket that a listener is made of.
package enum ListenerSource {
    /// A new socket bound to the address.
    ///
    /// - Parameter mode: permissions of a UNIX socket's file, or `nil` to leave them to the umask.
    case address(SocketAddress, backlog: Int, mode: UInt16?)

    /// A duplicate of a descriptor of a socket that listens already; it is checked first.
    case adopted(descriptor: Int32)
}
