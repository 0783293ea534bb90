/// A piece of memory in which a connection gathers small writes until they are sent together.
///
/// It is borrowed from the reactor's pool for the length of a callback, so that an idle connection owns none.
@safe
struct Chunk {
    /// Capacity in bytes.
    static let capacity = 16 * 1024

    @unsafe
    struct Header {
        var next: UnsafeMutablePointer<Header>?
        var count: Int
    }

    let header: UnsafeMutablePointer<Header>

    /// The next chunk, if several are linked; a chunk comes from the pool without one.
    var next: Chunk? {
        get { unsafe header.pointee.next.map { unsafe Chunk(header: $0) } }
        nonmutating set { unsafe header.pointee.next = newValue?.header }
    }

    var count: Int { unsafe header.pointee.count }
    var room: Int { Chunk.capacity - count }

    var bytes: UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(start: UnsafeRawPointer(header + 1), count: header.pointee.count)
    }

    @inline(__always)
    func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress else { return }
        unsafe (UnsafeMutableRawPointer(header + 1) + header.pointee.count)
            .copyMemory(from: source, byteCount: bytes.count)
        unsafe header.pointee.count += bytes.count
    }
}
