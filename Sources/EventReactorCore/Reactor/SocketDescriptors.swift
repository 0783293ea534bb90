/// Sockets that have no connection, by their descriptors.
package protocol SocketDescriptors {
    /// Checks a socket that is connected already, and sets it up.
    ///
    /// - Returns: a new descriptor, which the reactor owns, and the peer's address.
    func adopt(
        _ descriptor: Int32, options: StreamOptions
    ) throws(AdoptError) -> (descriptor: Int32, peer: SocketAddress)

    /// The identity of the socket that a descriptor refers to; `nil` if it is not open.
    func identity(of descriptor: Int32) -> SocketIdentity?

    /// Closes a descriptor that no connection owns.
    ///
    /// - Parameters:
    ///   - reset: whether the peer sees a reset, if the transport has one, in place of an orderly end.
    ///   - endsForAll: whether the connection ends for all processes that have descriptors of the socket.
    func close(_ descriptor: Int32, reset: Bool, endsForAll: Bool)
}

extension SocketDescriptors {
    package func adopt(
        _ descriptor: Int32, options: StreamOptions
    ) throws(AdoptError) -> (descriptor: Int32, peer: SocketAddress) {
        throw .unsupported
    }

    package func identity(of descriptor: Int32) -> SocketIdentity? { nil }

    package func close(_ descriptor: Int32, reset: Bool = false) {
        close(descriptor, reset: reset, endsForAll: false)
    }
}
