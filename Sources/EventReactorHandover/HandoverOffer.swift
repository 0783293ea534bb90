import EventReactorCore

/// The offer of a reactor's listening sockets to a successor, returned by `offerHandover`.
///
/// The reactor keeps it until the sockets are handed over, ``withdraw()``, or the reactor's stop; dropping it changes
/// nothing. It belongs to the reactor's thread.
public final class HandoverOffer {
    /// Called once the successor serves, before this reactor drains.
    ///
    /// The ports that were handed over are still open here, and stop accepting afterwards.
    public var onHandedOver: (() -> Void)?

    /// Called when a handover has failed, in place of ``ReactorBase/onDiagnostic``; the reactor continues to serve.
    public var onFailure: ((HandoverError) -> Void)?

    /// Whether a successor serves at the ports now.
    public private(set) var isHandedOver = false

    /// Whether a successor has the sockets and has not yet reported that it serves.
    public var isHandingOver: Bool { successor != nil }

    unowned let reactor: ReactorBase
    let timeout: Duration
    private let drain: Duration?
    private var ports: [(name: String, port: ListeningPort)]
    /// The port at which successors ask.
    private var own: ListeningPort?
    private var successor: SuccessorConnection?
    /// The listeners that were passed to the successor, and their close actions before that.
    private var handedOut: [(listener: any ListenerEngine, duties: CloseActions)] = []
    /// The connections at the handover's socket, the successor's among them.
    private var visitors: [SuccessorConnection] = []

    init(reactor: ReactorBase, ports: [(name: String, port: ListeningPort)], drain: Duration?, timeout: Duration) {
        self.reactor = reactor
        self.ports = ports
        self.drain = drain
        self.timeout = timeout
    }

    /// Ends the offer; a successor that has the sockets and is not ready yet is informed, and this program continues.
    public func withdraw() {
        successor?.refuse(.withdrawn)
        own?.stopListening()
        own = nil
        forget()
    }

    private func forget() {
        ports = []
        onHandedOver = nil
        onFailure = nil
    }

    // MARK: The handover's own socket

    /// Makes the protocol for a peer that connects at the handover's socket.
    func makeVisitor() -> Protocol? {
        // There is one successor; more than a few peers at once are not successors.
        guard visitors.count < 16 else { return nil }
        return SuccessorConnection(self)
    }

    func came(_ visitor: SuccessorConnection) {
        visitors.append(visitor)
    }

    /// A connection at the handover's socket is gone.
    func lost(_ visitor: SuccessorConnection, _ reason: ConnectionLostReason) {
        visitors.removeAll { $0 === visitor }
        guard visitor === successor else { return }
        takeBack()
        // The ports were closed with the reactor; the successor may still come to serve.
        if case .reactorStopped = reason { return }
        report(.peerGone)
    }

    func listens(at own: ListeningPort) {
        self.own = own
        // A successor in the backlog is left to the program that continues to offer: it asks again.
        for socket in own.sockets { socket.duties = socket.duties.without(.serveBacklog) }
    }

    /// Answers successors from now on: the predecessor does not any more.
    func beginAnswering() {
        own?.resumeAccepting()
    }

    func report(_ error: HandoverError) {
        if let onFailure { onFailure(error) } else { reactor.report(.handoverFailed(error)) }
    }

    /// The predecessor continues, so this program must stop: only one may serve.
    func cameTooLate(_ error: HandoverError) {
        report(error)
        own?.stopListening()
        own = nil
        drainOrClose()
    }

    // MARK: Handing over

    /// The sockets for a successor, by name: the handover's own socket first.
    private var sockets: [(name: String, socket: any ListenerEngine)] {
        let own = self.own.map { [(name: HandoverWire.ownName, port: $0)] } ?? []
        return (own + ports).flatMap { entry in entry.port.sockets.map { (entry.name, $0) } }
    }

    /// Passes the sockets to a successor, which shares them from now on.
    ///
    /// - Returns: the sockets to send, in batches.
    func begin(
        _ successor: SuccessorConnection
    ) throws(HandoverError) -> [[(name: String, socket: any ListenerEngine)]] {
        guard self.successor == nil else { throw .busy }
        guard own != nil, !isHandedOver else { throw .withdrawn }
        let sockets = self.sockets
        self.successor = successor
        handedOut = sockets.map { ($0.socket, $0.socket.duties) }
        // From here on the successor may need socket and file, whatever happens to this process.
        for entry in handedOut { entry.listener.duties = .close }
        return HandoverWire.batches(sockets)
    }

    /// The handover has failed.
    ///
    /// The successor may share the sockets for a while yet, or have passed them on, so they are never shut down again.
    func takeBack() {
        successor = nil
        for (listener, duties) in handedOut { listener.duties = duties.without(.shutDown) }
        handedOut = []
    }

    /// The successor serves.
    func complete() {
        // A late successor asks at the path again, where the new program answers; and no visitor may delay the drain.
        for visitor in visitors where visitor !== successor { visitor.sendAway() }
        successor = nil
        handedOut = []
        isHandedOver = true
        onHandedOver?()
        own?.stopListening()
        own = nil
        drainOrClose()
        forget()
    }

    private func drainOrClose() {
        for (_, port) in ports { port.stopListening() }
        // The reactor may be stopping already.
        if let drain { try? reactor.stop(drainingFor: drain) }
    }
}

@available(*, unavailable)
extension HandoverOffer: Sendable {}
