/// A listener: what `listen`, `listenTCP` and `listenUNIX` return.
///
/// The reactor keeps it until ``stopListening()`` or the reactor's stop; dropping it changes nothing. It belongs to the
/// reactor's thread.
///
/// ```swift
/// let port = try reactor.listen(.tcp(port: 0)) { Echo() }
/// print("listening at \(port.localAddress)")
/// ```
public final class ListeningPort {
    /// The addresses it listens at: two if an empty host means IPv4 and IPv6 or several sockets were inherited, else one.
    public private(set) var localAddresses: [SocketAddress]

    /// Called on the reactor's thread when a connection could not be accepted, usually because descriptors are exhausted.
    ///
    /// It is called at each attempt of the reactor: ten times a second while peers wait, otherwise once for each closed
    /// peer. Accepting continues by itself. Without it (default), the first failure is reported to
    /// ``ReactorBase/onDiagnostic`` as ``ReactorDiagnostic/acceptFailed(_:)``, and later ones are counted there every ten
    /// seconds.
    ///
    /// An error of one peer alone, such as the network errors that `accept` reports, is no failure: the next peer is
    /// accepted at once. 64 of them in a row are a failure.
    public var onAcceptFailure: ((AcceptFailure) -> Void)? {
        didSet { if !isListening { onAcceptFailure = nil } }
    }

    /// Makes a protocol for a peer beyond the listener's ``limits``, such as one that says the server is busy.
    ///
    /// ```swift
    /// port.onExcess = { excess in Busy() }
    /// ```
    ///
    /// Called on the reactor's thread; `nil` resets the peer, as does no closure (default). The connection is like any
    /// other, with the listener's settings. At most ``ConnectionLimits/excessConnections`` are open at a time; a peer
    /// beyond them is reset, and this is not called. With ``ExcessPolicy/wait`` it is called only for peers beyond
    /// ``ConnectionLimits/perPeer``.
    public var onExcess: ((ExcessConnection) -> Protocol?)? {
        didSet { if !isListening { onExcess = nil } }
    }

    /// The group that connections join as they are accepted; `nil` (default) for none.
    ///
    /// It belongs to the same reactor. A change applies to connections accepted from then on.
    public var rateLimitGroup: RateLimitGroup?

    /// The limits of its connections, as given in ``ListenOptions/limits``.
    public let limits: ConnectionLimits

    /// Counters since it began to listen.
    public internal(set) var counters: ListeningPortCounters

    /// Number of open connections that it accepted, without those of ``onExcess``; they may outlive the port.
    public var connectionCount: Int { members.count }

    /// Number of open connections of ``onExcess``.
    public var excessConnectionCount: Int { excess?.members?.count ?? 0 }

    /// Whether connections are being accepted: whether it listens and is not paused by ``pauseAccepting()``.
    public var isAccepting: Bool { isListening && !pauseReasons.contains(.caller) }

    /// Whether it has not been stopped, by ``stopListening()`` or with the reactor.
    public private(set) var isListening: Bool

    package unowned let reactor: ReactorBase
    let id: UInt64
    package let settings: StreamSettings
    package let policy: DescriptorShortagePolicy
    package let acceptsPerTurn: Int
    let members: PortMembers
    /// The settings of the connections of `onExcess`, created with the first.
    var excess: StreamSettings?
    var bucket: AcceptBucket?
    /// Released when listening stops: it may have captured this port.
    var factory: Factory?
    package private(set) var sockets: [any ListenerEngine]
    /// Claims to the sockets that were adopted, by which a second adoption is refused.
    var adoptions: [AdoptionClaim]
    private var pauseReasons: PauseReasons
    var retry: DelayedCall?
    private var nextToken: DelayedCall?
    /// Accept failures that are not reported yet; `nil` while there are none.
    var failureReport: FailureReport?
    /// Number of errors of single peers since a connection was last accepted.
    package var peerErrors: Int
    /// Peers that waited in the backlog when listening ended; those from `nextLatecomer` on have no protocol yet.
    var latecomers: [(descriptor: Int32, peer: SocketAddress)]
    var nextLatecomer: Int
    /// Number of sources from which further latecomers may come.
    var lateSources: Int
    var isServingLate: Bool

    /// Reasons for which accepting is paused; several may apply.
    ///
    /// Not an `OptionSet`: its conformance alone takes 2.5 KB of code.
    struct PauseReasons {
        private var bits: UInt8

        static let none = PauseReasons(bits: 0)
        /// `pauseAccepting` was called.
        static let caller = PauseReasons(bits: 1)
        /// Descriptors were exhausted.
        static let starved = PauseReasons(bits: 2)
        /// The limit of open connections is reached.
        static let full = PauseReasons(bits: 4)
        /// The token bucket of the rate is empty.
        static let tooFast = PauseReasons(bits: 8)

        var isEmpty: Bool { bits == 0 }
        /// Whether a limit of the listener is among them.
        var areLimits: Bool { bits & (4 | 8) != 0 }

