import EventReactorCore

/// The standing offer of a reactor's listening sockets to a successor: what `offerHandover` returns.
///
/// The reactor keeps it until the sockets are handed over, ``withdraw()``, or the reactor's stop; dropping it changes
/// nothing. It belongs to the reactor's thread.
public final class HandoverOffer {
    /// Called once the successor serves, before this reactor drains.
    ///
    /// The ports that were handed over still are in their owners' hands here, and accept nothing more afterwards.
    public var onHandedOver: (() -> Void)?

    /// Called when a handover has failed, in place of ``ReactorBase/onDiagnostic``; the reactor goes on serving.
    public var onFailure: ((HandoverError) -> Void)?

    /// Whether a successor serves at the ports now.
    public private(set) var isHandedOver = false

    /// Whether a successor has the sockets and has not said yet that it serves.
    public var isHandingOver: Bool { successor != nil }

    unowned let reactor: ReactorBase
    let timeout: Duration
    private let drain: Duration?
    private var ports: [(name: String, port: ListeningPort)]
    /// Where successors ask.
    private var own: ListeningPort?
    private var successor: SuccessorConnection?
    /// What was handed out to the successor, and the duties of each before.
    private var handedOut: [(listener: any ListenerEngine, duties: CloseActions)] = []
    /// The connections at the handover's socket, the successor's among them.
    private var visitors: [SuccessorConnection] = []

    init(reactor: ReactorBase, ports: [(name: String, port: ListeningPort)], drain: Duration?, timeout: Duration) {
        self.reactor = reactor
        self.ports = ports
        self.drain = drain
        self.timeout = timeout
    }

    /// Ends the offer; a successor that has the sockets and is not ready yet is told so, and this program goes on.
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

    /// Makes the protocol for somebody who connects at the handover's socket.
    func makeVisitor() -> Protocol? {
        // A successor is one; more than a few at once are none.
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
        // With the reactor its ports have gone; if the successor comes to serve, it has them.
        if case .reactorStopped = reason { return }
        report(.peerGone)
    }

    func listens(at own: ListeningPort) {
        self.own = own
        // A successor that waits there is for the program that goes on offering: it asks again.
        for socket in own.sockets { socket.duties.remove(.serveBacklog) }
    }

    /// Successors are answered from now on: the predecessor does not answer them any more.
    func beginAnswering() {
        own?.resumeAccepting()
    }

    func report(_ error: HandoverError) {
        if let onFailure { onFailure(error) } else { reactor.report(.handoverFailed(error)) }
    }

    /// The predecessor goes on, so this program must not: two that serve are one too many.
    func cameTooLate(_ error: HandoverError) {
        report(error)
        own?.stopListening()
        own = nil
        drainOrClose()
    }

    // MARK: Handing over

    /// What is handed out to a successor, by name: the handover's own socket first.
    private var sockets: [(name: String, socket: any ListenerEngine)] {
        let own = self.own.map { [(name: HandoverWire.ownName, port: $0)] } ?? []
        return (own + ports).flatMap { entry in entry.port.sockets.map { (entry.name, $0) } }
    }

    /// Gives the sockets to a successor, who from now on may hold them too.
    ///
    /// - Returns: what to send, in batches, or why there is nothing to send.
    func begin(
        _ successor: SuccessorConnection
    ) throws(HandoverError) -> [[(name: String, socket: any ListenerEngine)]] {
        guard self.successor == nil else { throw .busy }
        guard own != nil, !isHandedOver else { throw .withdrawn }
        let sockets = self.sockets
        self.successor = successor
        handedOut = sockets.map { ($0.socket, $0.socket.duties) }
        // Whatever happens from here on, also to this process: the successor may need socket and file.
        for entry in handedOut { entry.listener.duties = .close }
        return HandoverWire.batches(sockets)
    }

    /// The successor is none after all.
    ///
    /// It may hold the sockets for a while yet, or have passed them on, so that they are never shut down again.
    func takeBack() {
        successor = nil
        for (listener, duties) in handedOut { listener.duties = duties.subtracting(.shutDown) }
        handedOut = []
    }

    /// The successor serves.
    func complete() {
        // Who asks late is to ask at the path again, where the successor answers; and nobody is to hold up the drain.
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
        // A reactor that is stopping already needs no telling.
        if let drain { try? reactor.stop(drainingFor: drain) }
    }
}

@available(*, unavailable)
extension HandoverOffer: Sendable {}
