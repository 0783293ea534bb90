import EventReactorCore

/// State of a TLS connection until its handshake is complete; a client's is kept, for the sessions that come later.
final class TLSHandshake {
    enum Role {
        case server(TLSServerContext)
        /// The key is that of the session cache; nil keeps no sessions.
        case client(TLSClientContext, ServerName?, cacheKey: String?)
        /// It cannot begin.
        case impossible(TLSError)
    }

    let role: Role
    /// Who the peer is, for messages.
    let peer: String
    /// The protocol of the program; nil if it is made when the handshake is complete.
    var served: Protocol?
    /// Makes the protocol of the program.
    private var ready: (() -> Protocol?)?
    private var failed: ((ConnectError) -> Void)?
    var timeout: ArmedTimeout?

    /// For a protocol that is there already.
    init(_ role: Role, serving protocol: Protocol) {
        self.role = role
        peer = ""
        served = `protocol`
    }

    /// For a connector.
    init(
        _ role: Role, peer: String, ready: @escaping () -> Protocol?, failed: @escaping (ConnectError) -> Void
    ) {
        self.role = role
        self.peer = peer
        self.ready = ready
        self.failed = failed
    }

    var isServer: Bool { if case .server = role { true } else { false } }

    var limit: Duration {
        switch role {
        case .server(let context): context.settings.handshakeTimeout
        case .client(let context, _, _): context.settings.handshakeTimeout
        case .impossible: .zero
        }
    }

    /// The handshake is complete: gives the protocol of the program, or nil to close.
    func complete() -> Protocol? {
        endTimeout()
        let ready = self.ready
        self.ready = nil
        failed = nil
        defer { served = nil }
        return ready.map { $0() } ?? served
    }

    /// The connection is lost before the handshake was complete: tells who waits for it.
    func end(_ reason: ConnectionLostReason, of transport: any Transport) {
        endTimeout()
        let failed = self.failed
        self.failed = nil
        ready = nil
        if let failed { failed(connectError(reason)) }
        let served = self.served
        self.served = nil
        guard let served, !served.wasConnected else { return }
        // For the addresses: the connection below is lost.
        served.connect(to: transport)
        served.connectionLost(reason)
    }

    private func endTimeout() {
        timeout?.cancel()
        timeout = nil
    }

    private func connectError(_ reason: ConnectionLostReason) -> ConnectError {
        switch reason {
        case .failed(let error as TLSError): .handshakeFailed(error, with: peer)
        case .lost(let code): .system(SystemError(code: code, operation: "TLS handshake with \(peer)"))
        case .reactorStopped, .aborted: .cancelled(to: peer)
        case .timedOut: .timedOut(after: nil, to: peer)
        case .done, .failed: .handshakeFailed(TLSError.closedInHandshake, with: peer)
        }
    }
}