        func contains(_ reason: PauseReasons) -> Bool { bits & reason.bits != 0 }
        mutating func insert(_ reason: PauseReasons) { bits |= reason.bits }
        mutating func remove(_ reason: PauseReasons) { bits &= ~reason.bits }
    }

    init(reactor: ReactorBase, factory: Factory, options: ListenOptions) {
        // Here and not in the declarations: see the reactor's initialiser.
        localAddresses = []
        counters = ListeningPortCounters()
        isListening = true
        sockets = []
        adoptions = []
        pauseReasons = .none
        peerErrors = 0
        latecomers = []
        nextLatecomer = 0
        lateSources = 0
        isServingLate = false
        self.reactor = reactor
        id = reactor.makeID()
        self.factory = factory
        limits = options.limits
        bucket = options.limits.rate.map { AcceptBucket($0) }
        members = PortMembers(peers: options.limits.perPeer == nil ? nil : PeerTable(options.limits))
        settings = reactor.settings(for: options.stream).of(members)
        policy = options.whenOutOfDescriptors
        acceptsPerTurn = max(1, reactor.configuration.acceptsPerTurn)
        members.port = self
        if limits.excess == .wait && isFull { pauseReasons = .full }
        factory.beginUse()
    }

    /// The port's load as seen by the thread that distributes connections: one object for all of its sockets.
    package var load: PortLoad {
        if let load = members.load { return load }
        let load = PortLoad(limits, established: members.count)
        members.load = load
        return load
    }

    @inline(never)
    func add(_ socket: any ListenerEngine) {
        sockets.append(socket)
        localAddresses.append(socket.address)
        if !pauseReasons.isEmpty { socket.disable() }
    }

    /// The address it listens at, with the real port if 0 was requested; the first of ``localAddresses``.
    public var localAddress: SocketAddress { localAddresses.first ?? .unnamedUnix }

    /// Accepts no connection until ``resumeAccepting()``; new peers wait in the kernel's backlog.
    public func pauseAccepting() {
        pause(.caller)
    }

    /// Accepts again, as far as descriptors and limits allow.
    public func resumeAccepting() {
        resume(.caller)
    }

    /// Closes the listening socket.
    ///
    /// Open connections stay, and the address can be bound again at once. Peers that had connected and wait to be
    /// accepted are not lost: they are accepted before the socket closes, and their protocols are made in later turns,
    /// after this call has returned. So are peers that wait because accepting is paused. The ``limits`` apply to them
    /// too: peers that have to wait continue to wait. A reactor that does not run, or whose ``ReactorBase/stop()`` ends
    /// its connections, accepts none of them.
    public func stopListening() {
        guard isListening else { return }
        endWait()
        isListening = false
        if reactor.servesLatecomers {
            for socket in sockets { socket.serveBacklog() }
        }
        endListening()
        reactor.remove(self)
        awaitLatecomers()
    }

    func shut() {
        endListening()
        endUse()
    }

    @inline(never)
    private func endListening() {
        isListening = false
        retry?.cancel()
        retry = nil
        nextToken?.cancel()
        nextToken = nil
        closeSockets()
        adoptions = []
    }

    /// Releases the closures that make protocols: there is no peer left that needs one.
    @inline(never)
    func endUse() {
        members.port = nil
        failureReport?.cancel()
        failureReport = nil
        factory = nil
        onAcceptFailure = nil
        onExcess = nil
    }

    /// Ends without a callback: the reactor is released.
    ///
    /// - Returns: what it retained, to be released once nothing refers to the reactor any more.
    @inline(never)
    func detach() -> [Any] {
        let retained: [Any] = [factory as Any, onAcceptFailure as Any, onExcess as Any]
        shut()
        return retained
    }

    func closeSockets() {
        for socket in sockets { socket.close() }
        sockets = []
        if isListening { localAddresses = [] }
    }

    // MARK: Pausing

    func pause(_ reason: PauseReasons) {
        guard isListening, !pauseReasons.contains(reason) else { return }
        if pauseReasons.isEmpty { for socket in sockets { socket.disable() } }
        if !pauseReasons.areLimits && reason.areLimits { counters.waits += 1 }
        pauseReasons.insert(reason)
    }

    @inline(never)
    func resume(_ reason: PauseReasons) {
        guard isListening, pauseReasons.contains(reason) else { return }
        pauseReasons.remove(reason)
        // If one socket cannot be registered because descriptors are exhausted, that pauses the others too.
        for socket in sockets where pauseReasons.isEmpty { socket.enable() }
    }

    /// Pauses accepting until the token bucket of the rate has a token.
    func awaitToken(_ delay: Duration) {
        guard isListening, nextToken == nil else { return }
        pause(.tooFast)
        nextToken = reactor.callLater(delay) { [unowned self] in
            nextToken = nil
            resume(.tooFast)
        }
    }
}

@available(*, unavailable)
extension ListeningPort: Sendable {}
