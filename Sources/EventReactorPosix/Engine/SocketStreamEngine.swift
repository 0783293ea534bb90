package import EventReactorCore
import Glibc

/// A stream engine whose connections are sockets: the part that does not depend on the poller.
package protocol SocketStreamEngine: StreamEngine {}

extension SocketStreamEngine {
    package func send(_ connection: StreamConnection, _ bytes: UnsafeRawBufferPointer) -> Int {
        unsafe StreamSocket.send(connection.descriptor, bytes)
    }

    package func send(
        _ connection: StreamConnection, pieces: UnsafeBufferPointer<UnsafeRawBufferPointer>
    ) -> Int {
        unsafe StreamSocket.send(connection.descriptor, pieces: pieces)
    }

    package func shutdownWrite(_ connection: StreamConnection) {
        StreamSocket.shutdownWrite(connection.descriptor)
    }

    package func deliverArrived(_ connection: StreamConnection) {
        deliverUnread(connection)
    }

    /// Delivers what the kernel has received, up to as much as it had when this began.
    ///
    /// FIONREAD does not count what is behind an urgent byte, so one buffer's worth is looked for in any case.
    package func deliverUnread(_ connection: StreamConnection) {
        let buffer = unsafe connection.receiveBuffer
        var rest = max(buffer.count, StreamSocket.unreadByteCount(connection.descriptor))
        while rest > 0, !connection.state.contains(.lost) {
            if connection.takesBySplice {
                connection.readable()
                let unread = StreamSocket.unreadByteCount(connection.descriptor)
                guard unread > 0 && unread < rest else { return }
                rest = unread
            } else {
                guard connection.willRead else { return }
                let most = min(rest, buffer.count)
                let count = unsafe recv(connection.descriptor, buffer.baseAddress, most, Int32(MSG_DONTWAIT))
                guard count > 0 else { return }
                rest -= count
                unsafe connection.received(
                    UnsafeRawBufferPointer(rebasing: buffer[..<count]).bindMemory(to: UInt8.self).span)
            }
        }
    }

    package func drainInput(of connection: StreamConnection) -> InputDrain {
        unsafe StreamSocket.drainInput(
            connection.descriptor, family: connection.peerAddress.family,
            endSent: connection.state.contains(.writeEnded), scratch: connection.receiveBuffer)
    }

    package func localAddress(_ connection: StreamConnection) -> SocketAddress {
        SocketAddress(of: connection.descriptor)
    }

    package func set(_ option: SocketOption, of connection: StreamConnection) -> Bool {
        switch option {
        case .noDelay(let enabled): StreamSocket.setNoDelay(connection.descriptor, enabled)
        case .keepAlive(let keepAlive): StreamSocket.setKeepAlive(connection.descriptor, keepAlive)
        }
    }

    /// Closes the descriptor of a connection that is unregistered.
    package func closeSocket(of connection: StreamConnection, reset: Bool) {
        StreamSocket.close(connection.descriptor, reset: reset, endsForAll: connection.settings.isAdopted)
    }
}
