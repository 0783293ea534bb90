/// The ``StreamTimeouts`` of connections in nanoseconds: one object for all connections with the same.
///
/// It lives as long as one of them has it.
final class TimeoutPolicy {
    struct Rate {
        let bytes: Int
        let period: Int64
        /// From the start to the end of the first period.
        let first: Int64

        init?(_ rate: TransferRate?) {
            guard let rate, rate.bytes > 0 else { return nil }
            bytes = rate.bytes
            period = max(1, rate.period.saturatedNanoseconds)
            first = period.saturatingAdding(max(0, rate.grace.saturatedNanoseconds))
        }
    }

    /// No such timeout.
    static let never = Int64.max

    let timeouts: StreamTimeouts
    let queue: TimeoutQueue
    let idle: Int64
    let read: Int64
    let write: Int64
    let firstByte: Int64
    let readRate: Rate?
    let writeRate: Rate?

    fileprivate init(_ timeouts: StreamTimeouts, on queue: TimeoutQueue) {
        func nanoseconds(_ duration: Duration?) -> Int64 {
            duration.map { max(1, $0.saturatedNanoseconds) } ?? TimeoutPolicy.never
        }
        self.timeouts = timeouts
        self.queue = queue
        idle = nanoseconds(timeouts.idle)
        read = nanoseconds(timeouts.read)
        write = nanoseconds(timeouts.write)
        firstByte = nanoseconds(timeouts.firstByte)
        readRate = Rate(timeouts.minimumReadRate)
        writeRate = Rate(timeouts.minimumWriteRate)
    }

    deinit {
        queue.forget(self)
    }

    /// Whether it has a time that runs only while the protocol reads.
    var concernsReading: Bool {
        read != TimeoutPolicy.never || firstByte != TimeoutPolicy.never || readRate != nil
    }
}

/// The policies whose timeouts have the same hash: one, in almost every case.
@safe
private final class PolicyList {
    /// Unretained: a policy removes itself in its deinit.
    var policies: [Unmanaged<TimeoutPolicy>] = unsafe []
}

extension TimeoutQueue {
    /// The policy with these timeouts, made on first use; nil for none.
    func policy(for timeouts: StreamTimeouts) -> TimeoutPolicy? {
        guard timeouts != .none else { return nil }
        let list = policyList(for: timeouts) ?? PolicyList()
        for index in unsafe list.policies.indices {
            let policy = unsafe list.policies[index].takeUnretainedValue()
            if policy.timeouts == timeouts { return policy }
        }
        let made = TimeoutPolicy(timeouts, on: self)
        unsafe list.policies.append(.passUnretained(made))
        policies[TimeoutQueue.key(timeouts)] = list
        policyCount += 1
        return made
    }

    fileprivate func forget(_ policy: TimeoutPolicy) {
        guard let list = policyList(for: policy.timeouts) else { return }
        unsafe list.policies.removeAll { unsafe $0.toOpaque() == Unmanaged.passUnretained(policy).toOpaque() }
        if unsafe list.policies.isEmpty { policies[TimeoutQueue.key(policy.timeouts)] = nil }
        policyCount -= 1
    }

    @inline(never)
    private func policyList(for timeouts: StreamTimeouts) -> PolicyList? {
        policies[TimeoutQueue.key(timeouts)].map { unsafe unsafeDowncast($0, to: PolicyList.self) }
    }

    @inline(never)
    private static func key(_ timeouts: StreamTimeouts) -> UInt64 { UInt64(bitPattern: Int64(timeouts.hashValue)) }
}
