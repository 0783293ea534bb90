extension StreamConnection {
    /// Rarely used connection state, allocated on first use.
    final class Extras {
        var failure: (any Error)?
        /// Ends a connection that closes in order if it takes too long.
        var deadline: DelayedCall?
        /// Asks again whether the peer has acknowledged everything.
        var recheck: DelayedCall?
        /// Asks again whether what waits behind a transfer can still be sent.
        var sendCheck: DelayedCall?
        var rateLimit: ConnectionRateLimit?
        /// The relay that arriving bytes are for.
        var relay: StreamRelay?
        /// The limits of the connection above the layer that it carries, until there is one.
        var limitsAbove: LimitsAbove?
        /// Bytes in front of what arrives, while the state says so.
        var unread: [UInt8] = []
        /// The protocol that another has replaced, while it may be in a callback.
        var replaced: Protocol?
        /// Learns of the establishment and of the loss after the protocol.
        var observer: (any ConnectionObserver)?
        /// Addresses in place of those of the socket.
        var replacedAddresses: ReplacedAddresses?
        // The flags together: apart they would take the object to malloc's next size.
        /// The peer's end arrived behind `unread`.
        var endWaits = false
        /// The observer has not been called yet.
        var isObserverDue = false
        /// The timeout that ended the connection.
        var expired: StreamTimeout?
        /// The address of this end, kept from the loss on.
        var local = SocketAddress.unnamedUnix
    }

    /// Limits that count the bytes of the program.
    struct LimitsAbove {
        var rateLimit: RateLimit?
        var group: RateLimitGroup?
        var timeouts: TimeoutPolicy?
    }

    /// Has an observer learn of the establishment and the loss.
    ///
    /// If a layer comes between the connection and its protocol, the observer moves to the connection above.
    func attach(_ observer: (any ConnectionObserver)?) {
        guard let observer else { return }
        let extras = makeExtras()
        extras.observer = observer
        extras.isObserverDue = true
    }

    /// Calls `connectionMade`, then the observer if it has not been called, in one callback.
    func runConnectionMade() {
        run { [self] in
            try $0.connectionMade()
            // Not for a protocol that has handed over to another one meanwhile, as layers do.
            guard let extras, extras.isObserverDue, state.isDisjoint(with: .protocolReplaced) else { return }
            extras.isObserverDue = false
            extras.observer?.connectionEstablished($0)
        }
    }

    func makeExtras() -> Extras {
        if let extras { return extras }
        let made = Extras()
        extras = made
        return made
    }
}
