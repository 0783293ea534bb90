#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A connect in progress: what `connect`, `connectTCP` and `connectUNIX` return.
///
/// It ends by a connection or by one failure. The reactor keeps it until then; dropping it changes nothing. It belongs
/// to the reactor's thread.
///
/// ```swift
/// let connector = try reactor.connect(.tcp(host: "example.com", port: 80)) { Client() }
/// reactor.callLater(.seconds(1)) { connector.cancel() }
/// ```
public final class Connector {
    /// Whether there is neither a connection nor a failure yet.
    public private(set) var isConnecting: Bool

    private let endpoint: ClientEndpoint
    private let options: StreamOptions
    // Released at the end: they may have captured this object.
    private var factory: Factory?
    private var onFailure: ((ConnectError) -> Void)?
    private var observer: (any ConnectionObserver)?
    private unowned let reactor: ReactorBase
    let id: UInt64

    private var lookup: PendingResult?
    private var untried: ArraySlice<SocketAddress>
    private var attempts: [(id: Int, attempt: any ConnectAttempt)]
    /// The connection whose layers are being established.
    private var unlayered: StreamConnection?
    private var nextAttemptID: Int
    private var firstFailure: ConnectError?
    /// The failure that ended it, until it is reported to the caller.
    private var unreported: ConnectError?
    private var deadline: DelayedCall?
    private var nextAttempt: DelayedCall?

    init(
        to endpoint: ClientEndpoint, options: StreamOptions, factory: Factory, onFailure: ((ConnectError) -> Void)?,
        observer: (any ConnectionObserver)?, reactor: ReactorBase
    ) {
        isConnecting = true
        untried = []
        attempts = []
        nextAttemptID = 0
        self.endpoint = endpoint
        self.options = options
        self.factory = factory
        self.onFailure = onFailure
        self.observer = observer
        self.reactor = reactor
        id = reactor.makeID()
        reactor.counts.connectsStarted &+= 1
        factory.beginUse()
    }

    /// Gives up connecting, with ``ConnectError/cancelled(to:)`` as the failure; an established connection stays.
    ///
    /// It may be called at any moment, in callbacks too, any number of times. The failure is reported in the next turn.
    public func cancel() {
        guard isConnecting else { return }
        fail(.cancelled(to: endpoint.description))
    }

    // MARK: Inside

    func start(_ target: ClientEndpoint.Target) {
        if let timeout = endpoint.timeout {
            deadline = reactor.callLater(timeout) { [unowned self] in
                fail(.timedOut(after: timeout, to: endpoint.description))
            }
        }
        switch target {
        case .address(let address):
            start([address])
        case .host(let host, let port):
            lookup = reactor.engine.resolver.resolve(host, port: port, toListen: false) { [weak self] result in
                guard let self, isConnecting else { return }
                lookup = nil
                switch result {
                case .success(let addresses): start(addresses)
                case .failure(let error): fail(.unresolvable(host: host, message: error.message))
                }
            }
        }
    }

    private func start(_ addresses: [SocketAddress]) {
        let local = endpoint.bindAddress
        let addresses = addresses.map(\.effectiveDestination)
        let fitting = local.map { own in addresses.filter { $0.family == own.family } } ?? addresses
        guard !fitting.isEmpty else {
            let code = addresses.isEmpty ? EHOSTUNREACH : EAFNOSUPPORT
            return fail(.bindFailed(SystemError(code: code, operation: "bind for \(endpoint)", address: local)))
        }
        untried = HappyEyeballs.order(fitting)[...]
        tryNext()
    }

    private func tryNext() {
        nextAttempt?.cancel()
        nextAttempt = nil
        guard let address = untried.popFirst() else { return }
        let id = nextAttemptID
        nextAttemptID += 1
        let attempt = reactor.engine.connect(
            to: address, from: endpoint.bindAddress, options: options
        ) { [weak self] result in
            self?.attemptEnded(id, address, result)
        }
        attempts.append((id, attempt))
        if !untried.isEmpty {
            nextAttempt = reactor.callLater(HappyEyeballs.attemptDelay) { [unowned self] in tryNext() }
        }
    }

