/// Addresses that a connection has in place of those of its socket, which is connected to a proxy.
package final class ReplacedAddresses {
    package let peer: SocketAddress
    package let local: SocketAddress
    /// Object of the module that replaced them, with all that it knows.
    package let origin: AnyObject

    package init(peer: SocketAddress, local: SocketAddress, origin: AnyObject) {
        self.peer = peer
        self.local = local
        self.origin = origin
    }
}

/// Addresses: those of the socket, unless a proxy has sent others. Limits count the socket's.
extension StreamConnection {
    package var peerAddress: SocketAddress { extras?.replacedAddresses?.peer ?? peer }

    package var localAddress: SocketAddress {
        if let replaced = extras?.replacedAddresses { return replaced.local }
        return state.contains(.lost) ? extras?.local ?? .unnamedUnix : engine.localAddress(self)
    }

    /// The addresses in place of those of the socket, from ``replaceAddresses(by:)`` on, and after the loss.
    package var replacedAddresses: ReplacedAddresses? { extras?.replacedAddresses }

    /// Has other addresses than those of the socket from now on.
    package func replaceAddresses(by addresses: ReplacedAddresses) {
        guard !state.contains(.lost) else { return }
        makeExtras().replacedAddresses = addresses
    }
}
