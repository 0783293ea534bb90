/// The state that the hosts of a simulated network share: the clock, scheduled events, links, and the socket table.
///
/// It retains no host: a reactor owns its host, and the host retains the network.
final class NetworkCore {
    /// A host, which its reactor owns and removes in its deinit.
    private struct Slot {
        unowned let host: SimulatedHost
    }

    /// The last instant of the clock, 146 years from the start: times added to it do not overflow.
    static let lastInstant = Int64.max / 2

    /// The virtual clock: nanoseconds since the start.
    private(set) var now: Int64 = 0
    /// Whether the network is being driven; a reactor that runs a turn now does so on its behalf.
    private(set) var isDriving = false
    var faults: FaultSource
    var random: SeededRandom
    var trace = Trace()
    var failure: String?
    var retransmissionTimeout: Int64 = 900_000_000_000
    var defaultConditions = LinkConditions()
    private var events = EventHeap()
    private var hosts: [Slot?] = []
    private(set) var names: [String] = []
    private var links: [Int: Link] = [:]
    private var sockets: [SimulatedSocket?] = []
    private var listeners: [SimulatedListener?] = []
    private var connects: [SimulatedConnect?] = []
    private var chances: SeededRandom

    init(seed: UInt64, faults: Faults, only: [Faults: [Int]]? = nil) {
        self.faults = FaultSource(seed: seed, kinds: faults, only: only)
        random = SeededRandom(seed: seed)
        chances = SeededRandom(seed: ~seed)
    }

    // MARK: Hosts

    func add(_ host: SimulatedHost) {
        names.append(host.name)
        hosts.append(Slot(host: host))
        host.turnTime = faults.draw(.slowPeers) { $0.oneIn(2) ? Int64($0.magnitude(in: 1000...20_000_000)) : nil } ?? 0
    }

    /// Removes a host whose reactor was released, with its listeners and sockets: its peers' packets are answered by
    /// resets.
    func removeHost(_ index: Int) {
        hosts[index] = nil
        for id in listeners.indices where listeners[id]?.host.index == index { listeners[id] = nil }
        for id in sockets.indices where sockets[id]?.way.from == index { sockets[id] = nil }
    }

    func host(_ index: Int) -> SimulatedHost? { hosts[index]?.host }

    func host(named name: String) -> SimulatedHost? {
        names.firstIndex(of: name).flatMap { host($0) }
    }

    func address(of name: String) -> SocketAddress? { host(named: name)?.address }

    /// The host that an address means if it is used on another host.
    func host(at address: SocketAddress, from host: SimulatedHost) -> SimulatedHost? {
        if address.isLoopback { return host }
        return hosts.lazy.compactMap { $0?.host }.first { $0.address == address.withPort(0) }
    }

    func link(from: Int, to: Int) -> Link {
        let key = from << 32 | to
        if let link = links[key] { return link }
        var conditions = defaultConditions
        if from == to { conditions.latency = min(conditions.latency, .microseconds(10)) }
        if let latency = faults.draw(.latency, { $0.magnitude(in: 10_000...200_000_000) }) {
            conditions.latency = .nanoseconds(latency)
            conditions.jitter = .nanoseconds(latency)
        }
        if let bandwidth = faults.draw(.bandwidth, { $0.oneIn(2) ? $0.magnitude(in: 4096...10_000_000) : nil }) {
            conditions.bandwidth = bandwidth
        }
        let link = Link(from: from, to: to, conditions: conditions)
        links[key] = link
        return link
    }

    // MARK: The tables

    func socket(_ id: Int32) -> SimulatedSocket? {
        sockets.indices.contains(Int(id)) ? sockets[Int(id)] : nil
    }

    func sockets(where fits: (SimulatedSocket) -> Bool) -> [SimulatedSocket] {
        sockets.compactMap { $0 }.filter(fits)
    }

    /// Adds a socket to the table.
    ///
    /// - Parameter make: Makes the socket with the id that is passed to it.
    func makeSocket(_ make: (Int32) -> SimulatedSocket) -> SimulatedSocket {
        let socket = make(Int32(truncatingIfNeeded: sockets.count))
        sockets.append(socket)
        return socket
    }

    func remove(_ socket: SimulatedSocket) {
        guard self.socket(socket.id) === socket else { return }
        listener(socket.listener)?.abandoned(socket)
        sockets[Int(socket.id)] = nil
    }

    func listener(_ id: Int32) -> SimulatedListener? {
        listeners.indices.contains(Int(id)) ? listeners[Int(id)] : nil
    }

    func listeners(of host: SimulatedHost, where fits: (SimulatedListener) -> Bool) -> [SimulatedListener] {
        listeners.compactMap { $0 }.filter { $0.host === host && fits($0) }
    }

    func makeListener(
        at address: SocketAddress, backlog: Int, options: ListenOptions, host: SimulatedHost, port: ListeningPort
    ) -> SimulatedListener {
        let listener = SimulatedListener(
            id: Int32(truncatingIfNeeded: listeners.count), address: address, backlog: backlog, options: options,
            host: host, port: port)
        listeners.append(listener)
        // A listener at an empty host has two sockets, at the same port.
        if port.localAddresses.isEmpty {
            trace.add(TraceEntry(time: now, event: .listens, from: traceEndpoint(address, host: host.index)))
        }
        return listener
    }

