/// A listener whose host is being resolved: what ``ReactorBase/listen(_:options:_:then:)`` returns.
///
/// It ends by a listener or by one failure, with which its completion is called. The reactor keeps it until then;
/// dropping it changes nothing. It belongs to the reactor's thread.
///
/// ```swift
/// let pending = reactor.listen(.tcp(port: 8007, host: "internal.example")) { Echo() } then: { print($0) }
/// reactor.callLater(.seconds(5)) { pending.cancel() }
/// ```
public final class PendingListener {
    /// Whether there is neither a listener nor a failure yet.
    public private(set) var isPending = true

    private let endpoint: ServerEndpoint
    private var completion: ((Result<ListeningPort, ListenError>) -> Void)?
    private var lookup: PendingResult?
    /// The failure that ended it, until the completion is called with it.
    private var unreported: ListenError?
    private unowned let reactor: ReactorBase
    private let id: UInt64

    init(
        _ endpoint: ServerEndpoint, reactor: ReactorBase,
        completion: @escaping (Result<ListeningPort, ListenError>) -> Void
    ) {
        self.endpoint = endpoint
        self.reactor = reactor
        self.completion = completion
        id = reactor.makeID()
        // A closed reactor has no turn in which the completion could be called.
        if reactor.isClosed { _ = abandon() } else { reactor.pendingListeners.add(self, as: id) }
    }

    /// Gives up, with ``ListenError/cancelled(host:)`` as the failure; a listener that is there already stays.
    ///
    /// It may be called at any moment, in callbacks too, any number of times. The failure is reported in the next turn.
    public func cancel() {
        guard isPending else { return }
        if case .tcp(_, let host) = endpoint.kind {
            fail(.cancelled(host: host))
        } else {
            fail(.cancelled(host: endpoint.description))
        }
    }

    // MARK: Inside

    func start(options: ListenOptions, factory: Factory) {
        guard isPending else { return }
        guard case .tcp(let port, let host) = endpoint.kind else {
            return reactor.callSoon { [weak self] in
                guard let self else { return }
                complete { () throws(ListenError) in
                    try self.reactor.listen(self.endpoint, options: options, factory: factory)
                }
            }
        }
        do throws(ListenError) {
            let port = try ServerEndpoint.checkedPort(port, host: host)
            let factory = endpoint.layered(factory)
            lookup = reactor.engine.resolver.resolve(host, port: port, toListen: true) { [weak self] result in
                guard let self else { return }
                complete { () throws(ListenError) in
                    try self.reactor.listen(
                        at: result.mapError { $0.listening(at: host) }.get(), backlog: self.endpoint.backlog,
                        options: options, factory: factory)
                }
            }
        } catch {
            fail(error)
        }
    }

    /// Ends by a listener or a failure; called by the loop, so that the completion may be called now.
    private func complete(_ listen: () throws(ListenError) -> ListeningPort) {
        guard isPending else { return }
        isPending = false
        lookup = nil
        finish(Result(catching: listen))
    }

    @inline(never)
    private func fail(_ error: ListenError) {
        isPending = false
        lookup?.cancel()
        lookup = nil
        // Reported in a later turn, so that no caller is called back inside its own call; the reactor keeps this until
        // then.
        unreported = error
        reactor.callSoon { [self] in reportFailure() }
    }

    /// Calls the completion with the failure, if there is one: in the next turn, or as the run ends.
    @inline(never)
    func reportFailure() {
        guard let error = unreported else { return }
        unreported = nil
        finish(.failure(error))
    }

    private func finish(_ result: Result<ListeningPort, ListenError>) {
        reactor.pendingListeners.remove(id)
        let completion = completion
        self.completion = nil
        completion?(result)
    }

    /// Ends in silence: the reactor is released or closed.
    ///
    /// - Returns: what is to be released.
    @inline(never)
    func abandon() -> ((Result<ListeningPort, ListenError>) -> Void)? {
        isPending = false
        unreported = nil
        defer { completion = nil }
        return completion
    }
}

@available(*, unavailable)
extension PendingListener: Sendable {}
