import COpenSSL
import EventReactorCore

/// Sending: plaintext from the connection above, ciphertext below.
extension TLSLayer {
    /// Encrypts and sends; returns as an engine's `send`.
    func send(_ bytes: UnsafeRawBufferPointer) -> Int {
        if phase == .ended || marks.contains(.failed) { return bytes.count }
        guard phase == .open, !lower.hasWaitingBytes else { return 0 }
        let lower = self.lower
        let buffers = self.buffers
        assert(buffers.outputCount == 0, "records of another connection")
        var sent = 0
        while sent < bytes.count {
            let count = min(bytes.count - sent, TLSLayer.bytesPerSend)
            guard unsafe encrypt(UnsafeRawBufferPointer(rebasing: bytes[sent..<sent + count])) else {
                return bytes.count
            }
            sent += count
            unsafe buffers.takeOutput { unsafe lower.writeUncounted($0) }
            if lower.hasWaitingBytes { break }
        }
        return sent
    }

    func send(pieces: UnsafeBufferPointer<UnsafeRawBufferPointer>) -> Int {
        guard phase == .open, !lower.hasWaitingBytes, !marks.contains(.failed) else { return 0 }
        var sent = 0
        for index in pieces.indices {
            guard unsafe encrypt(pieces[index]) else { break }
            unsafe sent += pieces[index].count
            if buffers.outputCount >= TLSLayer.bytesPerSend {
                sendOutput()
                if lower.hasWaitingBytes { break }
            }
        }
        sendOutput()
        return sent
    }

    func encrypt(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard unsafe !bytes.isEmpty else { return true }
        if marks.contains(.gotCloseNotify) { marks.insert(.sentAfterEnd) }
        OpenSSLFailure.clearQueue()
        var written = 0
        if unsafe SSL_write_ex(ssl, bytes.baseAddress, bytes.count, &written) == 1 { return true }
        sendOutput()
        fail(ended(OpenSSLFailure.take()))
        return false
    }

    /// Passes on what OpenSSL wrote.
    ///
    /// After each of its calls: the buffer is that of all connections.
    func sendOutput() {
        guard buffers.outputCount > 0 else { return }
        unsafe buffers.takeOutput { unsafe lower.writeUncounted($0) }
    }

    func sendCloseNotify() {
        if writeCloseNotify() { sendOutput() }
    }

    func willClose() {
        if writeCloseNotify() { unsafe buffers.takeOutput { unsafe lower.offerLastWords($0) } }
    }

    /// Has OpenSSL write `close_notify`, once.
    private func writeCloseNotify() -> Bool {
        guard phase == .open, unsafe ssl != nil, !marks.contains(.sentCloseNotify) else { return false }
        marks.insert(.sentCloseNotify)
        ERR_clear_error()
        unsafe SSL_shutdown(ssl)
        ERR_clear_error()
        return true
    }

    /// The connection above wants to read again, or to send.
    func interestChanged() {
        if let upper, upper.wantsReading, unread != nil || !lower.wantsReading || marks.contains(.gotCloseNotify) {
            readSoon()
        }
        reportRoomIfWanted()
    }

    /// Reports room to the connection above in each turn in which there is some, as sockets do.
    func reportRoomIfWanted() {
        guard let upper, phase == .open, upper.state.contains(.wantsRoom), !lower.hasWaitingBytes,
            !marks.contains(.reportsRoomSoon)
        else { return }
        marks.insert(.reportsRoomSoon)
        lower.reactor.callSoon { [self] in
            marks.remove(.reportsRoomSoon)
            guard phase == .open, !lower.isEnding, !lower.hasWaitingBytes else { return }
            self.upper?.layerBelowChanged(hasRoom: true)
            reportRoomIfWanted()
        }
    }
}
