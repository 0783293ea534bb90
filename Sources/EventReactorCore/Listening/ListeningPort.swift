/// A listener: what `listenTCP`, `listenUNIX` and `adoptStreamPort` return.
///
/// The reactor keeps it until ``stopListening()`` or the reactor's stop; dropping it changes nothing. It belongs to the
/// reactor's thread.
public final class ListeningPort {
    /// The addresses it listens at: two where an empty host means IPv4 and IPv6, one otherwise as a rule.
    public private(set) var localAddresses: [SocketAddress] = []

    /// Called when a connection could not be accepted, for want of descriptors as a rule, and not oftener than the
    /// reactor tries: ten times a second where peers wait, once a closed peer otherwise.
    ///
    /// Accepting goes on by itself. Unless set, the first failure is reported to ``ReactorBase/onDiagnostic`` as
    /// ``ReactorDiagnostic/acceptFailed(_:)``, and those that follow are counted there every ten seconds.
    ///
    /// An error of one peer alone, as `accept` reports those of the network, is none of these: the next peer is accepted
    /// at once. When 64 of them come in a row, that is a failure too.
    public var onAcceptFailure: ((AcceptFailure) -> Void)? {
        didSet { if !isListening { onAcceptFailure = nil } }
    }

    /// Makes a protocol for a peer beyond the listener's ``limits``, which says that the server is busy for one, or nil
    /// to reset it.
    ///
    /// ```swift
    /// port.onExcess = { excess in Busy() }
    /// ```
    ///
    /// Its connection is one as any other, with the listener's settings. No more than
    /// ``ConnectionLimits/excessConnections`` stand at a time; a peer beyond them is reset, and this is not called.
    /// Where ``ConnectionLimits/excess`` has peers wait, it is called for those beyond ``ConnectionLimits/perPeer``
    /// alone.
    public var onExcess: ((ExcessConnection) -> Protocol?)? {
        didSet { if !isListening { onExcess = nil } }
    }

    /// The group that connections join as they are accepted, or nil for none; one of the same reactor.
    ///
    /// A change is for those accepted from then on.
    public var rateLimitGroup: RateLimitGroup?

    /// How many connections it takes, as given to `listenTCP` or `listenUNIX`.
    public let limits: ConnectionLimits

    /// What it has done since it began to listen.
    public package(set) var counters = ListeningPortCounters()

    /// The connections that it accepted and that stand, without those of ``onExcess``; they may outlive the port.
    public var connectionCount: Int { members.count }

    /// The connections of ``onExcess`` that stand.
    public var excessConnectionCount: Int { excess?.members?.count ?? 0 }

    /// Whether connections are being accepted: whether it listens and ``pauseAccepting()`` was not called last.
    public var isAccepting: Bool { isListening && !holds.contains(.paused) }

    /// Whether ``stopListening()`` is still to come.
    public private(set) var isListening = true

    package unowned let reactor: ReactorBase
    let id: UInt64
    package let settings: StreamSettings
    package let policy: DescriptorShortagePolicy
    package let acceptsPerTurn: Int
    package let members: PortMembers
    /// The settings of the connections of `onExcess`, made with the first.
    var excess: StreamSettings?
    var bucket: AcceptBucket?
    /// Until listening stops: what it captured may keep this port.
    var factory: Factory?
    package private(set) var sockets: [any ListenerEngine] = []
    /// Refuse a second adoption of the sockets that were adopted.
    var adoptions: [AdoptionClaim] = []
    private var holds: Holds = []
    var retry: DelayedCall?
    private var nextToken: DelayedCall?
    /// Failures to accept that were not reported yet, and when they are; nil while there are none.
    var failureReport: FailureReport?
    /// The errors of single peers since the last connection that could be accepted.
    package var peerErrors = 0
    /// Peers that waited in the backlog as listening ended, and are still to be served.
    var latecomers: ArraySlice<(descriptor: Int32, peer: SocketAddress)> = []
    /// What may still bring latecomers.
    var lateSources = 0
    var isServingLate = false

    /// Why nothing is accepted at the moment; several at once.
    struct Holds: OptionSet {
        let rawValue: UInt8
        /// `pauseAccepting` was called.
        static let paused = Holds(rawValue: 1 << 0)
        /// There was no descriptor.
        static let starved = Holds(rawValue: 1 << 1)
        /// As many connections as the limits allow stand.
        static let full = Holds(rawValue: 1 << 2)
        /// The rate allows no other yet.
        static let tooFast = Holds(rawValue: 1 << 3)

