/// Sending files.
extension StreamConnection {
    /// The bytes of a file that one turn offers to the kernel at most.
    private static let bytesPerTurn = 512 * 1024
    /// The bytes of a file that one turn reads at most, if they are copied.
    private static let bytesPerCopy = 64 * 1024

    package func sendFile(
        _ file: ReadableFile, offset: Int, length: Int?, progress: ((Int) -> Void)?,
        completion: ((Result<Int, FileError>) -> Void)?
    ) throws(FileError) {
        guard state.isDisjoint(with: .rejectsWrites), state.contains(.established) else { throw .closed(peer: peer) }
        let length = try file.length(from: offset, length)
        enqueue(.file(FileTransfer(file, offset: offset, length: length, progress: progress, completion: completion)))
    }

    /// Sends the next piece of a file, one a turn.
    func advance(_ transfer: FileTransfer, in queue: SendQueue) -> Bool {
        let queued = queue.byteCount + (below?.waitingByteCount ?? 0)
        if !transfer.hasBegun {
            // What was written before it goes first.
            guard queued == 0 else { return false }
            transfer.hasBegun = true
        }
        if transfer.remaining == 0 {
            guard queued == 0 else { return false }
            queue.removeFirstTransfer()
            setWantsRoom(false)
            if let completion = transfer.completion { runClosure { completion(.success(transfer.length)) } }
            return true
        }
        // Its end advances the transfer; room is of no use until then.
        if transfer.isReading { return false }
        // Under limits each byte has to be counted as it goes. An engine that sends no files reports no room for them
        // either: one that waited for room, since another was sent in this turn, would wait for ever.
        if state.contains(.writeRateLimited) || engine.pipes == nil { transfer.copies = true }
        let turn = reactor.turnNumber
        if queue.lastFileTurn != turn {
            queue.lastFileTurn = turn
            return transfer.copies ? copyPiece(of: transfer, queued: queued) : sendPiece(of: transfer)
        }
        goOnWith(transfer, in: queue, queued: queued)
        return false
    }

    private func goOnWith(_ transfer: FileTransfer, in queue: SendQueue, queued: Int) {
        // With bytes in the queue the engine reports when they have gone.
        if queued == 0 { setWantsRoom(!transfer.copies) }
        if transfer.copies && queued <= copyMark { advanceSoon(queue) }
    }

    private func sendPiece(of transfer: FileTransfer) -> Bool {
        let count = min(transfer.remaining, StreamConnection.bytesPerTurn)
        let hadRoom = takeRoomReport()
        switch engine.sendFile(self, transfer.file.descriptor, offset: transfer.offset, count: count) {
        case .sent(let sent):
            noteTaken(sent)
            took(sent, of: transfer)
            return true
        case .noRoom where hadRoom:
            transfer.copies = true
            return copyPiece(of: transfer, queued: 0)
        case .noRoom: setWantsRoom(true)
        case .fileEnded: failTruncated(transfer)
        case .fileFailed(let code): fail(transfer, code)
        case .connectionFailed(let code): sendFailed(code)
        case .unsupported:
            transfer.copies = true
            return copyPiece(of: transfer, queued: 0)
        }
        return !state.isDisjoint(with: [.failed, .broken])
    }

    private func copyPiece(of transfer: FileTransfer, queued: Int) -> Bool {
        guard queued <= copyMark else { return false }
        if case .complete(let piece) = transfer.reading {
            transfer.reading = .none
            switch piece {
            case .bytes(let bytes): unsafe bytes.withUnsafeBytes { unsafe sendPiece($0, of: transfer) }
            case .ended: failTruncated(transfer)
            case .failed(let code): fail(transfer, code)
            }
            return true
        }
        let reader = transfer.file.reader ?? reactor.engine.files
        let buffer = unsafe receiveBuffer
        let most = min(transfer.remaining, StreamConnection.bytesPerCopy, buffer.count)
        let piece = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[..<most])
        switch unsafe reader.readNow(transfer.file.descriptor, into: piece, at: transfer.offset) {
        case nil:
            read(transfer, by: reader)
            if queued == 0 { setWantsRoom(false) }
            return false
        case 0?: failTruncated(transfer)
        case let code? where code < 0: fail(transfer, Int32(-code))
        case let count?: unsafe sendPiece(UnsafeRawBufferPointer(rebasing: piece[..<count]), of: transfer)
        }
        return true
    }

    /// Has a thread of the pool read the next piece, which the disk may keep waiting.
    private func read(_ transfer: FileTransfer, by reader: any FileReader) {
        let most = min(transfer.remaining, StreamConnection.bytesPerCopy)
        transfer.reading = .underWay(
            reactor.read(transfer.file, by: reader, at: transfer.offset, most: most) { [self] piece in
                // The loss has cancelled it; until then the transfer stays the first.
                transfer.reading = .complete(piece)
                processPendingState()
            })
    }

    private func sendPiece(_ bytes: UnsafeRawBufferPointer, of transfer: FileTransfer) {
        unsafe sendCopied(bytes)
        if state.isDisjoint(with: [.failed, .broken]) { took(bytes.count, of: transfer) }
    }

    /// With more than this in the queue nothing is copied to it: the low mark, which may be set to anything.
    var copyMark: Int { min(settings.lowMark, StreamConnection.bytesPerCopy) }

    private func took(_ count: Int, of transfer: FileTransfer) {
        transfer.advance(by: count)
        guard let progress = transfer.progress else { return }
        runClosure { progress(transfer.transferred) }
    }

    private func failTruncated(_ transfer: FileTransfer) {
        end(transfer, .truncated(file: transfer.file.name, sent: transfer.transferred, length: transfer.length))
    }

    private func fail(_ transfer: FileTransfer, _ code: Int32) {
        end(transfer, .system(file: transfer.file.name, SystemError(code: code, operation: "read")))
    }

    /// The file cannot be sent whole: the peer is not to take what it got for all.
    private func end(_ transfer: FileTransfer, _ error: FileError) {
        queue?.removeFirstTransfer()
        fail(error)
        if let completion = transfer.completion { runClosure { completion(.failure(error)) } }
    }
}
