extension StreamConnection: Transport {
    package func write(_ data: Span<UInt8>) {
        unsafe data.withUnsafeBytes { unsafe gather($0) }
    }

    package func write(_ data: [UInt8]) {
        unsafe data.withUnsafeBytes { unsafe gather($0) }
    }

    package func write(_ text: String) {
        var text = text
        text.withUTF8 { unsafe gather(UnsafeRawBufferPointer($0)) }
    }

    package func write(_ head: Span<UInt8>, _ body: Span<UInt8>) {
        unsafe head.withUnsafeBytes { head in
            unsafe body.withUnsafeBytes { body in
                guard gatheredByteCount + head.count + body.count >= Chunk.capacity / 2 else {
                    unsafe gather(head)
                    return unsafe gather(body)
                }
                unsafe withUnsafeTemporaryAllocation(of: UnsafeRawBufferPointer.self, capacity: 2) { pieces in
                    unsafe pieces.initializeElement(at: 0, to: head)
                    unsafe pieces.initializeElement(at: 1, to: body)
                    unsafe sendTogether(UnsafeBufferPointer(pieces))
                }
            }
        }
    }

    package func write(contentsOf pieces: some Sequence<[UInt8]>) {
        let pieces = pieces.filter { !$0.isEmpty }
        if pieces.reduce(0, { $0 + $1.count }) < Chunk.capacity / 2 {
            for piece in pieces { write(piece) }
            return
        }
        // Each level holds one array's bytes in place, until all that one call takes are lent.
        func lend(_ rest: ArraySlice<[UInt8]>, _ lent: inout [UnsafeRawBufferPointer]) {
            guard let first = rest.first, unsafe lent.count < 64 else {
                return unsafe lent.withUnsafeBufferPointer { unsafe sendTogether($0) }
            }
            unsafe first.withUnsafeBytes { bytes in
                unsafe lent.append(bytes)
                unsafe lend(rest.dropFirst(), &lent)
            }
        }
        var rest = pieces[...]
        while !rest.isEmpty {
            var lent: [UnsafeRawBufferPointer] = unsafe []
            unsafe lend(rest, &lent)
            rest = unsafe rest.dropFirst(lent.count)
        }
    }

    package func loseConnection() {
        guard state.isDisjoint(with: [.closing, .aborted, .lost]) else { return }
        beginClosing(deadline: settings.closeDeadline)
    }

    package func loseConnection(within deadline: Duration) {
        guard state.isDisjoint(with: [.aborted, .lost]) else { return }
        beginClosing(deadline: deadline)
    }

    @inline(never)
    private func beginClosing(deadline: Duration?) {
        guard state.contains(.established) else { return }
        state.begin(.closing)
        setDeadline(deadline)
        stopRelaysIntoThis()
        // What arrives is read and dropped from now on, also if reading was paused.
        if state.contains(.parked) { updateReadInterest() }
        if !state.contains(.inCallback) { scheduleFlush() }
    }

    package func abortConnection() {
        guard state.isDisjoint(with: [.aborted, .lost]), state.contains(.established) else { return }
        state.begin(.aborted)
        if !state.contains(.inCallback) { scheduleFlush() }
    }

    package func loseWriteConnection() {
        guard state.isDisjoint(with: .rejectsWrites), state.contains(.established) else { return }
        state.beginEndingWrites()
        stopRelaysIntoThis()
        if !state.contains(.inCallback) { scheduleFlush() }
    }

    package func pauseReading() {
        if state.contains(.relaying), let relay = extras?.relay { return relay.pause(true) }
        if state.isDisjoint(with: .readPaused) { noteReading(false) }
        state.insert(.readPaused)
        // A connection that broke was only read to its end; nothing would report the loss until reading is resumed.
        if state.contains(.broken) && !state.contains(.inCallback) { scheduleFlush() }
    }

    package func resumeReading() {
        guard state.contains(.readPaused) else { return }
        if state.contains(.relaying), let relay = extras?.relay { return relay.pause(false) }
        state.remove(.readPaused)
        noteReading(true)
        if state.contains(.hasUnread) { scheduleFlushOutsideCallback() }
        if state.contains(.parked) && !state.contains(.lost) { updateReadInterest() }
    }

    package var isClosing: Bool {
        !state.isDisjoint(with: [.closing, .aborted, .failed, .broken, .lost]) || !state.contains(.established)
    }

    package var bufferedByteCount: Int {
        gatheredByteCount + waitingByteCount
    }

    package func setWriteBufferLimits(high: Int, low: Int) {
        guard !state.contains(.lost) else { return }
        settings = settings.with(high: high, low: low)
        state.insert(.watermarkCrossed)
        if !state.contains(.inCallback) { scheduleFlush() }
    }

    package var writeBufferLimit: Int? {
        get { settings.limit == .max ? nil : settings.limit }
        set { settings = settings.with(limit: newValue ?? .max) }
    }

    package func setNoDelay(_ enabled: Bool) -> Bool {
        guard !state.contains(.lost) else { return false }
        return engine.set(.noDelay(enabled), of: self)
    }

    package func setKeepAlive(idle: Duration, interval: Duration, count: Int) -> Bool {
        guard !state.contains(.lost) else { return false }
        return engine.set(.keepAlive(.init(idle: idle, interval: interval, count: count)), of: self)
    }
}
