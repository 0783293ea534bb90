/// Makes a protocol for each new connection, for those who refuse peers, count ports or share state between connections.
///
/// Where a closure will do, pass that instead: `try reactor.listenTCP(port: 8007) { Echo() }`. A factory lives on its
/// reactor's thread and may serve several listeners and connectors of that reactor.
open class Factory {
    private var users = 0

    /// Creates a factory.
    public init() {}

    /// Makes the protocol for a new connection.
    ///
    /// - Parameter peer: the address of the other end.
    /// - Returns: a protocol that serves no other connection, or nil to refuse: the connection is closed and nothing
    ///   else happens.
    open func buildProtocol(for peer: SocketAddress) -> Protocol? { nil }

    /// Called before the first use: when the first listener or connector with this factory starts.
    open func start() {}

    /// Called after the last use: when the last listener or connector with this factory has ended.
    open func stop() {}

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

/// A factory around a closure.
package final class ClosureFactory: Factory {
    private let make: () -> Protocol?

    package init(_ make: @escaping () -> Protocol?) {
        self.make = make
    }

    override package func buildProtocol(for peer: SocketAddress) -> Protocol? { make() }
}
