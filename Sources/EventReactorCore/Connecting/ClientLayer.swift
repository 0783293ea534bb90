/// A layer that an endpoint adds between its connection and its protocol, such as TLS.
package protocol ClientLayer: AnyObject, Sendable {
    /// A layer for a connection that has been established.
    ///
    /// It calls one of the closures, once.
    ///
    /// - Parameters:
    ///   - endpoint: what the program asked to connect to.
    ///   - ready: called when the layer is established; makes the protocol, which is another layer's if there is one
    ///     above, or nil to close.
    ///   - failed: called if it cannot be established.
    func makeLayer(
        to endpoint: ClientEndpoint, ready: @escaping () -> Protocol?,
        failed: @escaping (ConnectError) -> Void
    ) -> Protocol
}

extension ClientEndpoint: Hashable {
    /// Whether two endpoints are the same, with the same layers.
    public static func == (left: ClientEndpoint, right: ClientEndpoint) -> Bool {
        left.kind == right.kind && left.timeout == right.timeout && left.bindAddress == right.bindAddress
            && left.layers.elementsEqual(right.layers) { $0 === $1 }
    }

    /// Hashes what is compared.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(kind)
        hasher.combine(timeout)
        hasher.combine(bindAddress)
        for layer in layers { hasher.combine(ObjectIdentifier(layer)) }
    }
}
