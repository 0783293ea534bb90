/// The send queue of one connection: bytes, and behind them files and relays in the order in which they were asked for.
///
/// It exists only while something waits, or while a rate limit is set. Bytes lie in chunks of the reactor's pool and do
/// not move as the queue drains: a chunk goes back to the pool when its last byte is sent, so the queue occupies less
/// than one chunk more than it has bytes. A whole queue is offered to the kernel by one `sendmsg`.
@safe
package final class SendQueue {
    /// One entry behind the bytes at the front.
    enum Transfer {
        case bytes([UInt8])
        case file(FileTransfer)
        case relay(StreamRelay)
    }

    /// The chunks that one system call offers to the kernel at most: a megabyte.
    private static let chunksPerCall = 64

    private let pool: ChunkPool
    private var first: Chunk?
    private var last: Chunk?
    /// The bytes of the first chunk that are sent already.
    private var firstOffset: Int
    // Stored privately and reached by accessors: the compiler sees then that no two accesses overlap, and leaves the check
    // at run time away (2,200 of 8,500 instructions a message on bufferevents).
    private var storedByteCount: Int
    private var storedLentByteCount: Int
    private var storedRegistration: OpaquePointer?

    /// The bytes at the front, which the kernel is offered next.
    package private(set) var byteCount: Int {
        get { storedByteCount }
        set { storedByteCount = newValue }
    }
    /// The bytes at the front that the engine has taken and the kernel has not: they stay where they are until then.
    ///
    /// Only an engine that writes by itself, as a bufferevent does, has any.
    package var lentByteCount: Int {
        get { storedLentByteCount }
        set { storedLentByteCount = newValue }
    }
    /// The engine's own registration for room in the kernel, if it needs one beside the connection's.
    package var registration: OpaquePointer? {
        get { unsafe storedRegistration }
        set { unsafe storedRegistration = newValue }
    }

    private var transfers: [Transfer]
    /// The number of entries at the start of `transfers` that are finished.
    private var finishedCount: Int
    /// The bytes that were written behind files and relays.
    private(set) var byteCountBehindTransfers: Int
    /// The turn in which a file was last advanced: one piece a turn, so that none starves other connections.
    var lastFileTurn: UInt64
    /// The connection advances its transfers in the next turn.
    var isAdvanceScheduled: Bool
    /// The engine has reported room in the kernel, and nothing was offered since.
    var isRoomReported: Bool

    init(chunks: ChunkPool) {
        pool = chunks
        firstOffset = 0
        storedByteCount = 0
        storedLentByteCount = 0
        transfers = []
        finishedCount = 0
        byteCountBehindTransfers = 0
        lastFileTurn = .max
        isAdvanceScheduled = false
        isRoomReported = false
    }

    deinit {
        removeBytes()
    }

    var isEmpty: Bool { byteCount == 0 && firstTransfer == nil }

    // MARK: Bytes at the front

    /// Appends bytes to those at the front; their caller has counted what is behind transfers elsewhere.
    func appendToFront(_ bytes: UnsafeRawBufferPointer) {
        byteCount += bytes.count
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

    /// Lends the bytes at the front, up to a megabyte.
    ///
    /// The memory stays in place until `removeFirst` has removed its bytes.
    func withPieces(
        upTo limit: Int, _ body: (UnsafeBufferPointer<UnsafeRawBufferPointer>, _ byteCount: Int) -> Int
    ) -> Int {
        unsafe withUnsafeTemporaryAllocation(
            of: UnsafeRawBufferPointer.self, capacity: SendQueue.chunksPerCall
        ) { pieces in
            var used = 0
            var total = 0
            var next = first
            while let chunk = next, used < SendQueue.chunksPerCall, total < limit {
                let bytes = unsafe UnsafeRawBufferPointer(rebasing: chunk.bytes[(used == 0 ? firstOffset : 0)...])
                let piece = unsafe UnsafeRawBufferPointer(rebasing: bytes[..<min(bytes.count, limit - total)])
                unsafe pieces.initializeElement(at: used, to: piece)
                used += 1
                total += piece.count
                next = chunk.next
            }
            return unsafe body(UnsafeBufferPointer(rebasing: pieces[..<used]), total)
        }
    }

    func removeFirst(_ count: Int) {
        byteCount -= count
        firstOffset += count
        while let chunk = first, firstOffset >= chunk.count {
            firstOffset -= chunk.count
            first = chunk.next
            pool.give(chunk)
        }
        if first == nil { last = nil }
    }

    private func removeBytes() {
        while let chunk = first {
            first = chunk.next
            pool.give(chunk)
        }
        last = nil
    }

    // MARK: Transfers behind them

    var firstTransfer: Transfer? { finishedCount < transfers.count ? transfers[finishedCount] : nil }

    var allTransfers: ArraySlice<Transfer> { transfers[finishedCount...] }

    /// Whether dropping the transfers drops bytes, a part of a file, or what a relay has yet to pass on.
    var hasUnsentTransfers: Bool {
        allTransfers.contains { transfer in
            switch transfer {
            case .bytes(let bytes): !bytes.isEmpty
            case .file(let file): file.remaining > 0
            case .relay(let relay): relay.hasRest
            }
        }
    }

    /// Whether the bytes at the front belong to the first transfer, and not to what was written.
    var frontBelongsToTransfer: Bool {
        switch firstTransfer {
        case .file(let transfer): transfer.hasBegun
        case .relay(let relay): relay.isFront
        case .bytes, nil: false
        }
    }

    func append(_ transfer: Transfer) {
        transfers.append(transfer)
    }

    /// Appends bytes behind the last transfer.
    func appendBehindTransfers(_ bytes: UnsafeRawBufferPointer) {
        byteCountBehindTransfers += bytes.count
        if case .bytes(var last)? = transfers.last, finishedCount < transfers.count {
            // Released first, so that the array grows in place.
            transfers[transfers.count - 1] = .bytes([])
            unsafe last.append(contentsOf: bytes)
            transfers[transfers.count - 1] = .bytes(last)
        } else {
            transfers.append(.bytes(unsafe [UInt8](bytes)))
        }
    }

    func removeFirstTransfer() {
        if case .bytes(let bytes)? = firstTransfer { byteCountBehindTransfers -= bytes.count }
        transfers[finishedCount] = .bytes([])
        finishedCount += 1
        if finishedCount > 32 && finishedCount > transfers.count / 2 {
            transfers.removeSubrange(..<finishedCount)
            finishedCount = 0
        }
    }
}
