/// Bytes that go in at the end and out at the front.
struct ByteQueue {
    private var bytes: [UInt8] = []
    private var first = 0

    var count: Int { bytes.count - first }
    var isEmpty: Bool { bytes.count == first }

    mutating func append(_ data: UnsafeRawBufferPointer) {
        unsafe bytes.append(contentsOf: data)
    }

    mutating func append(_ data: some Sequence<UInt8>) {
        bytes.append(contentsOf: data)
    }

    /// Lends bytes from the middle of the queue.
    func withBytes<Result>(from offset: Int, count: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        unsafe bytes.withUnsafeBytes { all in
            let start = first + offset
            return unsafe body(UnsafeRawBufferPointer(rebasing: all[start..<start + count]))
        }
    }

    mutating func removeFirst(_ count: Int) {
        first += count
        if first == bytes.count {
            removeAll()
        } else if first > 4096 && first > bytes.count / 2 {
            bytes.removeSubrange(..<first)
            first = 0
        }
    }

    /// Takes bytes from the front.
    mutating func take(_ count: Int) -> [UInt8] {
        let taken = [UInt8](bytes[first..<first + count])
        removeFirst(count)
        return taken
    }

    mutating func removeAll() {
        if bytes.capacity > 65_536 { bytes = [] } else { bytes.removeAll(keepingCapacity: true) }
        first = 0
    }
}
