import COpenSSL
import EventReactorCore

/// Receiving: ciphertext from below, plaintext to the connection above.
extension TLSLayer {
    /// Reads ciphertext as far as it may be read, and keeps the rest.
    func read(_ bytes: UnsafeRawBufferPointer) {
        guard phase != .ended else { return }
        if unsafe ssl == nil, !beginServerHandshake() {
            if phase == .handshaking { unsafe keepUnread(bytes) }
            return
        }
        buffers.reservePlaintext(bytes.count)
        unsafe buffers.input = bytes
        if phase == .handshaking {
            continueHandshake()
            // Moved out of the reactor's buffer, since a callback was made.
            if phase == .open, let rest = unread {
                unread = nil
                unsafe rest.withUnsafeBytes { rest in
                    unsafe buffers.input = rest
                    readWindow()
                }
            }
        } else {
            readWindow()
        }
        unsafe buffers.input = UnsafeRawBufferPointer(start: nil, count: 0)
    }

    /// Reads what is in the window, and keeps what may not be read.
    private func readWindow() {
        readRecords()
        if phase == .open, unread == nil, !marks.contains(.gotCloseNotify) { unsafe keepUnread(buffers.input) }
    }

    /// Moves what is left in the window to memory of its own, before a callback that may use the memory that it is in.
    func saveWindow() {
        guard unsafe !buffers.input.isEmpty else { return }
        unread = unsafe [UInt8](buffers.input)
        unsafe buffers.input = UnsafeRawBufferPointer(start: nil, count: 0)
    }

    func keepUnread(_ bytes: UnsafeRawBufferPointer) {
        guard unsafe !bytes.isEmpty || hasPendingPlaintext else { return }
        unread = unsafe [UInt8](bytes)
        lower.setReading(false)
    }

    /// Whether a part of a record is left that was decrypted, under a rate limit or after a turn's share.
    private var hasPendingPlaintext: Bool { unsafe ssl != nil && SSL_pending(ssl) > 0 }

    /// The connection below broke, by sending: delivers what had arrived before, whatever a rate limit allows.
    ///
    /// A server's session ticket, for example, may find a peer that has sent all it had and has gone.
    func deliverUnread() {
        guard phase == .open, let bytes = unread, let upper, upper.willRead else { return }
        unread = nil
        buffers.reservePlaintext(bytes.count)
        unsafe bytes.withUnsafeBytes { bytes in
            unsafe buffers.input = bytes
            readRecords(all: true)
            unsafe buffers.input = UnsafeRawBufferPointer(start: nil, count: 0)
        }
    }

    /// Decrypts what has arrived and delivers it in one piece.
    ///
    /// - Parameter all: whatever a rate limit, or a turn's share, allows.
    func readRecords(all: Bool = false) {
        guard let upper else { return }
        guard all || upper.wantsReading else { return waitForResume(upper) }
        assert(buffers.outputCount == 0, "records of another connection")
        OpenSSLFailure.clearQueue()
        let buffers = self.buffers
        var count = 0
        var records = 0
        var error = SSL_ERROR_NONE
        let plaintext = unsafe buffers.plaintext
        buffers.allowHeaders(TLSLayer.headersWithoutData)
        // Under a rate limit a record may be read in parts.
        let most = all || upper.readsFreely ? plaintext.count : upper.readAllowance(of: plaintext.count)
        guard most > 0 else { return waitForResume(upper) }
        while count < most, all || records < TLSLayer.recordsPerTurn {
            var read = 0
            let result = unsafe SSL_read_ex(
                ssl, plaintext.baseAddress.unsafelyUnwrapped + count, most - count, &read)
            guard result == 1 else {
                error = unsafe SSL_get_error(ssl, result)
                break
            }
            count += read
            records += 1
            // Another call would make a read buffer only to find that there is no more (saves 1,400 instructions of
            // 18,500, and an allocation of 16.7 KB).
            if unsafe buffers.input.isEmpty, !hasPendingPlaintext {
                error = SSL_ERROR_WANT_READ
                break
            }
            buffers.allowHeaders(TLSLayer.headersWithoutData)
        }
        var failure: TLSError?
        if error == SSL_ERROR_SSL || error == SSL_ERROR_SYSCALL {
            failure = ended(OpenSSLFailure.take())
            // What the callback writes could not be encrypted.
            marks.insert(.failed)
        }
        let rest = unsafe buffers.input
        // Answers to the peer's messages of TLS itself.
        sendOutput()
        if count > 0 {
            // What the callback does may use the memory that the rest is in.
            if error == SSL_ERROR_NONE { unsafe keepUnread(rest) }
            unsafe buffers.input = UnsafeRawBufferPointer(start: nil, count: 0)
            unsafe upper.received(
                UnsafeRawBufferPointer(rebasing: plaintext[..<count]).bindMemory(to: UInt8.self).span)
        }
        guard phase == .open, all || !lower.isEnding else { return }
        switch error {
        case SSL_ERROR_NONE: if unread != nil || hasPendingPlaintext { readSoon() }
        case SSL_ERROR_WANT_READ: break
        case SSL_ERROR_ZERO_RETURN:
            marks.insert(.gotCloseNotify)
            // The callback may have paused: then the end waits as bytes do.
            if all || upper.wantsReading { upper.receivedEnd() } else { waitForResume(upper) }
        default: fail(failure ?? .badRecord(message: "unknown error"))
        }
    }

    /// Reads on in a later turn: what was left, and what arrives then.
    func readSoon() {
        guard !marks.contains(.readsSoon) else { return }
        marks.insert(.readsSoon)
        lower.reactor.callSoon { [self] in
            marks.remove(.readsSoon)
            readOn()
        }
    }

    func readOn() {
        guard phase != .ended, !lower.isEnding else { return }
        if let bytes = unread {
            unread = nil
            unsafe bytes.withUnsafeBytes { unsafe read($0) }
        }
        guard unread == nil, phase != .ended, !lower.isEnding, !marks.contains(.waitsForSlot) else { return }
        guard let upper else { return lower.setReading(true) }
        guard upper.wantsReading else { return waitForResume(upper) }
        if marks.contains(.gotCloseNotify) { return upper.receivedEnd() }
        lower.setReading(true)
    }

    /// Has the connection above tell when it is resumed.
    func waitForResume(_ upper: StreamConnection) {
        if !upper.state.contains(.readEnded) { upper.state.insert(.parked) }
    }
}
