/// Timeouts as connections use them, in nanoseconds: one object for all that have the same.
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

    /// Never.
    static let never = Int64.max

    let timeouts: StreamTimeouts
    let board: TimeoutBoard
    let idle: Int64
    let read: Int64
    let write: Int64
    let firstByte: Int64
    let readRate: Rate?
    let writeRate: Rate?

    fileprivate init(_ timeouts: StreamTimeouts, on board: TimeoutBoard) {
        func nanoseconds(_ duration: Duration?) -> Int64 {
            duration.map { max(1, $0.saturatedNanoseconds) } ?? TimeoutPolicy.never
        }
        self.timeouts = timeouts
        self.board = board
        idle = nanoseconds(timeouts.idle)
        read = nanoseconds(timeouts.read)
        write = nanoseconds(timeouts.write)
        firstByte = nanoseconds(timeouts.firstByte)
        readRate = Rate(timeouts.minimumReadRate)
        writeRate = Rate(timeouts.minimumWriteRate)
    }

    deinit {
        unsafe board.limits[timeouts] = nil
    }

    /// Whether it matters when the protocol reads.
    var concernsReading: Bool {
        read != TimeoutPolicy.never || firstByte != TimeoutPolicy.never || readRate != nil
    }
}

extension TimeoutBoard {
    /// How many different timeouts connections have.
    package var limitsCount: Int { unsafe limits.count }

    /// The limits of these timeouts, shared by all who ask; nil for none.
    func limits(for timeouts: StreamTimeouts) -> TimeoutPolicy? {
        guard timeouts != .none else { return nil }
        if let known = unsafe limits[timeouts] { return unsafe known.takeUnretainedValue() }
        let made = TimeoutPolicy(timeouts, on: self)
        unsafe limits[timeouts] = .passUnretained(made)
        return made
    }
}
