extension SimulatedHost: StreamEngine {
    private func socket(of connection: StreamConnection) -> SimulatedSocket? {
        network.socket(connection.descriptor)
    }

    func open(_ connection: StreamConnection) {
        guard let socket = socket(of: connection) else { return }
        socket.connection = connection
        socket.armKeepAlive()
        if !socket.inbox.isEmpty || socket.hasEnd || socket.failure != 0 { socket.markReady() }
    }

    /// Does what is to be done for a socket that is ready: one read, and what there is room to write.
    func serve(_ socket: SimulatedSocket) {
        socket.isReady = false
        guard let connection = socket.connection else { return }
        let hasMore = !socket.inbox.isEmpty || (socket.hasEnd && !socket.hasDeliveredEnd)
        if socket.failure != 0 && (!hasMore || !connection.wantsReading) {
            return connection.broke(socket.failure)
        }
        if connection.state.contains(.wantsRoom) && socket.failure == 0 && socket.hasRoom {
            connection.hasRoom()
            // As a level-triggered poll would: room that is left is for the next turn.
            if connection.state.contains(.wantsRoom) && socket.hasRoom { socket.markReady() }
        }
        guard !connection.state.contains(.lost) else { return }
        if !socket.inbox.isEmpty {
            read(socket, connection)
        } else if socket.hasEnd && !socket.hasDeliveredEnd {
            guard connection.wantsReading else { return park(connection) }
            socket.hasDeliveredEnd = true
            network.record(.deliversEnd, toward: socket)
            connection.receivedEnd()
            if socket.failure != 0 { socket.markReady() }
        }
    }

    private func read(_ socket: SimulatedSocket, _ connection: StreamConnection) {
        let most = connection.readAllowance(of: unsafe min(socket.inbox.count, reactor.receiveBuffer.count))
        guard most > 0 else { return park(connection) }
        let bytes = socket.inbox.take(network.splitSize(of: most, sentBefore: socket.expected))
        network.record(.delivers, toward: socket, bytes.count)
        unsafe bytes.withUnsafeBytes { unsafe network.trace.mix($0) }
        socket.madeRoom()
        connection.received(bytes.span)
        // As a level-triggered poll would: what is left is for the next turn.
        if !socket.inbox.isEmpty || (socket.hasEnd && !socket.hasDeliveredEnd) || socket.failure != 0 {
            socket.markReady()
        }
    }

    /// Bytes came that are not wanted now: resuming asks for them again.
    private func park(_ connection: StreamConnection) {
        connection.state.insert(.parked)
    }

    func interestChanged(_ connection: StreamConnection) {
        guard let socket = socket(of: connection) else { return }
        let mayRead = !connection.state.contains(.parked) && (!socket.inbox.isEmpty || socket.hasEnd)
        if mayRead || socket.failure != 0 || (connection.state.contains(.wantsRoom) && socket.hasRoom) {
            socket.markReady()
        }
    }

    // MARK: Writing

    func send(_ connection: StreamConnection, _ bytes: UnsafeRawBufferPointer) -> Int {
        guard let socket = socket(of: connection) else { return -Int(Code.brokenPipe) }
        return unsafe socket.write(bytes)
    }

    func send(_ connection: StreamConnection, pieces: UnsafeBufferPointer<UnsafeRawBufferPointer>) -> Int {
        guard let socket = socket(of: connection) else { return -Int(Code.brokenPipe) }
        var all = ByteQueue()
        for index in pieces.indices { unsafe all.append(pieces[index]) }
        return unsafe all.withBytes(from: 0, count: all.count) { unsafe socket.write($0) }
    }

    func shutdownWrite(_ connection: StreamConnection) {
        socket(of: connection)?.endWriting()
    }

    // MARK: The end

    func deliverArrived(_ connection: StreamConnection) {
        guard let socket = socket(of: connection) else { return }
        while !socket.inbox.isEmpty, connection.willRead {
            let bytes = unsafe socket.inbox.take(min(socket.inbox.count, reactor.receiveBuffer.count))
            connection.received(bytes.span)
        }
    }

    func drainInput(of connection: StreamConnection) -> InputDrain {
        socket(of: connection)?.dropArrived() == true ? .pending : .delivered
    }

    func close(_ connection: StreamConnection, reset: Bool) {
        socket(of: connection)?.close(reset: reset)
    }

    func localAddress(_ connection: StreamConnection) -> SocketAddress {
        socket(of: connection)?.local ?? .unnamedUnix
    }

    func set(_ option: SocketOption, of connection: StreamConnection) -> Bool {
        guard let socket = socket(of: connection), socket.local.family != .unix else { return false }
        if case .keepAlive(let keepAlive) = option {
            socket.keepAlive = keepAlive
            socket.armKeepAlive()
        }
        return true
    }
}
