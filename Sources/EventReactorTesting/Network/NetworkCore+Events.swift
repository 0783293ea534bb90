extension NetworkCore {
    /// Whether an event is obsolete, so that the clock need not advance to it; a postponed timer is scheduled again.
    func isStale(_ event: NetworkEvent, at time: Int64) -> Bool {
        switch event {
        case .retransmission(let id):
            guard let socket = socket(id) else { return true }
            if socket.isWaiting && socket.retryTime <= time { return false }
            // An acknowledgement has postponed the timer since.
            socket.hasRetryEvent = socket.isWaiting
            if socket.isWaiting { schedule(.retransmission(id), at: socket.retryTime) }
            return true
        case .keepAlive(let id):
            guard let socket = socket(id) else { return true }
            guard socket.connection == nil else { return false }
            socket.hasKeepAliveEvent = false
            return true
        case .release(let id): return socket(id) == nil
        case .connectRetry(let id): return !(connect(id)?.isOpen ?? false)
        case .intrusion(let id), .silence(let id): return socket(id) == nil
        case .packet, .connect, .answer, .refusal, .cut, .heal: return false
        }
    }

    func handle(_ event: NetworkEvent) {
        switch event {
        case .packet(let packet): arrived(packet)
        case .connect(let id): connectArrived(id)
        case .answer(let id, let server): answerArrived(id, from: server)
        case .refusal(let id):
            guard let connect = connect(id), connect.isOpen else { return }
            let error = SystemError(code: Code.refused, operation: "connect", address: connect.target)
            connect.end(.failure(.refused(error)))
        case .connectRetry(let id): connect(id)?.attempt()
        case .retransmission(let id): socket(id)?.retryDue()
        case .keepAlive(let id): socket(id)?.keepAliveDue()
        case .release(let id):
            guard let socket = socket(id) else { return }
            socket.isHolding = false
            socket.send()
        case .intrusion(let id): socket(id).map(resetOnTheWay)
        case .silence(let id): socket(id).map(silence)
        case .cut(let one, let other): cut(one, other)
        case .heal(let one, let other): heal(one, other)
        }
    }

    // MARK: Packets

    /// Sends a packet over its socket's link.
    ///
    /// - Returns: False if it is lost.
    func transmit(_ packet: Packet, from socket: SimulatedSocket) -> Bool {
        let sent = socket.way.load(packet.count, at: now)
        guard !socket.isSilenced, !isLost(over: socket.way) else {
            recordLoss(of: packet, from: socket)
            return false
        }
        // Packets with bytes arrive at distinct times: only a slow host reads two of them together.
        socket.lastArrival = max(
            socket.lastArrival, sent.saturatingAdding(delay(over: socket.way)),
            packet.count > 0 ? socket.lastBytesArrival.saturatingAdding(1) : 0)
        if packet.count > 0 { socket.lastBytesArrival = socket.lastArrival }
        schedule(.packet(packet), at: socket.lastArrival)
        return true
    }

    /// Records the loss of a packet, unless it is a mere acknowledgement: the next one replaces it.
    private func recordLoss(of packet: Packet, from socket: SimulatedSocket) {
        if packet.count > 0 || !packet.flags.isDisjoint(with: [.end, .reset]) { record(.loses, socket, packet.count) }
    }

    private func arrived(_ packet: Packet) {
        let sender = socket(packet.from)
        defer {
            if packet.flags.contains(.reset), let sender, sender.stage == .gone { remove(sender) }
        }
        if let sender, sender.isSilenced || sender.way.cuts > 0 {
            return recordLoss(of: packet, from: sender)
        }
        if let receiver = socket(packet.to) {
            return receiver.receive(packet)
        }
        // No socket: answer by a reset.
        guard !packet.flags.contains(.reset), let sender, sender.failure == 0, sender.stage != .gone else { return }
        // Not for a mere acknowledgement, the last packet of a connection that both sides have ended: a kernel
        // remembers the connection for that long (TIME_WAIT).
        guard packet.count > 0 || !packet.flags.isEmpty else { return }
        guard !isLost(over: sender.back) else { return }
        schedule(
            .packet(Packet(from: packet.to, to: packet.from, flags: .reset)), after: delay(over: sender.back))
    }

    /// Sends a packet of a connect, unless it is lost.
    func carry(_ event: NetworkEvent, over link: Link) {
        if !isLost(over: link) { schedule(event, after: delay(over: link)) }
    }

    // MARK: Connects

    private func connectArrived(_ id: Int32) {
        guard let connect = connect(id), let way = connect.way, let back = connect.back, way.cuts == 0 else {
            return
        }
        if connect.server >= 0 {
            if let socket = socket(connect.server), socket.stage == .opening { answerConnect(of: socket) }
            return
        }
        guard let host = host(way.to) else { return }
        let isRefused = faults.draw(.refusedConnects) { $0.oneIn(8) ? true : nil } ?? false
        guard !isRefused, let listener = choose(listeners(of: host) { $0.listens(at: connect.target) }) else {
            record(.refuses, toward: connect)
            return carry(.refusal(connect: id), over: back)
        }
        // A listener with a full backlog does not answer, and the client retries.
        guard listener.hasRoom else { return }
        let socket = makeSocket { made in
            SimulatedSocket(
                id: made, network: self, host: host, local: connect.target, remote: connect.local, way: back,
                back: way, isServer: true, options: listener.options)
        }
        socket.connect = id
        socket.listener = listener.id
        connect.server = socket.id
        listener.answered()
        answerConnect(of: socket)
        socket.armRetry()
    }

    /// Chooses among listeners that share a port: at random, one bound to the address itself before a wildcard one.
    private func choose(_ listeners: [SimulatedListener]) -> SimulatedListener? {
        let exact = listeners.filter { !$0.address.isWildcard }
        let fitting = exact.isEmpty ? listeners : exact
        return fitting.count > 1 ? fitting[random.integer(in: 0...fitting.count - 1)] : fitting.first
    }

    func answerConnect(of socket: SimulatedSocket) {
        carry(.answer(connect: socket.connect, from: socket.id), over: socket.way)
    }

    private func answerArrived(_ id: Int32, from server: Int32) {
        guard let connect = connect(id), let way = connect.way, let back = connect.back, back.cuts == 0 else {
            return
        }
        if connect.client >= 0 {
            if let client = socket(connect.client) { client.transmit([], sequence: client.next) }
            return
        }
        guard connect.isOpen, let peer = socket(server) else {
            socket(server)?.fail(Code.reset)
            return
        }
        let client = makeSocket { made in
            SimulatedSocket(
                id: made, network: self, host: connect.host, local: connect.local, remote: connect.target,
                way: way, back: back, isServer: false, options: connect.options)
        }
        client.peer = server
        client.window = peer.initialWindow
        peer.peer = client.id
        connect.client = client.id
        if way.from == way.to {
            // Within a host a connect returns when the other end is in the backlog.
            peer.receive(Packet(from: client.id, to: server, acknowledged: 1, window: client.initialWindow))
        } else {
            client.transmit([], sequence: client.next)
        }
        connect.end(.success(client.id))
    }
}
