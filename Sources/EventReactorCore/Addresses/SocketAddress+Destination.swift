extension SocketAddress {
    /// The address that a connect to this one reaches, in the form in which the peer names its own address.
    ///
    /// A connect to the wildcard address reaches this machine's loopback address, a connect to an IPv4-mapped IPv6
    /// address uses IPv4, and only a link-local or multicast address keeps its scope. Without this the two ends of a
    /// connection would report different addresses, and a socket that connected to itself would not be recognised.
    var effectiveDestination: SocketAddress {
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
