#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// When the buffer that a reactor's connections receive into is made larger.
///
/// Large reads are cheaper by the byte: echoes of 256 KiB run 1.18 times as fast with 256 KiB as with 64 KiB. But a peer
/// that never stops sending would then hold up each turn for as much longer. So the buffer grows only while nearly all
/// reads fill it, which is while there is nothing but bulk to receive, and begins again at its first size each second.
///
/// The memory of the largest size is reserved at once, and costs nothing until it is written to.
struct ReceiveBufferGrowth {
    private static let firstSize = 64 * 1024
    private static let bounds = 1024...16 * 1024 * 1024
    /// The full reads after which the buffer is looked at.
    private static let readsPerLook = 8

    let largest: Int
    let first: Int
    private var fullReads = 0
    /// The reads of the reactor up to the last look.
    private var readsBefore = 0

    init(asked: Int) {
        largest = min(max(asked, ReceiveBufferGrowth.bounds.lowerBound), ReceiveBufferGrowth.bounds.upperBound)
        first = min(largest, ReceiveBufferGrowth.firstSize)
    }

    /// Reserves the memory, of which the first part is used.
    func allocate() -> UnsafeMutableRawBufferPointer {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: largest, alignment: 4096)
        return unsafe UnsafeMutableRawBufferPointer(rebasing: memory[..<first])
    }

    /// A read has filled the buffer.
    ///
    /// - Parameters:
    ///   - size: of the buffer.
    ///   - reads: all of the reactor up to now.
    /// - Returns: the size that the buffer is to have.
    mutating func sizeAfterFullRead(of size: Int, reads: Int) -> Int {
        fullReads += 1
        guard fullReads >= ReceiveBufferGrowth.readsPerLook else { return size }
        let isBulk = fullReads * 4 >= (reads &- readsBefore) * 3
        fullReads = 0
        readsBefore = reads
        return isBulk ? min(largest, size * 2) : size
    }
}

extension ReactorBase {
    /// A connection has received as much as a buffer took.
    @inline(never)
    final func receiveBufferWasFilled(_ count: Int) {
        // Limits may allow a connection less than the buffer.
        guard unsafe count == receiveBuffer.count, count < receiveGrowth.largest else { return }
        let size = receiveGrowth.sizeAfterFullRead(of: count, reads: unsafe uncheckedTraffic.callbacks)
        guard size > count else { return }
        if count == receiveGrowth.first { callLater(.seconds(1)) { [unowned self] in shrinkReceiveBuffer() } }
        resizeReceiveBuffer(to: size)
    }

    private func shrinkReceiveBuffer() {
        let unused = unsafe receiveBuffer.count
        resizeReceiveBuffer(to: receiveGrowth.first)
        // Whole pages, since the buffer is aligned to them; nothing in them is needed between two reads.
        guard let start = unsafe receiveBuffer.baseAddress else { return }
        unsafe madvise(start + receiveGrowth.first, unused - receiveGrowth.first, MADV_DONTNEED)
    }

    private func resizeReceiveBuffer(to size: Int) {
        unsafe receiveBuffer = UnsafeMutableRawBufferPointer(start: receiveBuffer.baseAddress, count: size)
        engine.receiveBufferChanged()
    }
}
