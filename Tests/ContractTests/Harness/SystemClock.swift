import Glibc

/// The system's clocks, read past the reactor.
enum SystemClock {
    /// Nanoseconds of the monotonic clock.
    static var monotonic: Int64 { read(CLOCK_MONOTONIC) }

    /// Nanoseconds of processor time that this thread has used.
    static var threadProcessorTime: Int64 { read(CLOCK_THREAD_CPUTIME_ID) }

    private static func read(_ clock: clockid_t) -> Int64 {
        // Two words, seconds and nanoseconds; the fields have no name that every import of the C library agrees on.
        unsafe withUnsafeTemporaryAllocation(of: Int.self, capacity: 2) { words in
            unsafe words.initialize(repeating: 0)
            guard let start = UnsafeMutableRawPointer(words.baseAddress) else { return 0 }
            unsafe clock_gettime(clock, start.assumingMemoryBound(to: timespec.self))
            return Int64(unsafe words[0]) * 1_000_000_000 + Int64(unsafe words[1])
        }
    }
}
