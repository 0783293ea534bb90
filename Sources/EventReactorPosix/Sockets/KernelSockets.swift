import EventReactorCore
import Glibc

/// The kernel's sockets that have no connection.
struct KernelSockets: SocketDescriptors {
    package init() {}

    package func adopt(
        _ descriptor: Int32, options: StreamOptions
    ) throws(AdoptError) -> (descriptor: Int32, peer: SocketAddress) {
        try AdoptedSocket.connection(descriptor, options: options)
    }

    package func identity(of descriptor: Int32) -> SocketIdentity? { AdoptedSocket.identity(of: descriptor) }

    package func close(_ descriptor: Int32, reset: Bool, endsForAll: Bool) {
        if !reset && !endsForAll {
            _ = Glibc.close(descriptor)
        } else {
            StreamSocket.close(descriptor, reset: reset, endsForAll: endsForAll)
        }
    }
}
