import EventReactorCore
import Glibc
import Synchronization

/// A descriptor on its way to another thread; it is closed if that does not take it.
final class TransferredSocket: Sendable {
    let peer: SocketAddress
    private let descriptor: Atomic<Int32>
    private let port: PortLoad

    /// - Parameter port: counts it as under way until this object is released.
    init(_ descriptor: Int32, from peer: SocketAddress, underWayTo port: PortLoad) {
        self.descriptor = Atomic(descriptor)
        self.peer = peer
        self.port = port
    }

    deinit {
        let rest = take()
        if rest >= 0 { _ = close(rest) }
        port.settle(peer)
    }

    /// Transfers ownership of the descriptor to the caller.
    func take() -> Int32 {
        descriptor.exchange(-1, ordering: .acquiringAndReleasing)
    }
}
