/// The transport of a protocol that was never connected.
final class ClosedTransport: Transport, Sendable {
    static let shared = ClosedTransport()

    func write(_ data: Span<UInt8>) {}
    func write(_ data: [UInt8]) {}
    func write(_ text: String) {}
    func write(contentsOf pieces: some Sequence<[UInt8]>) {}
    func sendFile(
        _ file: ReadableFile, offset: Int, length: Int?, progress: ((Int) -> Void)?,
        completion: ((Result<Int, FileError>) -> Void)?
    ) throws(FileError) {
        throw .closed(peer: peerAddress)
    }
    func relay(
        to other: any Transport, completion: ((Int, RelayEnding) -> Void)?
    ) throws(RelayError) -> StreamRelay {
        throw .sourceClosed(peer: peerAddress)
    }
    func loseConnection() {}
    func loseConnection(within deadline: Duration) {}
    func abortConnection() {}
    func loseWriteConnection() {}
    func pauseReading() {}
    func resumeReading() {}
    var isClosing: Bool { true }
    var bufferedByteCount: Int { 0 }
    func setWriteBufferLimits(high: Int, low: Int) {}
    var writeBufferLimit: Int? {
        get { nil }
        set {}
    }
    func setTimeouts(_ timeouts: StreamTimeouts) {}
    var expiredTimeout: StreamTimeout? { nil }
    var localAddress: SocketAddress { .unnamedUnix }
    var peerAddress: SocketAddress { .unnamedUnix }
    func setNoDelay(_ enabled: Bool) -> Bool { false }
    func setKeepAlive(idle: Duration, interval: Duration, count: Int) -> Bool { false }
}
