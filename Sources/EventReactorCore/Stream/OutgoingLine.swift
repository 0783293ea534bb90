/// What stands in line behind a connection's queue: files, relays, and the bytes written behind them.
///
/// It is there only while a file or a relay is in it.
final class OutgoingLine {
    enum Item {
        case bytes([UInt8])
        case file(FileTransfer)
        case relay(StreamRelay)
    }

    private var items: [Item] = []
    /// The items that are gone already.
    private var gone = 0
    /// The bytes that wait behind files and relays.
    private(set) var heldByteCount = 0
    /// The turn in which a file was moved along last: one piece a turn, so that none starves the others.
    var lastTurn = UInt64.max
    /// The connection looks after the line in the next turn by itself.
    var isScheduled = false
    /// The engine has reported room in the kernel, and nothing was offered since.
    var isRoomReported = false

    var first: Item? { gone < items.count ? items[gone] : nil }

    var all: ArraySlice<Item> { items[gone...] }

    /// Whether dropping the line drops bytes, a part of a file, or what a relay still has to pass on.
    var hasRest: Bool {
        all.contains { item in
            switch item {
            case .bytes(let bytes): !bytes.isEmpty
            case .file(let transfer): transfer.remaining > 0
            case .relay(let relay): relay.hasRest
            }
        }
    }

    func append(_ item: Item) {
        items.append(item)
    }

    /// Keeps bytes behind the last item.
    func hold(_ bytes: UnsafeRawBufferPointer) {
        heldByteCount += bytes.count
        if case .bytes(var last)? = items.last, gone < items.count {
            // Let go of first, so that the array grows in place.
            items[items.count - 1] = .bytes([])
            unsafe last.append(contentsOf: bytes)
            items[items.count - 1] = .bytes(last)
        } else {
            items.append(.bytes(unsafe [UInt8](bytes)))
        }
    }

    func removeFirst() {
        if case .bytes(let bytes)? = first { heldByteCount -= bytes.count }
        items[gone] = .bytes([])
        gone += 1
        if gone > 32 && gone > items.count / 2 {
            items.removeSubrange(..<gone)
            gone = 0
        }
    }

    /// Whether what is in the connection's queue belongs to the first item, and not to what was written.
    var ownsQueue: Bool {
        switch first {
        case .file(let transfer): transfer.hasBegun
        case .relay(let relay): relay.isFront
        case .bytes, nil: false
        }
    }
}

/// A file on its way out.
final class FileTransfer {
    let file: ReadableFile
    let length: Int
    var offset: Int
    /// The bytes that were read or sent, of which some may be in the connection's queue.
    var taken = 0
    /// It is read and written, since the kernel does not send it by itself.
    var copies = false
    /// What was written before it is gone from the queue.
    var hasBegun = false
    let progress: ((Int) -> Void)?
    let completion: ((Result<Int, FileError>) -> Void)?

    init(
        _ file: ReadableFile, offset: Int, length: Int, progress: ((Int) -> Void)?,
        completion: ((Result<Int, FileError>) -> Void)?
    ) {
        self.file = file
        self.offset = offset
        self.length = length
        self.progress = progress
        self.completion = completion
    }

    var remaining: Int { length - taken }

    func take(_ count: Int) {
        taken += count
        offset += count
    }
}