    private func attemptEnded(_ id: Int, _ address: SocketAddress, _ result: Result<Int32, ConnectError>) {
        attempts.removeAll { $0.id == id }
        guard isConnecting else {
            if case .success(let descriptor) = result { reactor.engine.sockets.close(descriptor) }
            return
        }
        switch result {
        case .success(let descriptor):
            if let first = endpoint.layers.first { return establish(first, on: descriptor, address) }
            end()
            reactor.connectors.remove(self.id)
            succeed(descriptor, address)
        case .failure(let error):
            // The first failure says most: it is that of the preferred address.
            firstFailure = firstFailure ?? error
            if !untried.isEmpty {
                tryNext()
            } else if attempts.isEmpty {
                fail(firstFailure ?? error)
            }
        }
    }

    private func succeed(_ descriptor: Int32, _ peer: SocketAddress) {
        defer { endUse() }
        guard let made = factory?.buildProtocol(for: peer) else {
            reactor.counts.connectsFailed.add(.declined)
            return reactor.engine.sockets.close(descriptor)
        }
        let connection = StreamConnection(
            descriptor: descriptor, peer: peer, protocol: made, settings: reactor.settings(for: options))
        connection.attach(observer)
        connection.start(as: .connector) { [self] error in report(.system(error)) }
    }

    /// Establishes the layers, before which there is no connection for the program.
    private func establish(_ first: any ClientLayer, on descriptor: Int32, _ peer: SocketAddress) {
        endAttempts()
        let made = make(first, before: endpoint.layers.dropFirst(), peer)
        let connection = StreamConnection(
            descriptor: descriptor, peer: peer, protocol: made, settings: reactor.settings(for: options))
        unlayered = connection
        connection.start(as: .connector) { [weak self] error in self?.fail(.system(error)) }
    }

    /// Makes a layer, which makes the next when it is established itself.
    private func make(
        _ layer: any ClientLayer, before others: ArraySlice<any ClientLayer>, _ peer: SocketAddress
    ) -> Protocol {
        layer.makeLayer(to: endpoint) { [weak self] in
            guard let self, isConnecting else { return nil }
            if let next = others.first { return make(next, before: others.dropFirst(), peer) }
            return layersAreReady(peer)
        } failed: { [weak self] error in
            self?.fail(error)
        }
    }

    private func layersAreReady(_ peer: SocketAddress) -> Protocol? {
        let lower = unlayered
        unlayered = nil
        end()
        reactor.connectors.remove(id)
        defer { endUse() }
        let made = factory?.buildProtocol(for: peer)
        guard let made else {
            reactor.counts.connectsFailed.add(.declined)
            return nil
        }
        guard made.wasConnected else {
            // The layer that was ready last may be above another.
            (lower?.carriedLayer?.upper ?? lower)?.attach(observer)
            return made
        }
        report(.system(reactor.reportReusedProtocol(peer: peer)))
        return nil
    }

    @inline(never)
    private func fail(_ error: ConnectError) {
        guard isConnecting else { return }
        end()
        // Reported in a later turn, so that no caller is called back inside its own call; the reactor keeps this until
        // then.
        unreported = error
        reactor.callSoon { [self] in reportFailure() }
    }

    /// Reports the failure to the caller, if there is one: in the next turn, or as the run ends.
    @inline(never)
    func reportFailure() {
        guard let error = unreported else { return }
        unreported = nil
        reactor.connectors.remove(id)
        report(error)
        endUse()
    }

    private func endUse() {
        let used = factory
        factory = nil
        onFailure = nil
        observer = nil
        used?.endUse()
    }

    private func report(_ error: ConnectError) {
        reactor.counts.connectsFailed.add(.init(error))
        if let onFailure { onFailure(error) } else { reactor.report(.connectFailed(error)) }
    }

    /// Ends without a callback: the reactor is released.
    ///
    /// - Returns: what it retained, to be released once nothing refers to the reactor any more.
    func abandon() -> [Any] {
        unreported = nil
        end()
        defer {
            factory = nil
            onFailure = nil
            observer = nil
        }
        return [factory as Any, onFailure as Any, observer as Any] + (observer?.reactorReleased() ?? [])
    }

    /// Ends before it began: the reactor is closed.
    func ended() -> Connector {
        end()
        endUse()
        return self
    }

    private func end() {
        isConnecting = false
        deadline?.cancel()
        endAttempts()
        unlayered?.abortConnection()
        unlayered = nil
    }

    private func endAttempts() {
        nextAttempt?.cancel()
        // A lookup for which no connector waits is skipped.
        lookup?.cancel()
        lookup = nil
        untried = []
        let unfinished = attempts
        attempts = []
        for entry in unfinished { entry.attempt.cancel() }
    }
}

@available(*, unavailable)
extension Connector: Sendable {}
