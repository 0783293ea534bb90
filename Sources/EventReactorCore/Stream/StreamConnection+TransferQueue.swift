#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Files and relays: what goes out without having been written.
extension StreamConnection {
    /// The line, made when the first file or relay comes.
    ///
    /// What was gathered goes before it, and the bit that sends later writes to the queue sends them behind it.
    func joinLine(_ item: OutgoingLine.Item) {
        flush()
        let extras = makeExtras()
        let line = extras.line ?? OutgoingLine()
        extras.line = line
        line.append(item)
        state.insert([.hasQueuedTransfers, .queued, .watermarkCrossed])
        if !state.contains(.inCallback) { scheduleFlush() }
        if peer.family == .unix && extras.sendCheck == nil { checkSending() }
    }

    /// Asks whether what waits can still be sent, which ends the connection if not.
    ///
    /// - Returns: whether it can.
    func canStillSend() -> Bool {
        let code = engine.sendError(self)
        if code != 0 { sendFailed(code) }
        return code == 0
    }

    /// Asks once a second while files and relays are in line: nothing else would tell of a UNIX peer that reads no more.
    private func checkSending() {
        extras?.sendCheck = reactor.callLater(.seconds(1)) { [self] in
            extras?.sendCheck = nil
            if state.contains(.hasQueuedTransfers), !state.contains(.lost), canStillSend() { checkSending() }
        }
    }

    /// The bytes that wait: in the engine's queue, and behind files and relays.
    var waitingByteCount: Int {
        guard !state.isDisjoint(with: .queuesWrites) else { return 0 }
        guard state.contains(.hasQueuedTransfers), let line = extras?.line else { return queuedByteCount }
        return line.heldByteCount + (line.ownsQueue ? 0 : queuedByteCount)
    }

    /// Moves the line along as far as it goes now.
    ///
    /// - Returns: whether something happened that `settle` has to look at.
    func advanceLine() -> Bool {
        guard let line = extras?.line else { return false }
        switch line.first {
        case nil:
            leaveLine()
            return true
        case .bytes(let bytes):
            line.removeFirst()
            watchRoom(false)
            unsafe bytes.withUnsafeBytes { unsafe pass($0) }
            return true
        case .file(let transfer):
            return advance(transfer, in: line)
        case .relay(let relay):
            return relay.advance()
        }
    }

    private func leaveLine() {
        extras?.line = nil
        state.remove(.hasQueuedTransfers)
        if engine.queuedByteCount(self) == 0 { state.remove(.queued) }
        state.remove(.wantsRoom)
        // Also where it was not asked for: it may have to watch for a reset again.
        engine.roomWatchChanged(self)
    }

    /// Sends bytes that are next in line, or queues them: their share of the limit is theirs already.
    func pass(_ bytes: UnsafeRawBufferPointer) {
        if state.contains(.writeMetered) {
            count { $0.bytesQueued &+= bytes.count }
            return unsafe hold(bytes)
        }
        var taken = 0
        if engine.queuedByteCount(self) == 0 {
            taken = unsafe engine.send(self, bytes)
            if taken < 0 { return sendFailed(Int32(-taken)) }
            noteTaken(taken)
        }
        guard taken < bytes.count else { return }
        noteWaiting(true)
        count { $0.bytesQueued &+= bytes.count - taken }
        let code = unsafe engine.enqueue(self, UnsafeRawBufferPointer(rebasing: bytes[taken...]))
        if code != 0 { interestFailed(code, "write") }
    }

    /// The kernel took bytes that were not written, and did not wait in the engine's queue.
    func noteTaken(_ number: Int) {
        count { $0.bytesTaken &+= number }
        outboxTaken(number)
    }

    /// Has the engine tell by `hasRoom`, in each turn, that the kernel would take bytes.
    func watchRoom(_ wanted: Bool) {
        guard wanted != state.contains(.wantsRoom) else { return }
        if wanted { state.insert(.wantsRoom) } else { state.remove(.wantsRoom) }
        noteWaiting(wanted)
        engine.roomWatchChanged(self)
    }

    /// Whether an event of the engine's waits for room in the kernel, and so would see a reset too.
    package var watchesRoom: Bool {
        guard state.contains(.hasQueuedTransfers) else { return state.contains(.queued) }
        return state.contains(.wantsRoom) || engine.queuedByteCount(self) > 0
    }

    /// The kernel would take bytes.
    package func hasRoom() {
        guard state.contains(.wantsRoom), !state.contains(.lost) else { return }
        extras?.line?.isRoomReported = true
        processPendingState()
    }

    /// Whether the engine has just reported room; asked once a report.
    ///
    /// If the kernel then takes nothing of a file or a pipe, it would report the same in each turn: the bytes are copied.
    func takeRoomReport() -> Bool {
        guard let line = extras?.line, line.isRoomReported else { return false }
        line.isRoomReported = false
        return true
    }

    /// Looks after the line in the next turn, where no event of the kernel does.
    func advanceSoon(_ line: OutgoingLine) {
        guard !line.isScheduled else { return }
        line.isScheduled = true
        reactor.callSoon { [self] in
            line.isScheduled = false
            if !state.contains(.lost) { processPendingState() }
        }
    }

    /// Calls a closure of the program as a callback is called: what it does follows when it has returned.
    func runClosure(_ body: () -> Void) {
        let isNested = state.contains(.inCallback)
        state.insert(.inCallback)
        body()
        if !isNested { state.remove(.inCallback) }
    }

    /// The connection ends, or writes no more: the relays into it take no more.
    func stopRelaysIntoThis() {
        guard let line = extras?.line else { return }
        for case .relay(let relay) in line.all { relay.receiverCloses() }
    }

    /// The connection is gone: what stood in line is told.
    func dissolve(_ line: OutgoingLine, _ reason: ConnectionLostReason) {
        for item in line.all {
            switch item {
            case .bytes: break
            case .file(let transfer):
                transfer.completion?(.failure(.lost(sent: transfer.taken, reason)))
            case .relay(let relay):
                relay.receiverLost(reason)
            }
        }
    }
}
