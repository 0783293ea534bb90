import EventReactorCore

/// Streams that move nothing.
final class ScriptedStreams: StreamEngine {
    weak var engine: ScriptedEngine?

    func open(_ connection: StreamConnection) throws(SystemError) {
        if let failure = engine?.openFailure { throw failure }
    }

    func send(_ connection: StreamConnection, _ bytes: UnsafeRawBufferPointer) -> Int { bytes.count }
    func send(_ connection: StreamConnection, pieces: UnsafeBufferPointer<UnsafeRawBufferPointer>) -> Int {
        unsafe pieces.reduce(0) { $0 + $1.count }
    }
    func interestChanged(_ connection: StreamConnection) {}
    func shutdownWrite(_ connection: StreamConnection) {}
    func deliverArrived(_ connection: StreamConnection) {}
    func drainInput(of connection: StreamConnection) -> InputDrain { .delivered }
    func close(_ connection: StreamConnection, reset: Bool) { engine?.note("close \(connection.descriptor)") }
    func localAddress(_ connection: StreamConnection) -> SocketAddress { .unnamedUnix }
    func set(_ option: SocketOption, of connection: StreamConnection) -> Bool { true }
}
