/// A listener: what `listenTCP` and `listenUNIX` return.
///
/// The reactor keeps it until ``stopListening()`` or the reactor's stop; dropping it changes nothing. It belongs to the
/// reactor's thread.
public final class ListeningPort {
    /// The addresses it listens at: two where an empty host means IPv4 and IPv6, one otherwise as a rule.
    public private(set) var localAddresses: [SocketAddress] = []

    /// Called when a connection could not be accepted, for want of descriptors as a rule, and not oftener than the
    /// reactor tries: ten times a second where peers wait, once a closed peer otherwise.
    ///
    /// Accepting goes on by itself. Unless set, the first failure of a shortage is reported to
    /// ``ReactorBase/onDiagnostic``.
    public var onAcceptFailure: ((AcceptFailure) -> Void)?

    /// Whether connections are being accepted.
    public var isAccepting: Bool { isListening && !isPaused }

    /// Whether ``stopListening()`` is still to come.
    public private(set) var isListening = true

    package unowned let reactor: ReactorBase
    let number: UInt64
    package let settings: StreamSettings
    package let policy: DescriptorShortagePolicy
    package let acceptsPerTurn: Int
    /// Until listening stops: what it captured may keep this port.
    private var factory: Factory?
    private var sockets: [any ListenerEngine] = []
    private var isPaused = false
    private var retry: DelayedCall?
    private var hasReportedShortage = false

    package init(reactor: ReactorBase, factory: Factory, settings: StreamSettings, options: ListenOptions) {
        self.reactor = reactor
        number = reactor.makeNumber()
        self.factory = factory
        self.settings = settings
        policy = options.whenOutOfDescriptors
        acceptsPerTurn = max(1, reactor.configuration.acceptsPerTurn)
        factory.beginUse()
    }

    package func add(_ socket: any ListenerEngine) {
        sockets.append(socket)
        localAddresses.append(socket.address)
    }

    /// The address it listens at, with the real port where 0 was asked for; the first of ``localAddresses``.
    public var localAddress: SocketAddress { localAddresses.first ?? .unnamedUnix }

    /// Accepts nothing more until ``resumeAccepting()``; new peers wait in the kernel's backlog.
    public func pauseAccepting() {
        guard isAccepting else { return }
        isPaused = true
        for socket in sockets { socket.disable() }
    }

    /// Accepts again.
    public func resumeAccepting() {
        guard isListening, isPaused else { return }
        isPaused = false
        if retry == nil { for socket in sockets { socket.enable() } }
    }

    /// Closes the listening socket.
    ///
    /// Live connections stay, and the address can be bound again at once.
    public func stopListening() {
        guard isListening else { return }
        endWait()
        let used = factory
        shut()
        reactor.remove(self)
        used?.endUse()
    }

    package func shut() {
        isListening = false
        retry?.cancel()
        retry = nil
        closeSockets()
        factory = nil
        onAcceptFailure = nil
    }

    func closeSockets() {
        for socket in sockets { socket.close() }
        sockets = []
        if isListening { localAddresses = [] }
    }

    // MARK: What the engine reports

    /// A connection was accepted.
    package func accepted(descriptor: Int32, peer: SocketAddress) {
        hasReportedShortage = false
        guard let factory, let made = factory.buildProtocol(for: peer) else {
            return reactor.engine.discard(descriptor: descriptor)
        }
        StreamConnection(
            descriptor: descriptor, peer: peer, protocol: made, settings: settings
        ).start()
    }

    /// Accepting failed, and the sockets were closed that could be.
    ///
    /// - Parameters:
    ///   - error: what the system said.
    ///   - closed: the peers that were accepted and closed at once.
    ///   - waits: whether to stop trying for a while, since trying again at once would fail again.
    package func acceptFailed(_ error: SystemError, closed: Int, waits: Bool) {
        if let onAcceptFailure {
            onAcceptFailure(AcceptFailure(error: error, closedPeers: closed))
        } else if !hasReportedShortage {
            reactor.report(.acceptFailed(error))
        }
        hasReportedShortage = true
        guard waits, isListening, retry == nil else { return }
        for socket in sockets { socket.disable() }
        reactor.starvedPorts.append(self)
        retry = reactor.callLater(.milliseconds(100)) { [unowned self] in tryAgain() }
    }

    /// A connection of the reactor closed, so that there may be a descriptor again.
    func descriptorFreed() {
        guard retry != nil else { return }
        tryAgain()
    }

    private func tryAgain() {
        endWait()
        if isAccepting { for socket in sockets { socket.enable() } }
    }

    private func endWait() {
        guard let retry else { return }
        retry.cancel()
        self.retry = nil
        reactor.starvedPorts.removeAll { $0 === self }
    }
}

@available(*, unavailable)
extension ListeningPort: Sendable {}

/// Why connections could not be accepted.
public struct AcceptFailure: Error, Hashable, Sendable {
    /// What the system said, `EMFILE` for one, and at which address.
    public let error: SystemError

    /// How many peers were accepted by the reserve descriptor and closed at once; 0 where they wait in the backlog.
    public let closedPeers: Int

    package init(error: SystemError, closedPeers: Int) {
        self.error = error
        self.closedPeers = closedPeers
    }
}
