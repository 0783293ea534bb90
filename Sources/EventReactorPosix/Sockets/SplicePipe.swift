import CEventReactorShims
import EventReactorCore
import Glibc

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
