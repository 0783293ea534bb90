import EventReactorCore
import EventReactorPosix

/// The bytes of one connection that the kernel did not take, in chunks of the reactor's pool.
///
/// Nothing moves as it drains: a chunk goes back when its last byte is sent, so the queue holds less than a chunk more
/// than what waits.
final class SendQueue {
    /// The chunks that one call offers to the kernel: a megabyte.
    private static let chunksPerCall = 64

    private let pool: ChunkPool
    private var first: Chunk?
    private var last: Chunk?
    /// The bytes of the first chunk that are sent.
    private var sent = 0
    /// The bytes that wait.
    private(set) var count = 0

    init(chunks: ChunkPool) {
        pool = chunks
    }

    deinit {
        while let chunk = first {
            first = chunk.next
            pool.give(chunk)
        }
    }

    func append(_ bytes: UnsafeRawBufferPointer) {
        count += bytes.count
        var rest = unsafe bytes[...]
        while unsafe !rest.isEmpty {
            if last.map({ $0.room == 0 }) ?? true {
                let chunk = pool.take()
                last?.next = chunk
                last = chunk
                if first == nil { first = chunk }
            }
            guard let last else { return }
            let piece = unsafe rest.prefix(last.room)
            unsafe last.append(UnsafeRawBufferPointer(rebasing: piece))
            unsafe rest = rest.dropFirst(piece.count)
        }
    }

    /// Offers what waits to the kernel, once.
    ///
    /// - Returns: an errno, or 0.
    func send(to descriptor: Int32) -> Int32 {
        let taken = unsafe withUnsafeTemporaryAllocation(
            of: UnsafeRawBufferPointer.self,
            capacity: SendQueue.chunksPerCall
        ) { pieces in
            var used = 0
            var next = first
            while let chunk = next, used < SendQueue.chunksPerCall {
                let start = used == 0 ? sent : 0
                unsafe pieces.initializeElement(at: used, to: UnsafeRawBufferPointer(rebasing: chunk.bytes[start...]))
                used += 1
                next = chunk.next
            }
            return unsafe StreamSocket.send(
                descriptor,
                pieces: UnsafeBufferPointer(rebasing: pieces[..<used])
            )
        }
        guard taken >= 0 else { return Int32(-taken) }
        drop(taken)
        return 0
    }

    private func drop(_ bytes: Int) {
        count -= bytes
        sent += bytes
        while let chunk = first, sent >= chunk.count {
            sent -= chunk.count
            first = chunk.next
            pool.give(chunk)
        }
        if first == nil { last = nil }
    }
}
