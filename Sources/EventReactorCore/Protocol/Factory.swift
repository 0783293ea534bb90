/// Makes a protocol for each new connection: subclass it to refuse peers by address, to learn when listeners and
/// connectors start and end, or to share state between connections.
///
/// ```swift
/// final class LocalOnly: Factory {
///     override func buildProtocol(for peer: SocketAddress) -> Protocol? {
///         peer.isLoopback ? Echo() : nil
///     }
/// }
/// ```
///
/// If a closure is enough, pass one instead: `try reactor.listenTCP(port: 8007) { Echo() }`. A factory is used on its
/// reactor's thread only, and may serve several listeners and connectors of that reactor.
open class Factory {
    private var users = 0

    /// Creates a factory.
    public init() {}

    /// Makes the protocol for a new connection; called once for each, on the reactor's thread.
    ///
    /// Unless overridden, it refuses every connection.
    ///
    /// - Parameter peer: The address of the peer.
    /// - Returns: A protocol that serves no other connection, or nil to refuse: the connection is closed, and no other
    ///   callback follows.
    open func buildProtocol(for peer: SocketAddress) -> Protocol? { nil }

    /// Called when the first listener or connector that uses this factory starts; again if it starts after ``stop()``.
    open func start() {}

    /// Called when the last listener or connector that uses this factory has ended.
    open func stop() {}

    /// Puts a layer under the protocol for a peer beyond the limits, which another closure makes; nil without a layer.
    package final var layering: ((Protocol) -> Protocol)?

    package final func beginUse() {
        users += 1
        if users == 1 { start() }
    }

    package final func endUse() {
        users -= 1
        if users == 0 { stop() }
    }
}

@available(*, unavailable)
extension Factory: Sendable {}
