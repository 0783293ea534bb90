/// The order in which addresses are tried, as in RFC 8305, section 4.
package enum HappyEyeballs {
    /// The Connection Attempt Delay that section 5 recommends: the next address is tried after this time.
    package static let attemptDelay: Duration = .milliseconds(250)

    /// Families in turn, beginning with the family of the first; within a family the resolver's order stays.
    package static func order(_ addresses: [SocketAddress]) -> [SocketAddress] {
        guard let first = addresses.first else { return [] }
        let preferred = addresses.filter { $0.family == first.family }
        let others = addresses.filter { $0.family != first.family }
        var ordered: [SocketAddress] = []
        for index in 0..<max(preferred.count, others.count) {
            if index < preferred.count { ordered.append(preferred[index]) }
            if index < others.count { ordered.append(others[index]) }
        }
        return ordered
    }
}
