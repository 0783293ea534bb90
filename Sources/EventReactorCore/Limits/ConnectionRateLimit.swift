/// The rate limits of one connection: its own and its group's, with its share in each.
final class ConnectionRateLimit {
    var limit: RateLimit?
    var group: RateLimitGroup?
    private(set) var reading: [RateShare] = []
    private(set) var writing: [RateShare] = []

    /// Changes the limits.
    func change(_ connection: StreamConnection, limit: RateLimit?, group: RateLimitGroup?) {
        let isSameLimit = limit == self.limit
        let own = isSameLimit ? (reading + writing).filter { $0.limiter !== limiter(of: $0, in: self.group) } : []
        for share in reading + writing where !own.contains(where: { $0 === share }) { share.limiter.leave(share) }
        if self.group !== group {
            self.group?.connectionCount -= 1
            group?.connectionCount += 1
        }
        self.limit = limit
        self.group = group
        reading = own.filter { $0.limiter.direction == .reading }
        writing = own.filter { $0.limiter.direction == .writing }
        if !isSameLimit, let limit {
            let reactor = connection.reactor
            if let rate = limit.readRate {
                reading.append(
                    RateShare(RateLimiter(.reading, rate: rate, burst: limit.burst, reactor: reactor), connection))
            }
            if let rate = limit.writeRate {
                writing.append(
                    RateShare(RateLimiter(.writing, rate: rate, burst: limit.burst, reactor: reactor), connection))
            }
        }
        if let limiter = group?.reading { reading.append(RateShare(limiter, connection)) }
        if let limiter = group?.writing { writing.append(RateShare(limiter, connection)) }
    }

    private func limiter(of share: RateShare, in group: RateLimitGroup?) -> RateLimiter? {
        share.limiter.direction == .reading ? group?.reading : group?.writing
    }

    /// Leaves all limits: the connection is lost.
    func end() {
        for share in reading + writing { share.limiter.leave(share) }
        group?.connectionCount -= 1
        group = nil
        reading = []
        writing = []
    }
}
