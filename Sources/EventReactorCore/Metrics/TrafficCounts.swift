/// Counters of the data path: a few additions per message, on fields beside others that the path reads anyway.
struct TrafficCounts {
    // Counters that are incremented together are not adjacent: the compiler would combine the additions, which takes
    // more instructions.
    var callbacks = 0
    /// The bytes that the kernel took at once.
    var bytesTaken = 0
    var bytesReceived = 0
    /// The bytes that the engine queued, sent or dropped since or not.
    var bytesQueued = 0
    /// The time at which this turn's work began, in nanoseconds; `waiting` before.
    var workBegan = TrafficCounts.waiting

    static let waiting: Int64 = -1
}
