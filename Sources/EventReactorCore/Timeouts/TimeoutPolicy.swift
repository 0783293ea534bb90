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
        unsafe queue.policies[timeouts] = nil
    }

    /// Whether it has a time that runs only while the protocol reads.
    var concernsReading: Bool {
        read != TimeoutPolicy.never || firstByte != TimeoutPolicy.never || readRate != nil
    }
}

extension TimeoutQueue {
    /// The different policies that connections have.
    package var policyCount: Int { unsafe policies.count }

    /// The policy with these timeouts, made on first use; nil for none.
    func policy(for timeouts: StreamTimeouts) -> TimeoutPolicy? {
        guard timeouts != .none else { return nil }
        if let known = unsafe policies[timeouts] { return unsafe known.takeUnretainedValue() }
        let made = TimeoutPolicy(timeouts, on: self)
        unsafe policies[timeouts] = .passUnretained(made)
        return made
    }
}
