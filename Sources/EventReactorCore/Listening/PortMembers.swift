/// The live connections of a listener, counted: in all, and by peer where that is limited.
///
/// A connection knows it by the settings that it shares with the others of its listener, so that being counted costs it
/// no memory. It lives as long as the last of them, which may be longer than the port.
package final class PortMembers {
    /// The port, as long as it listens.
    weak var port: ListeningPort?
    private(set) var count = 0
    private var peers: PeerTable?
    /// Where another thread that hands connections to the port sees how many there are.
    var load: PortLoad?

    init(peers: PeerTable?) {
        self.peers = peers
    }

    /// How many there are from where a peer is; 0 where that is not counted.
    func count(from peer: SocketAddress) -> Int { peers?.count(peer) ?? 0 }

    /// How many peers there are of which connections are counted.
    package var peerCount: Int { peers?.peerCount ?? 0 }

    func add(_ peer: SocketAddress) {
        count += 1
        peers?.add(peer)
        load?.tell(count)
    }

    /// A connection is lost.
    func remove(_ peer: SocketAddress) {
        count -= 1
        peers?.remove(peer)
        load?.tell(count)
        port?.memberLeft()
    }
}

/// How many connections each peer has, where it has any.
struct PeerTable {
    /// The leading bits of an address; IPv4 as IPv4-mapped IPv6.
    private struct Key: Hashable {
        let high: UInt64
        let low: UInt64
    }

    private let ipv4Length: Int
    private let ipv6Length: Int
    private var counts: [Key: Int32] = [:]

    init(_ limits: ConnectionLimits) {
        ipv4Length = min(32, max(0, limits.ipv4PrefixLength))
        ipv6Length = min(128, max(0, limits.ipv6PrefixLength))
    }

    var peerCount: Int { counts.count }

    func count(_ peer: SocketAddress) -> Int { key(peer).flatMap { counts[$0] }.map { Int($0) } ?? 0 }

    mutating func add(_ peer: SocketAddress) {
        if let key = key(peer) { counts[key, default: 0] += 1 }
    }

    mutating func remove(_ peer: SocketAddress) {
        guard let key = key(peer), let count = counts[key] else { return }
        counts[key] = count > 1 ? count - 1 : nil
        // After a flood the table does not keep the memory that the flood needed.
        if count == 1 && counts.capacity > 1024 && counts.count < counts.capacity / 8 {
            var smaller = [Key: Int32](minimumCapacity: counts.count)
            for (key, count) in counts { smaller[key] = count }
            counts = smaller
        }
    }

    private func key(_ peer: SocketAddress) -> Key? {
        switch peer.storage {
        case .ipv4(let bits, _): key(ipv4: bits)
        case .ipv6(let high, let low, _, _):
            if let bits = IPText.mappedIPv4(high, low) {
                key(ipv4: bits)
            } else {
                Key(high: high & mask(ipv6Length), low: low & mask(ipv6Length - 64))
            }
        case .unix: nil
        }
    }

    private func key(ipv4 bits: UInt32) -> Key {
        Key(high: 0, low: 0xffff << 32 | UInt64(bits) & mask(32 + ipv4Length))
    }

    /// A word whose first bits are set: as many as asked for, which may be none or all.
    private func mask(_ length: Int) -> UInt64 { ~(UInt64.max >> UInt64(max(0, min(64, length)))) }
}
