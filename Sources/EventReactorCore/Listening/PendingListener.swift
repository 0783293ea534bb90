/// A listener whose host is being resolved: what `listenTCP(port:host:backlog:options:_:then:)` returns.
///
/// It ends by a listener or by one failure, of which its completion is told. The reactor keeps it until then; dropping it
/// changes nothing. It belongs to the reactor's thread.
public final class PendingListener {
    /// Whether there is neither a listener nor a failure yet.
    public private(set) var isPending = true

    private let host: String
    private var completion: ((Result<ListeningPort, ListenError>) -> Void)?
    private var lookup: PendingResult?
    /// The failure that ended it and that the completion has not been called with yet.
    private var unreported: ListenError?
    private unowned let reactor: ReactorBase
    private let id: UInt64

    init(
        host: String, reactor: ReactorBase, completion: @escaping (Result<ListeningPort, ListenError>) -> Void
    ) {
        self.host = host
        self.reactor = reactor
        self.completion = completion
        id = reactor.makeID()
        // There is no turn in which the completion could be called.
        if reactor.isClosed { _ = abandon() } else { reactor.pendingListeners.add(self, as: id) }
    }

    /// Gives up, with ``ListenError/cancelled(host:)`` as the failure; a listener that is there already stays.
    ///
    /// It is safe at any moment. The failure is reported in the next turn.
    public func cancel() {
        fail(.cancelled(host: host))
    }

    // MARK: Inside

    func start(port: UInt16, listen: @escaping ([SocketAddress]) throws(ListenError) -> ListeningPort) {
        lookup = reactor.engine.resolveToListen(host: host, port: port) { [weak self] result in
            guard let self, isPending else { return }
            lookup = nil
            // Called by the loop: the completion may be called now.
            isPending = false
            finish(Result { () throws(ListenError) in try listen(try result.get()) })
        }
    }

    func fail(_ error: ListenError) {
        guard isPending else { return }
        isPending = false
        lookup?.cancel()
        lookup = nil
        // Reported in a later turn, so that no caller is called back inside its own call; the reactor keeps this until then.
        unreported = error
        reactor.callSoon { [self] in reportFailure() }
    }

    /// Calls the completion with the failure, if there is one: in the next turn, or as the run ends.
    func reportFailure() {
        guard let error = unreported else { return }
        unreported = nil
        finish(.failure(error))
    }

    private func finish(_ result: Result<ListeningPort, ListenError>) {
        reactor.pendingListeners.remove(id)
        let reported = completion
        completion = nil
        reported?(result)
    }

    /// The reactor itself goes: nothing is called any more.
    ///
    /// - Returns: what is to be released.
    func abandon() -> ((Result<ListeningPort, ListenError>) -> Void)? {
        isPending = false
        unreported = nil
        defer { completion = nil }
        return completion
    }
}

@available(*, unavailable)
extension PendingListener: Sendable {}

extension ReactorBase {
    /// Listens for TCP connections at a host whose name is resolved off the reactor's thread.
    ///
    /// ```swift
    /// reactor.listenTCP(port: 8007, host: "internal.example") { Echo() } then: { result in
    ///     switch result {
    ///     case .success(let port): print("listening at \(port.localAddresses)")
    ///     case .failure(let error): print(error)
    ///     }
    /// }
    /// ```
    ///
    /// The reactor goes on meanwhile, however long the lookup takes.
    ///
    /// - Parameters:
    ///   - port: 0 to 65,535; 0 has the system choose.
    ///   - host: an address of this machine, or a name for one; empty listens on IPv4 and IPv6 at once.
    ///   - backlog: how many peers may wait to be accepted; the system's `somaxconn` bounds it.
    ///   - options: settings of the listener and of its connections.
    ///   - makeProtocol: called for each connection on the reactor's thread; nil refuses it.
    ///   - completion: called once, on the reactor's thread, never before this call has returned: with the listener, which
    ///     the reactor keeps, or with why there is none, ``ListenError/cancelled(host:)`` if the reactor stops first.
    /// - Returns: a handle by which it can be given up; the reactor keeps it.
    @discardableResult
    public func listenTCP(
        port: Int, host: String, backlog: Int = 4096, options: ListenOptions = ListenOptions(),
        _ makeProtocol: @escaping () -> Protocol?,
        then completion: @escaping (Result<ListeningPort, ListenError>) -> Void
    ) -> PendingListener {
        listenTCP(
            port: port, host: host, backlog: backlog, options: options, factory: ClosureFactory(makeProtocol),
            then: completion)
    }

    /// Listens for TCP connections, with a factory, at a host whose name is resolved off the reactor's thread.
    ///
    /// The parameters are those of ``listenTCP(port:host:backlog:options:_:then:)``.
    @discardableResult
    public func listenTCP(
        port: Int, host: String, backlog: Int = 4096, options: ListenOptions = ListenOptions(), factory: Factory,
        then completion: @escaping (Result<ListeningPort, ListenError>) -> Void
    ) -> PendingListener {
        listenTCP(
            port: port, host: host, backlog: backlog, options: options, factory: factory, streams: engine.streams,
            then: completion)
    }

    package func listenTCP(
        port: Int, host: String, backlog: Int, options: ListenOptions, factory: Factory, streams: any StreamEngine,
        then completion: @escaping (Result<ListeningPort, ListenError>) -> Void
    ) -> PendingListener {
        let pending = PendingListener(host: host, reactor: self, completion: completion)
        guard !isClosed else { return pending }
        do throws(AddressError) {
            let number = try AddressError.checkPort(port)
            if !host.isEmpty { _ = try HostText(host, port: number) }
            pending.start(port: number) { [unowned self] addresses throws(ListenError) in
                try listen(
                    at: addresses, backlog: backlog, options: options, mode: nil, factory: factory, streams: streams)
            }
        } catch {
            pending.fail(.invalidAddress(error))
        }
        return pending
    }
}
