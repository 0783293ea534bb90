extension Duration {
    // By attoseconds: `components` traps if the seconds are more than 64 bits.

    /// Nanoseconds, or the nearest number that there is: centuries are no reason to trap.
    package var saturatedNanoseconds: Int64 {
        Int64(clamping: attoseconds / 1_000_000_000)
    }

    /// Whole seconds, rounded up and kept within what the kernel's socket options take.
    package var wholeSeconds: Int32 {
        let (seconds, rest) = attoseconds.quotientAndRemainder(dividingBy: 1_000_000_000_000_000_000)
        return Int32(clamping: Swift.max(1, rest > 0 ? seconds + 1 : seconds))
    }
}
