#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A connect that is under way: what `connectTCP` and `connectUNIX` return.
///
/// It ends by a connection or by one failure. The reactor keeps it until then; dropping it changes nothing. It belongs
/// to the reactor's thread.
public final class Connector {
    /// Whether there is neither a connection nor a failure yet.
    public private(set) var isConnecting = true

    private let target: String
    private let timeout: Duration?
    private let local: SocketAddress?
    private let options: StreamOptions
    // Let go of at the end: what they captured may be what keeps this.
    private var factory: Factory?
    private var onFailure: ((ConnectError) -> Void)?
    private let streams: any StreamEngine
    private unowned let reactor: ReactorBase
    let id: UInt64

    private var lookup: PendingResult?
    private var untried: ArraySlice<SocketAddress> = []
    private var attempts: [(number: Int, attempt: any ConnectAttempt)] = []
    private var nextNumber = 0
    private var failure: ConnectError?
    /// The failure that ended it and that the caller has not been told yet.
    private var untold: ConnectError?
    private var deadline: DelayedCall?
    private var nextAttempt: DelayedCall?

    init(
        to target: String, timeout: Duration?, from local: SocketAddress?, options: StreamOptions, factory: Factory,
        onFailure: ((ConnectError) -> Void)?, streams: any StreamEngine, reactor: ReactorBase
    ) {
        self.target = target
        self.timeout = timeout
        self.local = local
        self.options = options
        self.factory = factory
        self.onFailure = onFailure
        self.streams = streams
        self.reactor = reactor
        id = reactor.makeID()
        reactor.counts.connectsStarted &+= 1
        factory.beginUse()
    }

    /// Gives up connecting, with ``ConnectError/cancelled(to:)`` as the failure; a connection that stands is left alone.
    ///
    /// It is safe at any moment, in callbacks too. The failure is reported in the next turn.
    public func cancel() {
        guard isConnecting else { return }
        fail(.cancelled(to: target))
    }

    // MARK: Inside

    func start(host: String, port: UInt16) {
        startClock()
        lookup = reactor.engine.resolve(host: host, port: port) { [weak self] result in
            guard let self, isConnecting else { return }
            lookup = nil
            switch result {
            case .success(let addresses): start(addresses: addresses, clockRuns: true)
            case .failure(let error): fail(error)
            }
        }
    }

    func start(addresses: [SocketAddress], clockRuns: Bool = false) {
        if !clockRuns { startClock() }
        let addresses = addresses.map(\.effectiveDestination)
        let fitting = local.map { own in addresses.filter { $0.family == own.family } } ?? addresses
        guard !fitting.isEmpty else {
            let code = addresses.isEmpty ? EHOSTUNREACH : EAFNOSUPPORT
            return fail(.bindFailed(SystemError(code: code, operation: "bind for \(target)", address: local)))
        }
        untried = HappyEyeballs.order(fitting)[...]
        tryNext()
    }

    private func startClock() {
        guard let timeout else { return }
        deadline = reactor.callLater(timeout) { [unowned self] in
            fail(.timedOut(after: timeout, to: target))
        }
    }

    private func tryNext() {
        nextAttempt?.cancel()
        nextAttempt = nil
        guard let address = untried.popFirst() else { return }
        let number = nextNumber
        nextNumber += 1
        let attempt = reactor.engine.connect(to: address, from: local, options: options) { [weak self] result in
            self?.attemptEnded(number, address, result)
        }
        attempts.append((number, attempt))
        if !untried.isEmpty {
            nextAttempt = reactor.callLater(HappyEyeballs.attemptDelay) { [unowned self] in tryNext() }
        }
    }

    private func attemptEnded(_ number: Int, _ address: SocketAddress, _ result: Result<Int32, ConnectError>) {
        attempts.removeAll { $0.number == number }
        guard isConnecting else {
            if case .success(let descriptor) = result { reactor.engine.discard(descriptor: descriptor) }
            return
        }
        switch result {
        case .success(let descriptor):
            end()
            reactor.connectors.remove(id)
            succeed(descriptor, address)
        case .failure(let error):
            // The first failure tells most: it is the preferred address's.
            failure = failure ?? error
            if !untried.isEmpty {
                tryNext()
            } else if attempts.isEmpty {
                fail(failure ?? error)
            }
        }
    }

    private func succeed(_ descriptor: Int32, _ peer: SocketAddress) {
        defer { endUse() }
        guard let made = factory?.buildProtocol(for: peer) else {
            reactor.counts.connectsFailed.add(.declined)
            return reactor.engine.discard(descriptor: descriptor)
        }
        let settings = StreamSettings(engine: streams, options: options, reactor: reactor)
        StreamConnection(
            descriptor: descriptor, peer: peer, protocol: made, settings: settings
        ).start(as: .connector) { [self] error in tell(.system(error)) }
    }

    private func fail(_ error: ConnectError) {
        guard isConnecting else { return }
        end()
        // Told later, so that nobody is called inside a call of theirs; the reactor keeps this until then.
        untold = error
        reactor.callSoon { [self] in tellFailure() }
    }

    /// Tells the caller of the failure, if there is one to tell: in the next turn, or as the run ends where it has no
    /// next turn.
    func tellFailure() {
        guard let error = untold else { return }
        untold = nil
        reactor.connectors.remove(id)
        tell(error)
        endUse()
    }

    private func endUse() {
        let used = factory
        factory = nil
        onFailure = nil
        used?.endUse()
    }

    private func tell(_ error: ConnectError) {
        reactor.counts.connectsFailed.add(.init(error))
        if let onFailure { onFailure(error) } else { reactor.report(.connectFailed(error)) }
    }

    /// Ends without a word: the reactor itself goes.
    ///
    /// - Returns: what it held, to be released once nothing leads to the reactor any more.
    func abandon() -> [Any] {
        untold = nil
        end()
        defer {
            factory = nil
            onFailure = nil
        }
        return [factory as Any, onFailure as Any]
    }

    /// Ends before it began: the reactor was closed.
    func ended() -> Connector {
        end()
        endUse()
        return self
    }

    private func end() {
        isConnecting = false
        deadline?.cancel()
        nextAttempt?.cancel()
        // A lookup that no connector waits for any more is skipped.
        lookup?.cancel()
        lookup = nil
        untried = []
        let open = attempts
        attempts = []
        for entry in open { entry.attempt.cancel() }
    }
}

@available(*, unavailable)
extension Connector: Sendable {}
