import COpenSSL
import EventReactorCore
import EventReactorProtocols

/// Beginning: the handshake, and the connection above.
extension TLSLayer {
    /// Takes a connection over from its protocol, which goes on above it if it is given.
    func start(on lower: StreamConnection, goingOnAs served: Protocol?) {
        begin(over: lower)
        lower.interpose(self, engine: runtime.engine)
        if let served {
            handshake?.served = nil
            upper = StreamConnection(over: lower, protocol: served)
        }
        if lower.state.contains(.parked) || !lower.wantsReading { lower.setReading(true) }
        startHandshake()
    }

    func begin(over lower: StreamConnection) {
        unsafe lowerReference = lower
        unsafe runtimeReference = TLSRuntime.of(lower.reactor)
    }

    func startHandshake() {
        guard let handshake else { return }
        if case .impossible(let error) = handshake.role { return fail(error) }
        // The handshake cancels it when it ends, which releases the closure. A weak reference would give each
        // connection a side table, of 48 bytes, and make all its retains slower.
        handshake.timeout = SharedTimeouts.of(handshake.limit, on: lower.reactor).arm { [self] in
            fail(.handshakeTimedOut(after: self.handshake?.limit ?? .zero))
        }
        if handshake.isServer { return }
        guard makeSSL() else { return fail(ended(OpenSSLFailure.take())) }
        runtime.metrics.begun &+= 1
        continueHandshake()
    }

    func makeSSL() -> Bool {
        ERR_clear_error()
        switch handshake?.role {
        case .server(let context): unsafe ssl = context.makeConnection()
        case .client(let context, let name, let cacheKey):
            let session = cacheKey.flatMap { context.settings.sessions?.take(for: $0) }
            unsafe ssl = context.makeConnection(to: name, session: session)
        case .impossible, nil: return false
        }
        guard let ssl = unsafe ssl else { return false }
        unsafe SSL_set_ex_data(ssl, 0, Unmanaged.passUnretained(self).toOpaque())
        unsafe BIO_up_ref(buffers.bio)
        unsafe BIO_up_ref(buffers.bio)
        unsafe SSL_set0_rbio(ssl, buffers.bio)
        unsafe SSL_set0_wbio(ssl, buffers.bio)
        return true
    }

    /// A server's handshake begins with the first byte: takes a slot for it, and makes the SSL.
    ///
    /// - Returns: whether it may go on.
    func beginServerHandshake() -> Bool {
        guard let handshake, case .server(let context) = handshake.role else { return false }
        if marks.contains(.waitsForSlot) { return false }
        if !marks.contains(.hasSlot) {
            guard runtime.takeSlot(of: context, for: self) else {
                marks.insert(.waitsForSlot)
                return false
            }
            marks.insert(.hasSlot)
        }
        runtime.metrics.begun &+= 1
        if makeSSL() { return true }
        fail(ended(OpenSSLFailure.take()))
        return false
    }

    /// A slot came for which this waited.
    ///
    /// - Returns: whether it takes it.
    func slotCame() -> Bool {
        guard marks.contains(.waitsForSlot), phase == .handshaking else { return false }
        marks.remove(.waitsForSlot)
        marks.insert(.hasSlot)
        readSoon()
        return true
    }

    func giveSlot() {
        guard marks.contains(.hasSlot), case .server(let context) = handshake?.role else { return }
        marks.remove(.hasSlot)
        runtime.giveSlot(of: context)
    }

    func continueHandshake() {
        assert(buffers.outputCount == 0, "records of another connection")
        ERR_clear_error()
        buffers.allowHeaders(TLSLayer.headersOfHandshake)
        let result = unsafe SSL_do_handshake(ssl)
        let error = result == 1 ? SSL_ERROR_NONE : unsafe SSL_get_error(ssl, result)
        sendOutput()
        switch error {
        case SSL_ERROR_NONE: complete()
        case SSL_ERROR_WANT_READ: break
        default: fail(ended(OpenSSLFailure.take()))
        }
    }

    func complete() {
        phase = .open
        saveWindow()
        giveSlot()
        unsafe runtime.metrics.completed(ssl)
        let handshake = self.handshake
        if handshake?.isServer == true { self.handshake = nil }
        let served = handshake?.complete()
        if let upper {
            upper.layerBelowChanged(hasRoom: true)
            return reportRoomIfWanted()
        }
        guard let served else {
            sendCloseNotify()
            phase = .ended
            return lower.endForLayer()
        }
        if served.wasConnected {
            phase = .ended
            return lower.refuseReusedProtocol(wasAccepted: handshake?.isServer == true)
        }
        let upper = StreamConnection(over: lower, protocol: served)
        self.upper = upper
        upper.beginAboveLayer()
    }

    /// A session came that can be resumed; OpenSSL's reference is taken over.
    func keep(_ session: OpaquePointer) -> Bool {
        guard case .client(let context, _, let key?)? = handshake?.role, let sessions = context.settings.sessions else {
            return false
        }
        unsafe sessions.add(taking: session, for: key)
        return true
    }
}
