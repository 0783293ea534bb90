import CEventReactorShims
package import EventReactorCore
import Glibc

/// The pipes of a reactor, a few of them kept for the next relay.
package final class PipePool {
    /// What a pipe holds: more gains little, and each costs its user a share of what the system allows.
    private static let capacity = 256 * 1024
    /// With less than this copying is faster, and a system short of memory for pipes gives no more than a page or two.
    private static let least = 64 * 1024
    private static let most = 16

    private var free: [(reading: Int32, writing: Int32)] = []

    package init() {}

    deinit {
        for ends in free { SplicePipe.close(ends) }
    }

    /// A pipe, or nil where no descriptor or no memory can be had.
    package func take() -> (any RelayPipe)? {
        if let kept = free.popLast() { return SplicePipe(kept, pool: self) }
        var ends: [Int32] = [-1, -1]
        let size = unsafe er_pipe(Int32(PipePool.capacity), &ends)
        guard size >= 0 else { return nil }
        guard size >= PipePool.least else {
            SplicePipe.close((ends[0], ends[1]))
            return nil
        }
        return SplicePipe((ends[0], ends[1]), pool: self)
    }

    fileprivate func keep(_ ends: (reading: Int32, writing: Int32)) -> Bool {
        guard free.count < PipePool.most else { return false }
        free.append(ends)
        return true
    }
}

/// One pipe: both ends are closed when it is let go, unless it was given back.
final class SplicePipe: RelayPipe {
    /// What is asked for at once: a socket's pieces may be larger than a page, so that more goes in than `capacity`.
    private static let bytesPerCall: Int64 = 1024 * 1024

    private let ends: (reading: Int32, writing: Int32)
    private weak var pool: PipePool?
    private var isKept = false
    private(set) var byteCount = 0

    init(_ ends: (reading: Int32, writing: Int32), pool: PipePool) {
        self.ends = ends
        self.pool = pool
    }

    deinit {
        if !isKept { SplicePipe.close(ends) }
    }

    func fill(from descriptor: Int32) -> Int {
        let count = Int(er_splice(descriptor, ends.writing, SplicePipe.bytesPerCall))
        if count > 0 { byteCount += count }
        return count
    }

    func drain(to descriptor: Int32) -> Int {
        let count = Int(er_splice(ends.reading, descriptor, Int64(byteCount)))
        if count > 0 { byteCount -= count }
        return count
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = unsafe Glibc.read(ends.reading, buffer.baseAddress, min(buffer.count, byteCount))
        guard count >= 0 else { return -Int(errno) }
        byteCount -= count
        return count
    }

    func giveBack() {
        guard byteCount == 0, !isKept, let pool else { return }
        isKept = pool.keep(ends)
    }

    static func close(_ ends: (reading: Int32, writing: Int32)) {
        _ = Glibc.close(ends.reading)
        _ = Glibc.close(ends.writing)
    }
}
