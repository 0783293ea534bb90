/// The transport of a protocol that was never connected.
package final class ClosedTransport: Transport, Sendable {
    package static let shared = ClosedTransport()

    package func write(_ data: Span<UInt8>) {}
    package func write(_ data: [UInt8]) {}
    package func write(_ text: String) {}
    package func write(contentsOf pieces: some Sequence<[UInt8]>) {}
    package func sendFile(
        _ file: ReadableFile, offset: Int, length: Int?, progress: ((Int) -> Void)?,
        completion: ((Result<Int, FileError>) -> Void)?
    ) throws(FileError) {
        throw .closed(peer: peerAddress)
    }
    package func relay(
        to other: any Transport, completion: ((Int, RelayEnding) -> Void)?
    ) throws(RelayError) -> StreamRelay {
        throw .sourceClosed(peer: peerAddress)
    }
    package func loseConnection() {}
    package func loseConnection(within deadline: Duration) {}
    package func abortConnection() {}
    package func loseWriteConnection() {}
    package func pauseReading() {}
    package func resumeReading() {}
    package var isClosing: Bool { true }
    package var bufferedByteCount: Int { 0 }
    package func setWriteBufferLimits(high: Int, low: Int) {}
    package var writeBufferLimit: Int? {
        get { nil }
        set {}
    }
    package func setTimeouts(_ timeouts: StreamTimeouts) {}
    package var expiredTimeout: StreamTimeout? { nil }
    package var localAddress: SocketAddress { .unnamedUnix }
    package var peerAddress: SocketAddress { .unnamedUnix }
    package func setNoDelay(_ enabled: Bool) -> Bool { false }
    package func setKeepAlive(idle: Duration, interval: Duration, count: Int) -> Bool { false }
}
