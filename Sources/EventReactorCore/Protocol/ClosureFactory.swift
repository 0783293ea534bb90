/// A factory that makes protocols by a closure.
package final class ClosureFactory: Factory {
    private let make: () -> Protocol?

    package init(_ make: @escaping () -> Protocol?) {
        self.make = make
    }

    override package func buildProtocol(for peer: SocketAddress) -> Protocol? { make() }
}
