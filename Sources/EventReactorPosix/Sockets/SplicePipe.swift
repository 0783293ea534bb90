import CEventReactorShims
package import EventReactorCore
import Glibc

/// The pipes of a reactor, a few of them kept for the next relay that moves bytes.
package final class PipePool: RelayPipeSource {
    /// Requested capacity: the default of `/proc/sys/fs/pipe-max-size`.
    ///
    /// `./bench relay` runs 1.4 times as fast as with 256 KiB.
    private static let capacity = 1024 * 1024
    /// With less than this copying is faster, and a system short of memory for pipes gives no more than a page or two.
    private static let least = 64 * 1024
    /// Each costs its user a share of what `/proc/sys/fs/pipe-user-pages-soft` allows, 64 MiB unless set.
    private static let most = 4

    private var free: [SplicePipe] = []

    package init() {}

    /// A pipe, or `nil` if descriptors or memory are exhausted.
    package func take() -> (any RelayPipe)? {
        if let kept = free.popLast() { return kept }
        var ends: [Int32] = [-1, -1]
        let size = unsafe er_pipe(Int32(PipePool.capacity), &ends)
        guard size >= 0 else { return nil }
        let pipe = SplicePipe((ends[0], ends[1]), pool: self)
        return size >= PipePool.least ? pipe : nil
    }

    /// Closes those kept.
    package func empty() {
        free = []
    }

    fileprivate func keep(_ pipe: SplicePipe) {
        if free.count < PipePool.most { free.append(pipe) }
    }
}

/// One pipe: both ends are closed when it is released.
final class SplicePipe: RelayPipe {
    /// Less than the capacity of the smallest pipe of a pool.
    private static let pieceSize = 16 * 1024

    private let ends: (reading: Int32, writing: Int32)
    private weak var pool: PipePool?
    private(set) var byteCount = 0

    init(_ ends: (reading: Int32, writing: Int32), pool: PipePool) {
        self.ends = ends
        self.pool = pool
    }

    deinit {
        _ = close(ends.reading)
        _ = close(ends.writing)
    }

    func fill(from descriptor: Int32, most: Int, isReadable: Bool) -> Int {
        var count = Int(er_splice(descriptor, ends.writing, Int64(most)))
        // At an urgent byte splice says that the stream has ended if the end has arrived behind it.
        if count == 0 || (count == -Int(EAGAIN) && isReadable) { count = copy(from: descriptor, most: most) }
        if count > 0 { byteCount += count }
        return count
    }

    /// Receives a piece and writes it to the pipe, which has room for all of it, since it is empty.
    private func copy(from descriptor: Int32, most: Int) -> Int {
        unsafe withUnsafeTemporaryAllocation(byteCount: min(most, SplicePipe.pieceSize), alignment: 1) { piece in
            let received = unsafe recv(descriptor, piece.baseAddress, piece.count, Int32(MSG_DONTWAIT))
            guard received > 0 else { return received < 0 ? -Int(errno) : 0 }
            let written = unsafe write(ends.writing, piece.baseAddress, received)
            return written == received ? received : -Int(written < 0 ? errno : EIO)
        }
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
        if byteCount == 0 { pool?.keep(self) }
    }
}
