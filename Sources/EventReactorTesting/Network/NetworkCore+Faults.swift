extension NetworkCore {
    /// Schedules the faults of a new connection.
    func plan(for socket: SimulatedSocket) {
        func soon(_ random: inout SeededRandom) -> Int64 { Int64(random.magnitude(in: 1000...8_000_000_000)) }
        if let time = faults.draw(.resets, { $0.oneIn(4) ? soon(&$0) : nil }) {
            schedule(.intrusion(socket.id), after: time)
        }
        if let time = faults.draw(.silentLosses, { $0.oneIn(4) ? soon(&$0) : nil }) {
            schedule(.silence(socket.id), after: time)
        }
        let partition = faults.draw(.partitions) { random in
            guard random.oneIn(3) else { return nil as (start: Int64, length: Int64)? }
            return (soon(&random), Int64(random.magnitude(in: 1_000_000...200_000_000_000)))
        }
        if let partition {
            schedule(.cut(socket.way.from, socket.way.to), after: partition.start)
            schedule(.heal(socket.way.from, socket.way.to), after: partition.start + partition.length)
        }
    }

    /// Resets both ends of a connection, as a middlebox does.
    func resetOnTheWay(_ socket: SimulatedSocket) {
        guard socket.failure == 0, socket.stage == .open else { return }
        record(.meddles, socket)
        socket.fail(Code.reset)
        self.socket(socket.peer)?.fail(Code.reset)
    }

    /// Drops all further packets of a connection, without a reset.
    func silence(_ socket: SimulatedSocket) {
        guard socket.failure == 0, socket.stage == .open, !socket.isSilenced else { return }
        record(.silences, socket)
        socket.isSilenced = true
        self.socket(socket.peer)?.isSilenced = true
    }

    func cut(_ one: Int, _ other: Int) {
        change(.cuts, one, other, by: 1)
    }

    func heal(_ one: Int, _ other: Int) {
        guard link(from: one, to: other).cuts > 0 else { return }
        change(.heals, one, other, by: -1)
    }

    private func change(_ event: TraceEntry.Event, _ one: Int, _ other: Int, by count: Int) {
        trace.add(
            TraceEntry(
                time: now, event: event, from: TraceEndpoint(host: one, port: 0),
                to: TraceEndpoint(host: other, port: 0)))
        link(from: one, to: other).cuts += count
        if one != other { link(from: other, to: one).cuts += count }
    }

    // MARK: The sockets between two hosts

    func connections(between one: Int, _ other: Int) -> [SimulatedSocket] {
        sockets { $0.way.from == one && $0.way.to == other || $0.way.from == other && $0.way.to == one }
    }

    // MARK: Recording

    func traceEndpoint(_ address: SocketAddress, host: Int) -> TraceEndpoint {
        TraceEndpoint(host: host, port: address.port ?? -1)
    }

    func record(_ event: TraceEntry.Event, _ socket: SimulatedSocket, _ count: Int = 0) {
        trace.add(
            TraceEntry(time: now, event: event, from: socket.traceEndpoint, to: socket.peerTraceEndpoint, count: count))
    }

    func record(_ event: TraceEntry.Event, toward socket: SimulatedSocket, _ count: Int = 0) {
        trace.add(
            TraceEntry(time: now, event: event, from: socket.peerTraceEndpoint, to: socket.traceEndpoint, count: count))
    }

    func record(_ event: TraceEntry.Event, at endpoint: TraceEndpoint, count: Int) {
        trace.add(TraceEntry(time: now, event: event, from: endpoint, count: count))
    }

    func record(_ event: TraceEntry.Event, from connect: SimulatedConnect) {
        trace.add(TraceEntry(time: now, event: event, from: here(connect), to: there(connect)))
    }

    func record(_ event: TraceEntry.Event, toward connect: SimulatedConnect) {
        trace.add(TraceEntry(time: now, event: event, from: there(connect), to: here(connect)))
    }

    private func here(_ connect: SimulatedConnect) -> TraceEndpoint {
        traceEndpoint(connect.local, host: connect.way?.from ?? connect.host.index)
    }

    private func there(_ connect: SimulatedConnect) -> TraceEndpoint {
        traceEndpoint(connect.target, host: connect.way?.to ?? -1)
    }
}