    func closed(_ listener: SimulatedListener) {
        listeners[Int(listener.id)] = nil
    }

    func connect(_ id: Int32) -> SimulatedConnect? { connects[Int(id)] }

    func makeConnect(
        from host: SimulatedHost, to other: SimulatedHost?, target: SocketAddress, local: SocketAddress,
        options: StreamOptions, completion: @escaping (Result<Int32, ConnectError>) -> Void
    ) -> SimulatedConnect {
        let local = local.port == 0 ? local.withPort(host.makePort()) : local
        let connect = SimulatedConnect(
            id: Int32(truncatingIfNeeded: connects.count), host: host, target: target, local: local,
            options: options, way: other.map { link(from: host.index, to: $0.index) },
            back: other.map { link(from: $0.index, to: host.index) }, completion: completion)
        connects.append(connect)
        return connect
    }

    // MARK: Choices that the seed makes

    func bufferSize(requested: Int?) -> Int {
        // Bounded, as by a kernel.
        if let requested { return min(max(256, requested), 64 * 1024 * 1024) }
        return faults.draw(.smallBuffers) { $0.magnitude(in: 256...16_384) } ?? 65_536
    }

    /// The number of available bytes that are sent or read together.
    func splitSize(of count: Int, sentBefore: Int64) -> Int {
        guard count > 1 else { return count }
        return faults.draw(.splitting) { random in
            guard random.oneIn(2) else { return nil }
            // The first bytes may go one by one; a long transfer would not end in reasonable time that way.
            let size = max(random.magnitude(in: 1...count), sentBefore > 2048 ? 512 : 1)
            return size < count ? size : nil
        } ?? count
    }

    func isLost(over link: Link) -> Bool {
        if link.cuts > 0 { return true }
        let rate = link.conditions.lossRate
        if rate > 0, chances.next() >> 11 < UInt64(min(1, rate) * 9_007_199_254_740_992) { return true }
        return faults.draw(.packetLoss) { $0.oneIn(16) ? true : nil } ?? false
    }

    func delay(over link: Link) -> Int64 {
        link.latency + (link.jitter > 0 ? Int64(chances.integer(in: 0...Int(link.jitter))) : 0)
    }

    // MARK: The clock

    /// The instant after a time from now, or the last instant.
    func instant(after time: Duration) -> Int64 {
        min(now.saturatingAdding(max(0, time.saturatedNanoseconds)), NetworkCore.lastInstant)
    }

    func schedule(_ event: NetworkEvent, at time: Int64) {
        events.add(event, at: max(time, now))
    }

    func schedule(_ event: NetworkEvent, after delay: Int64) {
        let (time, overflow) = now.addingReportingOverflow(max(0, delay))
        events.add(event, at: overflow ? .max : time)
    }

    /// The result of a step: an event or a turn, nothing left, or the limit reached.
    enum Step {
        case moved, idle, limit
        /// The host that the caller waits for has a turn due.
        case due
    }

    /// Moves the clock to the next event or host's turn, and runs it.
    private func step(until limit: Int64, waiting: SimulatedHost?) -> Step {
        for slot in hosts { if let host = slot?.host, host !== waiting { host.begin() } }
        while let first = events.first, isStale(first.event, at: first.time) { events.removeFirst() }
        let eventTime = events.first?.time ?? .max
        var time = eventTime
        var next: SimulatedHost?
        for slot in hosts {
            guard let host = slot?.host, let due = host.due, due < time else { continue }
            time = due
            next = host
        }
        guard time != .max else { return .idle }
        guard time <= limit else { return .limit }
        now = max(now, time)
        if let next {
            if next === waiting { return .due }
            next.step()
        } else if let first = events.first {
            events.removeFirst()
            handle(first.event)
        }
        return .moved
    }

    /// Runs the network until a host has a turn due.
    ///
    /// - Returns: False if no event is left to wait for.
    func drive(until host: SimulatedHost) -> Bool {
        isDriving = true
        defer { isDriving = false }
        while true {
            switch step(until: NetworkCore.lastInstant, waiting: host) {
            case .moved: continue
            case .due: return true
            case .idle, .limit: return false
            }
        }
    }

    /// Runs the network until an instant, or until a condition is true; inside a callback it does nothing.
    ///
    /// - Returns: Whether the condition is true, or no event is left.
    func drive(until limit: Int64, condition: () throws -> Bool) rethrows -> Bool {
        if try condition() { return true }
        guard !isDriving else { return false }
        isDriving = true
        defer { isDriving = false }
        while true {
            switch step(until: limit, waiting: nil) {
            case .moved, .due: if try condition() { return true }
            case .idle: return true
            case .limit:
                now = max(now, limit)
                return false
            }
        }
    }

    func setClock(_ time: Int64) {
        if !isDriving { now = max(now, time) }
    }

    /// Closes the reactors of all hosts, and removes all events.
    func end() {
        guard !isDriving else { return }
        isDriving = true
        defer { isDriving = false }
        for slot in hosts { slot?.host.reactor.end() }
        events.removeAll()
    }
}
