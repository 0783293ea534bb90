package import EventReactorCore
import EventReactorSockets

/// A stream engine whose connections are sockets: what does not depend on who watches them.
package protocol SocketStreams: StreamEngine {}

extension SocketStreams {
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

    package func closingLosesBytes(_ connection: StreamConnection) -> Bool {
        let delivery = unsafe StreamSocket.delivery(
            connection.descriptor, endSent: connection.state.contains(.writeEnded), scratch: connection.receiveBuffer)
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
