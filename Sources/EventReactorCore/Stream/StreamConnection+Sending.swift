/// Sending: what a callback writes is gathered, offered to the kernel when the callback returns, and queued if the kernel
/// does not take it.
extension StreamConnection {
    // MARK: Gathering

    func gather(_ bytes: UnsafeRawBufferPointer) {
        guard state.isDisjoint(with: .rejectsWrites), state.contains(.established), unsafe !bytes.isEmpty else {
            return
        }
        // A large write is not worth a copy: it goes out now, behind what was gathered.
        guard bytes.count < Chunk.capacity / 2 else { return unsafe sendNow(bytes) }
        if let gathered {
            guard bytes.count <= gathered.room else { return unsafe sendNow(bytes) }
            return unsafe gathered.append(bytes)
        }
        let chunk = withChunks { $0.take() }
        gathered = chunk
        unsafe chunk.append(bytes)
        if !state.contains(.inCallback) { scheduleFlush() }
    }

    @inline(never)
    private func sendNow(_ bytes: UnsafeRawBufferPointer) {
        guard let chunk = gathered else { return unsafe push(bytes) }
        gathered = nil
        unsafe withUnsafeTemporaryAllocation(of: UnsafeRawBufferPointer.self, capacity: 2) { pieces in
            unsafe pieces.initializeElement(at: 0, to: chunk.bytes)
            unsafe pieces.initializeElement(at: 1, to: bytes)
            unsafe push(pieces: UnsafeBufferPointer(pieces))
        }
        withChunks { $0.give(chunk) }
    }

    /// Sends several pieces now, behind what was gathered.
    func sendTogether(_ pieces: UnsafeBufferPointer<UnsafeRawBufferPointer>) {
        guard state.isDisjoint(with: .rejectsWrites), state.contains(.established) else { return }
        flush()
        unsafe push(pieces: pieces)
    }

    /// Sends what was gathered.
    @inline(__always)
    func flush() {
        guard let chunk = gathered else { return }
        gathered = nil
        unsafe push(chunk.bytes)
        withChunks { $0.give(chunk) }
    }

    func dropGathered() {
        guard let chunk = gathered else { return }
        gathered = nil
        withChunks { $0.give(chunk) }
    }

    var gatheredByteCount: Int { gathered?.count ?? 0 }

    // MARK: Offering

    /// Offers bytes to the kernel, and queues those that it does not take.
    @inline(__always)
    private func push(_ bytes: UnsafeRawBufferPointer) {
        guard state.isDisjoint(with: .needsSlowSendPath) else { return unsafe pushSlowly(bytes) }
        let taken = unsafe storedSettings._withUnsafeGuaranteedRef { unsafe $0.engine.send(self, bytes) }
        if taken == bytes.count { return count { $0.bytesTaken &+= taken } }
        unsafe pushed(taken, of: bytes)
    }

    @inline(never)
    private func pushSlowly(_ bytes: UnsafeRawBufferPointer) {
        guard mayOffer() else { return }
        guard state.isDisjoint(with: .queuesWrites) else { return unsafe enqueue(bytes) }
        unsafe pushed(engine.send(self, bytes), of: bytes)
    }

    /// The kernel has answered an offer.
    @inline(never)
    private func pushed(_ taken: Int, of bytes: UnsafeRawBufferPointer) {
        if taken < 0 { return sendFailed(Int32(-taken)) }
        count { $0.bytesTaken &+= taken }
        unsafe enqueue(UnsafeRawBufferPointer(rebasing: bytes[taken...]))
    }

    /// Offers several pieces to the kernel in one call.
    private func push(pieces: UnsafeBufferPointer<UnsafeRawBufferPointer>) {
        guard mayOffer() else { return }
        var taken = 0
        if state.isDisjoint(with: .queuesWrites) {
            taken = unsafe engine.send(self, pieces: pieces)
            if taken < 0 { return sendFailed(Int32(-taken)) }
            count { $0.bytesTaken &+= taken }
        }
        unsafe pieces.forEach { piece in
            let before = min(taken, piece.count)
            taken -= before
            unsafe enqueue(UnsafeRawBufferPointer(rebasing: piece[before...]))
        }
    }

