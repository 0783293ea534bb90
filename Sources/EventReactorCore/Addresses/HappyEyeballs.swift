/// The order and pace of connection attempts to the addresses of one host, as in RFC 8305.
enum HappyEyeballs {
    /// The Connection Attempt Delay that section 5 recommends: the time after which the next address is tried as well.
    static let attemptDelay: Duration = .milliseconds(250)

    /// Interleaves the address families as in section 4, starting with the family of the first address.
    ///
    /// Within a family the resolver's order is kept.
    static func order(_ addresses: [SocketAddress]) -> [SocketAddress] {
        guard let first = addresses.first else { return [] }
        var preferred: [SocketAddress] = []
        var others: [SocketAddress] = []
        for address in addresses {
            if address.family == first.family { preferred.append(address) } else { others.append(address) }
        }
        var ordered: [SocketAddress] = []
        for index in 0..<max(preferred.count, others.count) {
            if index < preferred.count { ordered.append(preferred[index]) }
            if index < others.count { ordered.append(others[index]) }
        }
        return ordered
    }
}
