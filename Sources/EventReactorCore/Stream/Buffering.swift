/// Kind of buffering that the connections of a listener or connector use; the contract is the same for each kind.
///
/// Engines add kinds of their own: with the module `EventReactor` there is `.bufferevent`, for its `Reactor` alone. A
/// reactor whose engine does not have a kind uses ``direct`` in its place.
///
/// ```swift
/// try reactor.listen(.tcp(port: 8007), options: ListenOptions(stream: StreamOptions(buffering: .direct))) { Echo() }
/// ```
public struct Buffering: Equatable, Sendable, CustomStringConvertible {
    /// The kind's name, by which its engine recognizes it.
    public let description: String
    /// Limit of each connection that the engine itself enforces.
    package let rateLimit: RateLimit?

    package init(_ name: String, rateLimit: RateLimit? = nil) {
        description = name
        self.rateLimit = rateLimit
    }

    /// Received into a buffer that the reactor's connections share, and sent straight to the kernel: the default.
    public static let direct = Buffering("direct")
}
