/// Numbers of connections by peer; a peer without one takes no memory.
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
        // Release the memory that a flood of peers needed.
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

    /// A word whose first bits are set: none to all of them.
    private func mask(_ length: Int) -> UInt64 { ~(UInt64.max >> UInt64(max(0, min(64, length)))) }
}
