#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The policy by which a reactor's shared receive buffer grows and shrinks.
///
/// Large reads cost less a byte: echoes of 256 KiB run 1.18 times as fast with a buffer of 256 KiB as with 64 KiB. But
/// they let a peer that never stops sending delay each turn by as much. So the buffer grows only while nearly all reads
/// fill it, when all traffic is bulk, and shrinks to its first size each second.
///
/// Address space for the largest size is reserved at once; pages cost nothing until they are written to.
struct ReceiveBufferGrowth {
    private static let firstSize = 64 * 1024
    private static let bounds = 1024...16 * 1024 * 1024
    /// The number of full reads between two decisions.
    private static let fullReadsPerDecision = 8

    let largest: Int
    let first: Int
    private var fullReads = 0
    /// The reactor's reads up to the last decision.
    private var readsBefore = 0

    init(requested: Int) {
        largest = min(max(requested, ReceiveBufferGrowth.bounds.lowerBound), ReceiveBufferGrowth.bounds.upperBound)
        first = min(largest, ReceiveBufferGrowth.firstSize)
    }

    /// Reserves the largest size, and returns the part that is used first.
    func allocate() -> UnsafeMutableRawBufferPointer {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: largest, alignment: 4096)
        return unsafe UnsafeMutableRawBufferPointer(rebasing: memory[..<first])
    }

    /// Decides on the buffer's size after a read that filled it.
    ///
    /// - Parameters:
    ///   - size: The buffer's size.
    ///   - reads: The reactor's reads up to now.
    /// - Returns: The buffer's next size.
    mutating func sizeAfterFullRead(of size: Int, reads: Int) -> Int {
        fullReads += 1
        guard fullReads >= ReceiveBufferGrowth.fullReadsPerDecision else { return size }
        let isBulk = fullReads * 4 >= (reads &- readsBefore) * 3
        fullReads = 0
        readsBefore = reads
        return isBulk ? min(largest, size * 2) : size
    }
}

extension ReactorBase {
    /// Grows the buffer if a read of this many bytes filled it, and bulk traffic justifies it.
    @inline(never)
    final func receiveBufferWasFilled(_ count: Int) {
        // A rate limit may allow a connection less than the whole buffer.
        guard unsafe count == receiveBuffer.count, count < receiveGrowth.largest else { return }
        let size = receiveGrowth.sizeAfterFullRead(of: count, reads: uncheckedTraffic.callbacks)
        guard size > count else { return }
        if count == receiveGrowth.first { callLater(.seconds(1)) { [unowned self] in shrinkReceiveBuffer() } }
        resizeReceiveBuffer(to: size)
    }

    private func shrinkReceiveBuffer() {
        let unused = unsafe receiveBuffer.count
        resizeReceiveBuffer(to: receiveGrowth.first)
        // Whole pages, since the buffer is page-aligned; no data is in them between two reads.
        guard let start = unsafe receiveBuffer.baseAddress else { return }
        unsafe madvise(start + receiveGrowth.first, unused - receiveGrowth.first, MADV_DONTNEED)
    }

    private func resizeReceiveBuffer(to size: Int) {
        unsafe receiveBuffer = UnsafeMutableRawBufferPointer(start: receiveBuffer.baseAddress, count: size)
    }
}
