/// The transfers in the send queue: files and relays, and what was written behind them.
extension StreamConnection {
    /// Appends a file or a relay to the queue.
    ///
    /// Gathered bytes go before it, and later writes behind it.
    func enqueue(_ transfer: SendQueue.Transfer) {
        flush()
        makeQueue().append(transfer)
        state.insert([.hasQueuedTransfers, .queued, .watermarkCrossed])
        if !state.contains(.inCallback) { scheduleFlush() }
        if peer.family == .unix && extras?.sendCheck == nil { checkSending() }
    }

    /// Asks once a second while files and relays wait: nothing else would report a UNIX peer that reads no more.
    private func checkSending() {
        makeExtras().sendCheck = reactor.callLater(.seconds(1)) { [self] in
            extras?.sendCheck = nil
            if state.contains(.hasQueuedTransfers), !state.contains(.lost), canStillSend() { checkSending() }
        }
    }

    /// The bytes at the front of the queue, which the kernel is offered next.
    var frontByteCount: Int { queue?.byteCount ?? 0 }

    /// Advances the first transfer as far as it goes now.
    ///
    /// - Returns: whether something happened that `processPendingState` has to look at.
    func advanceTransfers() -> Bool {
        guard let queue else { return false }
        switch queue.firstTransfer {
        case nil:
            state.remove(.hasQueuedTransfers)
            if queue.byteCount == 0 { state.remove(.queued) }
            releaseQueueIfDrained()
            return true
        case .bytes(let bytes):
            queue.removeFirstTransfer()
            // Counted when they were written.
            count { $0.bytesQueued &-= bytes.count }
            unsafe bytes.withUnsafeBytes { unsafe sendCopied($0) }
            if queue.byteCount == 0 { setWantsRoom(false) }
            return true
        case .file(let transfer):
            return advance(transfer, in: queue)
        case .relay(let relay):
            return relay.advance()
        }
    }

    /// Whether the engine has just reported room; asked once a report.
    ///
    /// If the kernel then takes nothing of a file or a pipe, it would report the same in each turn: the bytes are copied.
    func takeRoomReport() -> Bool {
        guard let queue, queue.isRoomReported else { return false }
        queue.isRoomReported = false
        return true
    }

    /// Advances the transfers in the next turn, if no event of the kernel does.
    func advanceSoon(_ queue: SendQueue) {
        guard !queue.isAdvanceScheduled else { return }
        queue.isAdvanceScheduled = true
        reactor.callSoon { [self] in
            queue.isAdvanceScheduled = false
            if !state.contains(.lost) { processPendingState() }
        }
    }

    /// Runs a closure of the program as a callback is run: what follows from its calls is done when it has returned.
    @inline(never)
    func runClosure(_ body: () -> Void) {
        let isNested = state.contains(.inCallback)
        state.insert(.inCallback)
        body()
        if !isNested { state.remove(.inCallback) }
    }

    /// The connection closes its writing side: relays into it read no more from their sources.
    func stopRelaysIntoThis() {
        guard let queue else { return }
        for case .relay(let relay) in queue.allTransfers { relay.receiverCloses() }
    }

    /// The connection is lost: reports that to the transfers that have not finished.
    func reportLoss(toTransfersOf queue: SendQueue, _ reason: ConnectionLostReason) {
        for transfer in queue.allTransfers {
            switch transfer {
            case .bytes: break
            case .file(let transfer):
                transfer.lost(reason)
            case .relay(let relay):
                relay.receiverLost(reason)
            }
        }
    }
}
