package import EventReactorCore
import Glibc

/// A stream engine over a poller that reports readiness: everything but how the poller is asked.
///
/// A further poller (kqueue, for one) brings `setInterest`, calls `receiveOrPark` or the connection's `receiveFreely` when a
/// descriptor is readable and `hasRoom` of the connection when it is writable.
package protocol ReadinessStreamEngine: SocketStreamEngine {
    var pipePool: PipePool { get }

    /// The call that `setInterest` makes, for errors.
    var interestCall: String { get }

    /// Has the poller report of a connection what is asked for, and nothing else.
    ///
    /// - Returns: 0, or the errno with which the kernel refused.
    func setInterest(_ interest: SocketInterest, for connection: StreamConnection) -> Int32
}

extension ReadinessStreamEngine {
    package var pipes: (any RelayPipeSource)? { pipePool }

    package func sendFile(_ connection: StreamConnection, _ file: Int32, offset: Int, count: Int) -> FileStep {
        StreamSocket.sendFile(connection.descriptor, file, offset: offset, count: count)
    }

    package func interestChanged(_ connection: StreamConnection) {
        guard !connection.state.contains(.lost) else { return }
        let code = setInterest(SocketInterest(of: connection), for: connection)
        if code != 0 { connection.interestFailed(code, interestCall) }
    }

    /// Handles readiness of a connection whose reading is limited by a rate, or not wanted now.
    @inline(never)
    package func receiveOrPark(_ connection: StreamConnection) {
        let buffer = unsafe connection.receiveBuffer
        let most = connection.readAllowance(of: buffer.count)
        if most > 0 {
            let count = unsafe StreamSocket.receive(connection.descriptor, buffer.baseAddress, most)
            return unsafe connection.receivedUnusually(
                count, in: UnsafeMutableRawBufferPointer(rebasing: buffer[..<most]))
        }
        if connection.takesBySplice { return connection.readable() }
        park(connection)
    }

    /// Something has arrived that is not wanted now: from here on interest is in a reset alone, or this was one.
    private func park(_ connection: StreamConnection) {
        guard !connection.state.contains(.lost) else { return }
        let code = StreamSocket.pendingError(connection.descriptor)
        if code != 0 { return connection.broke(code) }
        connection.state.insert(.parked)
        interestChanged(connection)
    }
}