        static let limits: Holds = [.full, .tooFast]
    }

    package init(reactor: ReactorBase, factory: Factory, settings: StreamSettings, options: ListenOptions) {
        self.reactor = reactor
        id = reactor.makeID()
        self.factory = factory
        limits = options.limits
        bucket = options.limits.rate.map { AcceptBucket($0) }
        members = PortMembers(peers: options.limits.perPeer == nil ? nil : PeerTable(options.limits))
        self.settings = settings.of(members)
        policy = options.whenOutOfDescriptors
        acceptsPerTurn = max(1, reactor.configuration.acceptsPerTurn)
        members.port = self
        if limits.excess == .wait && isFull { holds = .full }
        factory.beginUse()
    }

    /// The port as another thread sees it that hands connections over: one object for all of its sockets.
    package var load: PortLoad {
        if let load = members.load { return load }
        let load = PortLoad(limits, established: members.count)
        members.load = load
        return load
    }

    package func add(_ socket: any ListenerEngine) {
        sockets.append(socket)
        localAddresses.append(socket.address)
        if !holds.isEmpty { socket.disable() }
    }

    /// The address it listens at, with the real port where 0 was asked for; the first of ``localAddresses``.
    public var localAddress: SocketAddress { localAddresses.first ?? .unnamedUnix }

    /// Accepts nothing more until ``resumeAccepting()``; new peers wait in the kernel's backlog.
    public func pauseAccepting() {
        hold(.paused)
    }

    /// Accepts again, as far as descriptors and limits allow.
    public func resumeAccepting() {
        release(.paused)
    }

    /// Closes the listening socket.
    ///
    /// Live connections stay, and the address can be bound again at once. Peers that had connected and wait to be
    /// accepted are not lost: they are accepted before the socket closes, and their protocols are made in the turns that
    /// follow, after this call has returned. So are those that wait because accepting is paused. The ``limits`` hold for
    /// them too: where they have peers wait, these wait on. A reactor that does not run, or whose
    /// ``ReactorBase/stop()`` ends its connections, accepts none of them.
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

    package func shut() {
        endListening()
        endUse()
    }

    private func endListening() {
        isListening = false
        retry?.cancel()
        retry = nil
        nextToken?.cancel()
        nextToken = nil
        closeSockets()
        adoptions = []
    }

    /// Releases what makes protocols: there is no peer left that needs one.
    func endUse() {
        members.port = nil
        failureReport?.cancel()
        failureReport = nil
        factory = nil
        onAcceptFailure = nil
        onExcess = nil
    }

    /// The reactor goes.
    ///
    /// - Returns: what it held, to be released once nothing leads to the reactor any more.
    func detach() -> [Any] {
        let held: [Any] = [factory as Any, onAcceptFailure as Any, onExcess as Any]
        shut()
        endUse()
        return held
    }

    func closeSockets() {
        for socket in sockets { socket.close() }
        sockets = []
        if isListening { localAddresses = [] }
    }

    // MARK: Pausing

    func hold(_ why: Holds) {
        guard isListening, !holds.contains(why) else { return }
        if holds.isEmpty { for socket in sockets { socket.disable() } }
        if holds.isDisjoint(with: .limits) && !why.isDisjoint(with: .limits) { counters.waits += 1 }
        holds.insert(why)
    }

    func release(_ why: Holds) {
        guard isListening, holds.contains(why) else { return }
        holds.remove(why)
        // Where a socket cannot be watched for want of descriptors, that holds the others up too.
        for socket in sockets where holds.isEmpty { socket.enable() }
    }

    /// Accepts no more until the rate allows another.
    func awaitToken(_ delay: Duration) {
        guard isListening, nextToken == nil else { return }
        hold(.tooFast)
        nextToken = reactor.callLater(delay) { [unowned self] in
            nextToken = nil
            release(.tooFast)
        }
    }
}

@available(*, unavailable)
extension ListeningPort: Sendable {}

/// Why connections could not be accepted.
public struct AcceptFailure: Error, Equatable, Sendable {
    /// What the system said, `EMFILE` for one, and at which address.
    public let error: SystemError

    /// How many peers were accepted by the reserve descriptor and closed at once; 0 where they wait in the backlog.
    public let closedPeers: Int

    package init(error: SystemError, closedPeers: Int) {
        self.error = error
        self.closedPeers = closedPeers
    }
}
