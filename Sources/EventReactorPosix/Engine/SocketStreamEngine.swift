package import EventReactorCore
import Glibc

/// A stream engine whose connections are sockets: what does not depend on who watches them.
package protocol SocketStreamEngine: StreamEngine {}

extension SocketStreamEngine {
    package func send(_ connection: StreamConnection, _ bytes: UnsafeRawBufferPointer) -> Int {
        unsafe StreamSocket.send(connection.descriptor, bytes)
    }

    package func send(
        _ connection: StreamConnection,
        pieces: UnsafeBufferPointer<UnsafeRawBufferPointer>
    ) -> Int {
        unsafe StreamSocket.send(connection.descriptor, pieces: pieces)
    }

    package func shutdownWrite(_ connection: StreamConnection) {
        StreamSocket.shutdownWrite(connection.descriptor)
    }

    package func sendError(_ connection: StreamConnection) -> Int32 {
        guard connection.peerAddress.family == .unix else { return 0 }
        // Nothing is sent, and a full buffer is no matter.
        return Int32(
            truncatingIfNeeded:
                -(unsafe StreamSocket.send(connection.descriptor, UnsafeRawBufferPointer(start: nil, count: 0))))
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

    package func closingLosesBytes(_ connection: StreamConnection) -> Bool {
        let delivery = unsafe StreamSocket.delivery(
            connection.descriptor, family: connection.peerAddress.family,
            endSent: connection.state.contains(.writeEnded), scratch: connection.receiveBuffer)
        switch delivery {
        case .complete: return false
        case .underWay: return true
        case .failed(let code):
            // The kernel tells of a reset once: whoever watches the descriptor would take it for an orderly end now.
            connection.broke(code)
            return true
        }
    }

    package func localAddress(_ connection: StreamConnection) -> SocketAddress {
        SocketAddress(of: connection.descriptor)
    }

    package func setNoDelay(_ connection: StreamConnection, _ enabled: Bool) -> Bool {
        StreamSocket.setNoDelay(connection.descriptor, enabled)
    }

    package func setKeepAlive(_ connection: StreamConnection, _ keepAlive: StreamOptions.KeepAlive) -> Bool {
        StreamSocket.setKeepAlive(connection.descriptor, keepAlive)
    }
}
