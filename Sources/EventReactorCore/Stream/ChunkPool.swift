/// The chunks of a reactor: last in, first out, so that the next one is warm in the cache.
@safe
final class ChunkPool {
    /// The chunks kept for the next turn; what a broadcast needs beyond them goes back to the system.
    private static let most = 256

    private var free: UnsafeMutablePointer<Chunk.Header>?
    private var freeCount = 0

    init() {}

    deinit {
        empty()
    }

    /// Gives the chunks kept back to the system.
    func empty() {
        while let header = unsafe free {
            unsafe free = header.pointee.next
            unsafe UnsafeMutableRawPointer(header).deallocate()
        }
        freeCount = 0
    }

    /// The number of free chunks.
    var keptCount: Int { freeCount }

    @inline(__always)
    func take() -> Chunk {
        guard let header = unsafe free else { return ChunkPool.makeChunk() }
        unsafe free = header.pointee.next
        freeCount -= 1
        unsafe header.pointee = Chunk.Header(next: nil, count: 0)
        return unsafe Chunk(header: header)
    }

    @inline(never)
    private static func makeChunk() -> Chunk {
        let size = unsafe MemoryLayout<Chunk.Header>.stride + Chunk.capacity
        let header = unsafe UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
            .bindMemory(to: Chunk.Header.self, capacity: 1)
        unsafe header.initialize(to: Chunk.Header(next: nil, count: 0))
        return unsafe Chunk(header: header)
    }

    @inline(__always)
    func give(_ chunk: Chunk) {
        guard freeCount < ChunkPool.most else {
            return unsafe UnsafeMutableRawPointer(chunk.header).deallocate()
        }
        unsafe chunk.header.pointee.next = free
        unsafe free = chunk.header
        freeCount += 1
    }
}
