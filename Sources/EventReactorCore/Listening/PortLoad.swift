/// The connections of a listener to which another thread hands them: those that it has, and those under way to it.
///
/// What is under way is bounded, and counts in the listener's limits: a reactor that is held up takes nothing from its
/// queue, which would otherwise grow with every peer.
package final class PortLoad: Sendable {
    private struct Contents {
        var established = 0
        var underWay = 0
        /// By peer, of those under way, where that is limited.
        var peers: PeerTable?
    }

    /// Twice what one turn accepts: a reactor with long turns still gets its share of a burst.
    package static let mostUnderWay = 128

    private let total: Int?
    private let perPeer: Int?
    private let contents: Locked<Contents>

    init(_ limits: ConnectionLimits, established: Int) {
        total = limits.total
        perPeer = limits.perPeer
        let peers = limits.perPeer == nil ? nil : PeerTable(limits)
        contents = Locked(Contents(established: established, peers: peers))
    }

    /// Whether the listener has as many connections as its limits allow, those under way among them.
    package var isFull: Bool { contents.withLock { isFull($0) } }

    private func isFull(_ contents: Contents) -> Bool {
        total.map { contents.established + contents.underWay >= $0 } ?? false
    }

    /// Counts a connection as under way where it may be.
    ///
    /// - Returns: false where there are as many as there may be, and this one was not counted.
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

    /// A connection is under way no more: the listener has it, or it is closed.
    package func settle(_ peer: SocketAddress) {
        contents.withLock { contents in
            contents.underWay -= 1
            contents.peers?.remove(peer)
        }
    }

    /// The listener has so many connections now.
    func tell(_ count: Int) {
        contents.withLock { $0.established = count }
    }
}
