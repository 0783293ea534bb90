/// Counts of a listener whose connections another thread accepts: established ones, and those under way to it.
///
/// Connections under way are bounded, and count in the listener's limits: a reactor that blocks takes nothing from its
/// queue, which would otherwise grow with every peer.
package final class PortLoad: Sendable {
    private struct Contents {
        var established = 0
        var underWay = 0
        /// Connections under way by peer, if that is limited.
        var peers: PeerTable?
    }

    /// Twice what one turn accepts: a reactor with long turns still gets its share of a burst.
    static let mostUnderWay = 128

    private let total: Int?
    private let perPeer: Int?
    private let contents: Locked<Contents>

    init(_ limits: ConnectionLimits, established: Int) {
        total = limits.total
        perPeer = limits.perPeer
        let peers = limits.perPeer == nil ? nil : PeerTable(limits)
        contents = Locked(Contents(established: established, peers: peers))
    }

    /// Whether the listener has as many connections as its limits allow, including those under way.
    package var isFull: Bool { contents.withLock { isFull($0) } }

    private func isFull(_ contents: Contents) -> Bool {
        total.map { contents.established + contents.underWay >= $0 } ?? false
    }

    /// Counts a connection as under way, if the limits allow it.
    ///
    /// - Returns: whether it was counted.
    package func reserve(for peer: SocketAddress) -> Bool {
        contents.withLock { contents in
            guard contents.underWay < PortLoad.mostUnderWay, !isFull(contents) else { return false }
            if let perPeer, let peers = contents.peers, peer.family != .unix, peers.count(peer) >= perPeer {
                return false
            }
            contents.underWay += 1
            contents.peers?.add(peer)
            return true
        }
    }

    /// Ends the transit of a connection: the listener has it, or it is closed.
    package func settle(_ peer: SocketAddress) {
        contents.withLock { contents in
            contents.underWay -= 1
            contents.peers?.remove(peer)
        }
    }

    /// Sets the number of established connections.
    func setEstablished(_ count: Int) {
        contents.withLock { $0.established = count }
    }
}
