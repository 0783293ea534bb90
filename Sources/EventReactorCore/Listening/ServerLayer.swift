/// A layer that an endpoint adds between its accepted connections and their protocols, such as TLS.
package protocol ServerLayer: AnyObject, Sendable {
    /// A factory whose protocols are layers, which carry the protocols of the given one.
    func wrap(_ factory: Factory) -> Factory
}

extension ServerEndpoint: Hashable {
    /// Whether two endpoints are the same, with the same layer.
    public static func == (left: ServerEndpoint, right: ServerEndpoint) -> Bool {
        left.kind == right.kind && left.backlog == right.backlog && left.layer === right.layer
    }

    /// Hashes what is compared.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(kind)
        hasher.combine(backlog)
        hasher.combine(layer.map { ObjectIdentifier($0) })
    }
}
