/// A listening socket of a simulated host, with its backlog.
final class SimulatedListener: ListenerEngine {
    let id: Int32
    let address: SocketAddress
    let reusesPort: Bool
    let options: StreamOptions
    unowned let host: SimulatedHost
    unowned let port: ListeningPort
    private let backlog: Int
    /// Number of connections that are answered and not yet acknowledged by the client.
    private var opening = 0
    private var waiting: [Int32] = []
    private var isEnabled = true
    private(set) var isOpen = true
    var isReady = false

    init(
        id: Int32, address: SocketAddress, backlog: Int, options: ListenOptions, host: SimulatedHost,
        port: ListeningPort
    ) {
        self.id = id
        self.address = address
        self.backlog = max(1, backlog)
        self.host = host
        self.port = port
        reusesPort = options.reusePort
        self.options = options.stream
    }

    /// Whether a connect to an address is for this listener.
    func listens(at target: SocketAddress) -> Bool {
        guard isOpen else { return false }
        if address == target { return true }
        return address.isWildcard && address.family == target.family && address.port == target.port
    }

    var hasRoom: Bool { opening + waiting.count < backlog }

    func answered() { opening += 1 }

    func abandoned(_ socket: SimulatedSocket) {
        if socket.stage == .opening { opening -= 1 } else { waiting.removeAll { $0 == socket.id } }
    }

    func opened(_ socket: SimulatedSocket) {
        opening -= 1
        guard isOpen else { return socket.abort() }
        waiting.append(socket.id)
        markReady()
    }

    private func markReady() {
        guard !isReady, isEnabled, isOpen, !waiting.isEmpty else { return }
        isReady = true
        host.addReady(.listener(id))
    }

    /// Accepts peers from the backlog, as many as one turn may.
    func accept() {
        let network = host.network
        var left = port.acceptsPerTurn
        while left > 0, isEnabled, isOpen, let id = waiting.first {
            left -= 1
            guard let socket = network.socket(id) else {
                waiting.removeFirst()
                continue
            }
            if let code = host.acceptFailure() {
                network.record(.acceptFails, at: socket.traceEndpoint, count: Int(code))
                return fail(code)
            }
            accept(socket)
            port.accepted(descriptor: id, peer: socket.remote)
        }
        markReady()
    }

    /// Handles a failed accept by the port's policy.
    private func fail(_ code: Int32) {
        var closed = 0
        if port.policy == .close {
            closed = min(waiting.count, port.acceptsPerTurn)
            let refused = waiting.prefix(closed)
            waiting.removeFirst(closed)
            for id in refused { host.network.socket(id)?.close(reset: false) }
        }
        let error = SystemError(code: code, operation: "accept", address: address)
        port.acceptFailed(error, closed: closed, waits: closed == 0)
        if isOpen { markReady() }
    }

    func enable() {
        isEnabled = true
        markReady()
    }

    func disable() {
        isEnabled = false
    }

    /// A connection that is not acknowledged yet is reset later, as the kernel does.
    func serveBacklog() {
        let network = host.network
        while let id = waiting.first {
            guard let socket = network.socket(id) else {
                waiting.removeFirst()
                continue
            }
            if let code = host.acceptFailure() {
                network.record(.acceptFails, at: socket.traceEndpoint, count: Int(code))
                let closed = waiting.count
                let refused = waiting
                waiting = []
                for id in refused { network.socket(id)?.close(reset: false) }
                let error = SystemError(code: code, operation: "accept", address: address)
                return port.acceptFailed(error, closed: closed, waits: false)
            }
            accept(socket)
            port.arrivedLate(descriptor: id, peer: socket.remote)
        }
    }

    private func accept(_ socket: SimulatedSocket) {
        waiting.removeFirst()
        socket.listener = -1
        host.network.record(.accepts, socket)
        host.network.plan(for: socket)
    }

    func close() {
        guard isOpen else { return }
        isOpen = false
        host.network.closed(self)
        let refused = waiting
        waiting = []
        for id in refused { host.network.socket(id)?.abort() }
    }
}
