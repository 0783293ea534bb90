/// A reproducible random number generator: the same seed gives the same numbers on every machine.
///
/// ```swift
/// var random = SeededRandom(seed: 42)
/// let delay = random.integer(in: 1...100)
/// ```
///
/// It is xoshiro256** by Blackman and Vigna, seeded by SplitMix64. It is for tests, and not cryptographically secure.
public struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: (UInt64, UInt64, UInt64, UInt64)

    /// Creates a generator.
    ///
    /// - Parameter seed: Any value; similar seeds give unrelated numbers.
    public init(seed: UInt64) {
        var mixer = seed
        func mix() -> UInt64 {
            mixer &+= 0x9E37_79B9_7F4A_7C15
            var value = mixer
            value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
            return value ^ (value >> 31)
        }
        state = (mix(), mix(), mix(), mix())
    }

    /// Returns the next 64 random bits.
    public mutating func next() -> UInt64 {
        func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 { (value << count) | (value >> (64 - count)) }
        let result = rotate(state.1 &* 5, 7) &* 9
        let shifted = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= shifted
        state.3 = rotate(state.3, 45)
        return result
    }

    // The standard library may change its algorithm for ranges, and with it the numbers of a seed: hence these.

    /// Returns a random integer in a range, uniformly distributed.
    ///
    /// - Parameter range: The range, bounds included.
    public mutating func integer(in range: ClosedRange<Int>) -> Int {
        let width = UInt64(bitPattern: Int64(range.upperBound &- range.lowerBound)) &+ 1
        guard width != 0 else { return Int(truncatingIfNeeded: next()) }
        return range.lowerBound &+ Int(truncatingIfNeeded: next().multipliedFullWidth(by: width).high)
    }

    /// Returns a random integer in a range, with each power of two equally likely: small numbers are as frequent as
    /// large.
    ///
    /// - Parameter range: The range, bounds included; it must begin at 1 or above.
    public mutating func magnitude(in range: ClosedRange<Int>) -> Int {
        let low = Int.bitWidth - max(1, range.lowerBound).leadingZeroBitCount - 1
        let high = Int.bitWidth - max(1, range.upperBound).leadingZeroBitCount - 1
        let bits = integer(in: low...high)
        let bottom = max(range.lowerBound, 1 << bits)
        return integer(in: bottom...max(bottom, min(range.upperBound, (1 << (bits + 1)) &- 1)))
    }

    /// Returns true with a probability of 1 in `count`.
    ///
    /// - Parameter count: The reciprocal of the probability; 1 or less gives true always.
    public mutating func oneIn(_ count: Int) -> Bool {
        integer(in: 1...max(1, count)) == 1
    }

    /// Returns random bytes.
    ///
    /// - Parameter count: The number of bytes; a negative one counts as 0.
    /// - Complexity: O(n).
    public mutating func bytes(count: Int) -> [UInt8] {
        (0..<max(0, count)).map { _ in UInt8(truncatingIfNeeded: next() >> 32) }
    }
}
