public import EventReactorCore
import EventReactorPosix

/// A reactor on libevent: one `event_base`, one thread, and the connections of its listeners and connectors.
///
/// ```swift
/// let reactor = try Reactor()
/// try reactor.listenTCP(port: 8007) { Echo() }
/// try reactor.run()
/// ```
///
/// It belongs to the thread that uses it and is not `Sendable`; ``remote`` is for other threads. Its members are
/// documented at ``ReactorBase``.
public final class Reactor: ReactorBase {
    /// Settings of a reactor.
    public typealias Configuration = ReactorConfiguration

    private let libevent: LibeventEngine

    /// Creates a reactor that does not run yet.
    ///
    /// - Parameter configuration: settings of the reactor.
    /// - Throws: ``ReactorError/system(_:)`` if descriptors or memory are exhausted; it needs six descriptors.
    public init(configuration: Configuration = Configuration()) throws(ReactorError) {
        libevent = try LibeventEngine()
        super.init(engine: libevent, configuration: configuration)
        try libevent.serve(self)
    }

    /// Creates a reactor of a group.
    init(configuration: Configuration, membership: GroupMembership) throws(ReactorError) {
        libevent = try LibeventEngine(membership: membership)
        super.init(engine: libevent, configuration: configuration)
        try libevent.serve(self)
        load = membership.load
    }

    /// Index of the reactor in its ``ReactorGroup``; `nil` if it is in none.
    public var placeInGroup: Int? { libevent.membership?.index }

    var membership: GroupMembership? { libevent.membership }

    /// The handle for other threads, which may be kept and used on any of them.
    public var remote: ReactorRemote { ReactorRemote(queue) }
}

/// The handle to a ``Reactor`` for other threads.
public typealias ReactorRemote = RemoteHandle<Reactor>