    // MARK: Queueing

    /// The queue, made when something has to wait.
    func makeQueue() -> SendQueue {
        if let queue { return queue }
        let made = withChunks { SendQueue(chunks: $0) }
        queue = made
        return made
    }

    /// Appends bytes that were written to the queue.
    @inline(never)
    private func enqueue(_ bytes: UnsafeRawBufferPointer) {
        guard unsafe !bytes.isEmpty, state.isDisjoint(with: [.failed, .broken]) else { return }
        if state.contains(.queued), !canStillSend() { return }
        let (total, overflow) = waitingByteCount.addingReportingOverflow(bytes.count)
        if overflow || total > settings.limit {
            fail(WriteLimitExceeded(limit: settings.limit, wanted: total, peer: peer))
        } else {
            count { $0.bytesQueued &+= bytes.count }
            if total > settings.highMark { state.insert(.watermarkCrossed) }
            let queue = makeQueue()
            if state.contains(.hasQueuedTransfers) {
                unsafe queue.appendBehindTransfers(bytes)
            } else {
                unsafe appendToFront(bytes, of: queue)
            }
        }
        if !state.contains(.inCallback) && !state.isDisjoint(with: .hasPendingState) { scheduleFlush() }
    }

    /// Sends bytes of the first transfer, which are next in order.
    func sendCopied(_ bytes: UnsafeRawBufferPointer) {
        let queue = makeQueue()
        var taken = 0
        if state.isDisjoint(with: [.writeRateLimited, .queuesAll]) && queue.byteCount == 0 {
            taken = unsafe engine.send(self, bytes)
            if taken < 0 { return sendFailed(Int32(-taken)) }
            noteTaken(taken)
        }
        guard taken < bytes.count else { return }
        count { $0.bytesQueued &+= bytes.count - taken }
        unsafe appendToFront(UnsafeRawBufferPointer(rebasing: bytes[taken...]), of: queue)
    }

    private func appendToFront(_ bytes: UnsafeRawBufferPointer, of queue: SendQueue) {
        unsafe queue.appendToFront(bytes)
        state.insert(.queued)
        // Otherwise the kernel has just refused bytes, and has no room.
        if state.isDisjoint(with: [.writeRateLimited, .queuesAll]) { setWantsRoom(true) } else { sendQueued() }
    }

    /// The kernel took bytes that did not wait at the front of the queue and were not written: a file's, or a relay's.
    func noteTaken(_ taken: Int) {
        count { $0.bytesTaken &+= taken }
        timeouts?.taken(taken)
    }

    // MARK: Draining

    /// Offers the bytes at the front of the queue to the kernel, as far as tokens and room go.
    func sendQueued() {
        guard let queue else { return }
        while queue.byteCount > 0, queue.lentByteCount == 0, state.isDisjoint(with: .cannotSend) {
            let isLimited = state.contains(.writeRateLimited)
            let most = isLimited ? writeAllowance(of: queue.byteCount) : queue.byteCount
            // Called again when tokens come.
            if most == 0 { return setWantsRoom(false) }
            if !state.contains(.wantsRoom) { timeouts?.offered() }
            var offered = 0
            let taken = unsafe queue.withPieces(upTo: most) { pieces, byteCount in
                offered = byteCount
                return unsafe engine.send(self, pieces: pieces)
            }
            if taken < 0 { return sendFailed(Int32(-taken)) }
            if isLimited { chargeWriting(taken) }
            // Lent to the engine: `sent` is called when the kernel has them.
            if queue.lentByteCount > 0 { return setWantsRoom(true) }
            sent(taken)
            // One call for each report of room, so that no queue starves other connections.
            if taken < offered || !isLimited { break }
        }
        // A transfer that is first now asks for room again if it needs any.
        if queue.byteCount > 0 {
            setWantsRoom(true)
        } else if state.contains(.hasQueuedTransfers) {
            setWantsRoom(false)
        }
    }

