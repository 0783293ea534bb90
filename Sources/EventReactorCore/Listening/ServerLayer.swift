/// A layer that an endpoint adds between its accepted connections and their protocols, such as TLS.
package protocol ServerLayer: AnyObject, Sendable {
    /// A factory whose protocols are layers, which carry the protocols of the given one.
    func wrap(_ factory: Factory) -> Factory
}

extension ServerEndpoint {
    /// The factory of the connections: makes the layers around the protocols of the given one.
    func layered(_ factory: Factory) -> Factory { layers.reversed().reduce(factory) { $1.wrap($0) } }
}

extension ServerEndpoint: Hashable {
    /// Whether two endpoints are the same, with the same layers.
    public static func == (left: ServerEndpoint, right: ServerEndpoint) -> Bool {
        left.kind == right.kind && left.backlog == right.backlog
            && left.layers.elementsEqual(right.layers) { $0 === $1 }
    }

    /// Hashes what is compared.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(kind)
        hasher.combine(backlog)
        for layer in layers { hasher.combine(ObjectIdentifier(layer)) }
    }
}
