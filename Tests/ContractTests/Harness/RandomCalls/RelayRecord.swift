import EventReactor

/// One relay of a run: the bytes it receives, and its ending.
final class RelayRecord {
    /// The stream that is read.
    let source: ByteStream
    /// The position of its reader when the relay began.
    let start: ByteStream.Cursor
    private var handle: StreamRelay?
    private(set) var isStopped = false
    private(set) var ending: RelayEnding?
    private var last = 0
    /// The source's reader has moved on to the bytes that follow.
    var isPassed = false

    init(of source: ByteStream, from start: ByteStream.Cursor) {
        self.source = source
        self.start = start
    }

    func began(_ handle: StreamRelay) {
        self.handle = handle
    }

    /// The bytes that were taken so far.
    var count: Int { handle?.byteCount ?? last }

    /// No more is taken.
    var isClosed: Bool { isStopped || ending != nil }

    func stop() {
        guard let handle, !isClosed else { return }
        isStopped = true
        handle.stop()
    }

    /// Judges the completion: the failure, or nil.
    func ended(_ count: Int, _ ending: RelayEnding) -> String? {
        defer {
            last = count
            handle = nil
            self.ending = ending
        }
        if self.ending != nil { return "a relay ended twice" }
        if let handle, handle.byteCount != count { return "a relay took \(handle.byteCount) and tells of \(count)" }
        if handle?.isActive == true { return "a relay that has ended is active" }
        return nil
    }
}
