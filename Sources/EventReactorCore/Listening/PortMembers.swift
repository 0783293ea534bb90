/// Counts of a listener's open connections: in all, and by peer if that is limited.
///
/// A connection refers to it by the settings that it shares with the others of its listener, so that being counted costs
/// it no memory. It lives as long as the last of them, which may be longer than the port.
final class PortMembers {
    /// The port while it is in use.
    weak var port: ListeningPort?
    private(set) var count = 0
    private var peers: PeerTable?
    /// The count for the thread that distributes connections; `nil` unless there is one.
    var load: PortLoad?

    init(peers: PeerTable?) {
        self.peers = peers
    }

    /// Number of connections from a peer; 0 if they are not counted by peer.
    func count(from peer: SocketAddress) -> Int { peers?.count(peer) ?? 0 }

    /// Number of peers whose connections are counted.
    var peerCount: Int { peers?.peerCount ?? 0 }

    func add(_ peer: SocketAddress) {
        count += 1
        peers?.add(peer)
        load?.setEstablished(count)
    }

    /// Counts a connection that is lost.
    func remove(_ peer: SocketAddress) {
        count -= 1
        peers?.remove(peer)
        load?.setEstablished(count)
        port?.memberLeft()
    }
}
