/// The number of bytes that a relay takes from its source at once.
///
/// Bytes received and not passed on wait in the kernel, for each relay: so the portion is small if the receiver is slow.
/// It doubles if the source gave all that was asked for and the receiver took that at once, and halves if the receiver
/// did not. A larger portion is cheaper by the byte: `./bench relay` with 1 MiB moves 1.4 times what it does with 256 KiB.
struct RelayPortion {
    private static let bounds = 64 * 1024...1024 * 1024

    private(set) var byteCount = 256 * 1024
    private var wasGivenWhole = false

    /// Records a read: bytes received out of bytes requested.
    mutating func taken(_ count: Int) {
        wasGivenWhole = count >= byteCount
    }

    /// All of it has been passed on.
    mutating func passedOn() {
        if wasGivenWhole { byteCount = min(byteCount * 2, RelayPortion.bounds.upperBound) }
        wasGivenWhole = false
    }

    /// The receiver takes no more now, and some is left.
    mutating func stuck() {
        byteCount = max(byteCount / 2, RelayPortion.bounds.lowerBound)
        wasGivenWhole = false
    }
}