    /// The kernel took bytes from the front of the queue.
    package func sent(_ count: Int) {
        guard let queue, count > 0 else { return }
        queue.removeFirst(count)
        queue.lentByteCount = max(0, queue.lentByteCount - count)
        if queue.isEmpty { state.remove(.queued) }
        timeouts?.taken(count)
    }

    /// Handles writability reported by the engine.
    package func hasRoom() {
        guard state.contains(.wantsRoom), !state.contains(.lost), let queue else { return }
        if queue.byteCount > 0 || state.contains(.queuesAll) { sendQueued() } else { queue.isRoomReported = true }
        if !state.contains(.inCallback) { processPendingState() }
        releaseQueueIfDrained()
    }

    /// Releases the queue if nothing waits any more.
    ///
    /// Called after the protocol's callbacks: they often write again, and changing the engine's interest is a system
    /// call.
    func releaseQueueIfDrained() {
        guard let queue, queue.isEmpty, !state.contains(.hasQueuedTransfers) else { return }
        setWantsRoom(false)
        if state.isDisjoint(with: [.writeRateLimited, .queuesAll, .lost]) { self.queue = nil }
    }

    /// Has the engine call `hasRoom`, in each turn in which the kernel would take bytes.
    @inline(never)
    func setWantsRoom(_ wanted: Bool) {
        guard wanted != state.contains(.wantsRoom) else { return }
        if wanted { state.insert(.wantsRoom) } else { state.remove(.wantsRoom) }
        if wanted { timeouts?.beganWaiting() } else { timeouts?.endedWaiting() }
        // A bufferevent registers for room by itself.
        if state.isDisjoint(with: [.lost, .broken]), state.isDisjoint(with: .queuesAll) || state.contains(.parked) {
            engine.interestChanged(self)
        }
    }

    // MARK: Questions

    /// The bytes that were written and wait.
    var waitingByteCount: Int {
        guard !state.isDisjoint(with: .mayHaveWaitingBytes) else { return 0 }
        let below = self.below?.waitingByteCount ?? 0
        guard let queue else { return below }
        return queue.byteCountBehindTransfers + (queue.frontBelongsToTransfer ? 0 : queue.byteCount + below)
    }

    /// The bytes that wait, those of files and relays that were copied among them.
    package var queuedByteCount: Int {
        queue.map { $0.byteCount + $0.byteCountBehindTransfers } ?? 0
    }

    /// Whether bytes may be offered, which is noted if the connection has timeouts.
    private func mayOffer() -> Bool {
        guard state.isDisjoint(with: .cannotSend) else { return false }
        if state.contains(.hasTimeouts), !state.contains(.queued) { noteOffered() }
        return true
    }

    /// Asks the kernel whether what waits can still be sent, and ends the connection if not.
    ///
    /// Only a UNIX socket needs the question: if its peer shuts its reading side while bytes wait for room, the kernel
    /// reports neither room nor an error. An empty send answers without sending anything.
    func canStillSend() -> Bool {
        guard peer.family == .unix else { return true }
        if let below { return below.canStillSend() }
        let answer = unsafe engine.send(self, UnsafeRawBufferPointer(start: nil, count: 0))
        if answer < 0 { sendFailed(Int32(-answer)) }
        return answer >= 0
    }

    /// Offers everything written to the kernel once more, before the connection is ended by force.
    ///
    /// An engine that writes by itself may not have asked the kernel yet. The caller ends the connection before the
    /// engine writes again.
    func offerBeforeEnding() {
        flush()
        guard state.contains(.queuesAll), state.isDisjoint(with: .cannotSend), let queue else { return }
        // What waits for tokens stays: the engine has borrowed what they allow.
        let isLimited = state.contains(.writeRateLimited)
        var isTaken = true
        while isTaken, (isLimited ? queue.lentByteCount : queue.byteCount) > 0 {
            let taken = unsafe queue.withPieces(upTo: isLimited ? queue.lentByteCount : .max) { pieces, _ in
                unsafe engine.send(self, pieces[0])
            }
            isTaken = taken > 0
            if isTaken { sent(taken) }
        }
        releaseQueueIfDrained()
    }
}
