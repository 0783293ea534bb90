extension ReactorMetrics {
    /// The part of the library that created a connection.
    public enum Origin: Int, MetricsCause {
        /// A listener accepted it.
        case listener

        /// A connector established it.
        case connector

        /// Anything else, such as a transport of a test.
        case other

        /// The cause as a lower-case word for labels.
        public var name: String { ["listener", "connector", "other"][rawValue] }
    }

    /// The reason why a connection was lost: the cases of ``ConnectionLostReason`` without their associated values.
    public enum Loss: Int, MetricsCause {
        /// Closed gracefully.
        case done

        /// Reset by the peer, or the peer unreachable.
        case lost

        /// A timeout expired.
        case timedOut

        /// Aborted by this side.
        case aborted

        /// A callback threw an error, or a limit was exceeded.
        case failed

        /// The reactor stopped.
        case reactorStopped

        init(_ reason: ConnectionLostReason) {
            self =
                switch reason {
                case .done: .done
                case .lost: .lost
                case .timedOut: .timedOut
                case .aborted: .aborted
                case .failed: .failed
                case .reactorStopped: .reactorStopped
                }
        }

        /// The cause as a lower-case word for labels.
        public var name: String { ["done", "lost", "timed_out", "aborted", "failed", "reactor_stopped"][rawValue] }
    }

    /// The reason why an accepted peer was closed before its connection began, or before its protocol was made.
    public enum Refusal: Int, MetricsCause {
        /// File descriptors or memory were exhausted: the peer was accepted with the reserve descriptor and closed.
        case noDescriptor

        /// The factory returned nil.
        case declined

        /// The engine could not register its socket for readiness.
        case unwatched

        /// Its protocol object serves another connection.
        case protocolReused

        /// The listener had as many connections as ``ConnectionLimits/total`` allows.
        case overTotal

        /// The peer's address had as many connections as ``ConnectionLimits/perPeer`` allows.
        case overPerPeer

        /// Peers arrived faster than ``ConnectionLimits/rate`` allows.
        case overRate

        /// Its PROXY header was missing, malformed, late, or not to be trusted.
        case badProxyHeader

        init(_ cause: ExcessConnection.Cause) {
            self =
                switch cause {
                case .total: .overTotal
                case .perPeer: .overPerPeer
                case .rate: .overRate
                }
        }

        /// The cause as a lower-case word for labels.
        public var name: String {
            [
                "no_descriptor", "declined", "unwatched", "protocol_reused", "over_total", "over_per_peer", "over_rate",
                "bad_proxy_header",
            ][rawValue]
        }
    }

    /// The reason why a connect failed: the cases of ``ConnectError`` without their associated values, and one more.
    public enum ConnectFailure: Int, MetricsCause {
        /// The host name could not be resolved.
        case unresolvable

        /// The peer refused the connection.
        case refused

        /// The peer did not answer in time.
        case timedOut

        /// The peer is unreachable.
        case unreachable

        /// The connect was cancelled, or the reactor stopped.
        case cancelled

        /// The local address could not be bound.
        case bindFailed

        /// A system call failed for another reason.
        case system

        /// The connection was established, and the factory returned nil.
        case declined

        /// The connection was established, and the handshake of a layer on it failed.
        case handshakeFailed

        init(_ error: ConnectError) {
            self =
                switch error {
                case .unresolvable: .unresolvable
                case .refused: .refused
                case .timedOut: .timedOut
                case .unreachable: .unreachable
                case .cancelled: .cancelled
                case .bindFailed: .bindFailed
                case .system: .system
                case .handshakeFailed: .handshakeFailed
                }
        }

        /// The cause as a lower-case word for labels.
        public var name: String {
            [
                "unresolvable", "refused", "timed_out", "unreachable", "cancelled", "bind_failed", "system", "declined",
                "handshake_failed",
            ][rawValue]
        }
    }
}
