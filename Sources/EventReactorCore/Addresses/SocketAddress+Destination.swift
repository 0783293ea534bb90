extension SocketAddress {
    /// The address that a connect to this one reaches, in the form in which the peer names itself.
    ///
    /// A connect to the wildcard address reaches this machine by its loopback address; an IPv4 address mapped into IPv6
    /// is reached by IPv4; and only an address of one link has a scope. With anything else the two ends of a connection
    /// would disagree about where it leads, and one of a socket to itself would not be recognised.
    package var effectiveDestination: SocketAddress {
        switch storage {
        case .ipv4(let bits, let port):
            return bits == 0 ? SocketAddress(ipv4Bits: 0x7F00_0001, port: port) : self
        case .ipv6(let high, let low, let scope, let port):
            if let mapped = IPText.mappedIPv4(high, low) {
                return SocketAddress(ipv4Bits: mapped, port: port).effectiveDestination
            }
            if high == 0 && low == 0 { return SocketAddress(ipv6High: 0, low: 1, scope: 0, port: port) }
            let isOfOneLink = high >> 54 == 0x3FA || high >> 56 == 0xFF
            return isOfOneLink || scope == 0 ? self : SocketAddress(ipv6High: high, low: low, scope: 0, port: port)
        case .unix:
            return self
        }
    }
}
