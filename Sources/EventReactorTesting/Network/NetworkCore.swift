/// What the hosts of a simulated network share: the clock, what will happen, the links, and the table of sockets.
///
/// It holds no host: a reactor owns its host, which holds the network.
final class NetworkCore {
    /// A host, for as long as its reactor is there.
    private struct Slot {
        unowned let host: SimulatedHost
    }

    /// The clock goes no further, 146 years from the start: times that are added to it stay within what it can tell.
    static let lastInstant = Int64.max / 2

    /// The virtual clock: nanoseconds since the start.
    private(set) var now: Int64 = 0
    /// Somebody moves the clock; a reactor that takes a turn now was told to.
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

    /// A reactor is gone, and with it all that its host had: peers that send to it are answered by resets.
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

    /// The host that an address means where another host uses it.
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
    /// - Parameter make: makes the socket with the number that it is given.
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
        // An empty host listens twice, at one port.
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

    // MARK: Choices of the seed

    func bufferSize(asked: Int?) -> Int {
        // A kernel has bounds of its own too.
        if let asked { return min(max(256, asked), 64 * 1024 * 1024) }
        return faults.draw(.smallBuffers) { $0.magnitude(in: 256...16_384) } ?? 65_536
    }

    /// How many of the bytes that are there go together.
    func cut(_ count: Int, sentBefore: Int64) -> Int {
        guard count > 1 else { return count }
        return faults.draw(.splitting) { random in
            guard random.oneIn(2) else { return nil }
            // The first bytes may go one by one; a long transfer would never end so.
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

    /// The instant that is a time from now, or the last one.
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

    /// What a step came to.
    enum Step {
        case moved, idle, limit
        /// The host that was waited for has something to do now.
        case due
    }

    /// Goes to the next thing that happens, and lets it happen.
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

    /// Lets time pass until a host has something to do.
    ///
    /// - Returns: false where nothing will ever happen.
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

    /// Lets time pass until an instant, or until a condition holds; inside a callback nothing happens.
    ///
    /// - Returns: whether the condition holds, or nothing will ever happen.
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

    /// Ends all hosts, and lets go of what is still to happen.
    func end() {
        guard !isDriving else { return }
        isDriving = true
        defer { isDriving = false }
        for slot in hosts { slot?.host.reactor.end() }
        events.removeAll()
    }
}
