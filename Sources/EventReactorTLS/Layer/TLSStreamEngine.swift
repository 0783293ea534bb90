import EventReactorCore

/// The engine of connections above TLS: what they send is encrypted, and written to the connection below.
///
/// Their sockets are those of the connections below, so whatever concerns those is asked of them.
final class TLSStreamEngine: StreamEngine {
    func open(_ connection: StreamConnection) {}

    func send(_ connection: StreamConnection, _ bytes: UnsafeRawBufferPointer) -> Int {
        guard let layer = layer(of: connection) else { return bytes.count }
        return unsafe layer.send(bytes)
    }

    func send(_ connection: StreamConnection, pieces: UnsafeBufferPointer<UnsafeRawBufferPointer>) -> Int {
        guard let layer = layer(of: connection) else { return 0 }
        return unsafe layer.send(pieces: pieces)
    }

    func interestChanged(_ connection: StreamConnection) {
        layer(of: connection)?.interestChanged()
    }

    func shutdownWrite(_ connection: StreamConnection) {
        layer(of: connection)?.sendCloseNotify()
    }

    // What has arrived is delivered as it arrives.
    func deliverArrived(_ connection: StreamConnection) {}

    // The connection below sees to it that nothing is lost.
    func drainInput(of connection: StreamConnection) -> InputDrain { .delivered }

    func close(_ connection: StreamConnection, reset: Bool) {
        unsafe connection.handle = nil
    }

    func localAddress(_ connection: StreamConnection) -> SocketAddress {
        connection.below?.localAddress ?? .unnamedUnix
    }

    func set(_ option: SocketOption, of connection: StreamConnection) -> Bool {
        guard let below = connection.below else { return false }
        return below.engine.set(option, of: below)
    }

    private func layer(of connection: StreamConnection) -> TLSLayer? {
        connection.below?.servedProtocol.map { unsafe unsafeDowncast($0, to: TLSLayer.self) }
    }
}
