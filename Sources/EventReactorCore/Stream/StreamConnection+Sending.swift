#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Bytes on their way out: gathered, sent, queued.
extension StreamConnection {
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
        if !state.isDisjoint(with: .queuesWrites) {
            unsafe push(chunk.bytes)
            unsafe push(bytes)
        } else {
            unsafe withUnsafeTemporaryAllocation(of: UnsafeRawBufferPointer.self, capacity: 2) { pieces in
                unsafe pieces.initializeElement(at: 0, to: chunk.bytes)
                unsafe pieces.initializeElement(at: 1, to: bytes)
                unsafe push(pieces: UnsafeBufferPointer(pieces))
            }
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

    /// Hands bytes to the kernel, or to the queue where it does not take them.
    @inline(__always)
    private func push(_ bytes: UnsafeRawBufferPointer) {
        guard state.isDisjoint(with: [.cannotSend, .hasTimeouts]) || noteOffered() else { return }
        if !state.isDisjoint(with: .queuesWrites) { return unsafe queue(bytes) }
        let taken = unsafe uncheckedSettings._withUnsafeGuaranteedRef { unsafe $0.engine.send(self, bytes) }
        if taken == bytes.count { return count { $0.bytesTaken &+= taken } }
        if taken < 0 { return sendFailed(Int32(-taken)) }
        count { $0.bytesTaken &+= taken }
        unsafe queue(UnsafeRawBufferPointer(rebasing: bytes[taken...]))
    }

    /// Hands several pieces to the kernel in one call.
    private func push(pieces: UnsafeBufferPointer<UnsafeRawBufferPointer>) {
        guard state.isDisjoint(with: [.cannotSend, .hasTimeouts]) || noteOffered() else { return }
        var taken = 0
        if state.isDisjoint(with: .queuesWrites) {
            taken = unsafe engine.send(self, pieces: pieces)
            if taken < 0 { return sendFailed(Int32(-taken)) }
            count { $0.bytesTaken &+= taken }
        }
        unsafe pieces.forEach { piece in
            let before = min(taken, piece.count)
            taken -= before
            unsafe queue(UnsafeRawBufferPointer(rebasing: piece[before...]))
        }
    }

    private func queue(_ bytes: UnsafeRawBufferPointer) {
        guard unsafe !bytes.isEmpty, state.isDisjoint(with: [.failed, .broken]) else { return }
        if state.contains(.queued), !canStillSend() { return }
        let waiting = waitingByteCount
        let (wanted, overflow) = waiting.addingReportingOverflow(bytes.count)
        if overflow || wanted > settings.limit {
            fail(WriteLimitExceeded(limit: settings.limit, wanted: wanted, peer: peer))
        } else if state.contains(.hasQueuedTransfers) {
            unsafe extras?.line?.hold(bytes)
            if wanted > settings.highMark { state.insert(.watermarkCrossed) }
        } else if state.contains(.writeMetered) {
            count { $0.bytesQueued &+= bytes.count }
            unsafe hold(bytes)
            if wanted > settings.highMark { state.insert(.watermarkCrossed) }
        } else {
            let code = unsafe engine.enqueue(self, bytes)
            guard code == 0 else { return interestFailed(code, "write") }
            if !state.contains(.queued) { noteWaiting(true) }
            state.insert(.queued)
            count { $0.bytesQueued &+= bytes.count }
            if wanted > settings.highMark { state.insert(.watermarkCrossed) }
        }
        if !state.contains(.inCallback) && !state.isDisjoint(with: .hasPendingState) { scheduleFlush() }
    }

    var gatheredByteCount: Int { gathered?.count ?? 0 }
}
