/// A peer that was accepted beyond a listener's limits.
public struct ExcessConnection: Equatable, Sendable {
    /// The limit that it is beyond.
    public enum Cause: Hashable, Sendable {
        /// ``ConnectionLimits/total``.
        case total
        /// ``ConnectionLimits/perPeer``.
        case perPeer
        /// ``ConnectionLimits/rate``.
        case rate
    }

    /// The first limit that it is beyond, in the order total, peer, rate.
    public let cause: Cause

    /// The peer's address.
    public let address: SocketAddress

    init(cause: Cause, address: SocketAddress) {
        self.cause = cause
        self.address = address
    }
}
