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
/// It belongs to the thread that uses it and is not `Sendable`; ``remote`` is for the others. What it can do is
/// documented at ``ReactorBase``.
public final class Reactor: ReactorBase {
    /// Settings of a reactor.
    public typealias Configuration = ReactorConfiguration

    private let libevent: LibeventEngine

    /// Creates a reactor that does not run yet.
    ///
    /// - Throws: ``ReactorError/system(_:)`` where a descriptor or memory cannot be had; it needs six descriptors.
    public init(configuration: Configuration = Configuration()) throws(ReactorError) {
        libevent = try LibeventEngine()
        super.init(engine: libevent, configuration: configuration)
        libevent.serve(self)
    }

    /// A reactor of a group.
    init(configuration: Configuration, membership: GroupMembership) throws(ReactorError) {
        libevent = try LibeventEngine(membership: membership)
        super.init(engine: libevent, configuration: configuration)
        libevent.serve(self)
        load = membership.load
    }

    /// Which reactor of a ``ReactorGroup`` it is, counted from 0; nil where it is in none.
    public var placeInGroup: Int? { libevent.membership?.place }

    var membership: GroupMembership? { libevent.membership }

    /// The handle for other threads.
    public var remote: ReactorRemote { ReactorRemote(queue) }

    private func streams(_ buffering: Buffering) -> any StreamEngine {
        buffering.isBufferevent
            ? BuffereventStreamEngine(engine: libevent, rateLimit: buffering.rateLimit) : libevent.direct
    }

    /// Listens for TCP connections, with a choice of how they move their bytes.
    ///
    /// The other parameters are those of `listenTCP(port:host:backlog:options:_:)`.
    @discardableResult
    public func listenTCP(
        port: Int, host: String = "", backlog: Int = 4096, buffering: Buffering,
        options: ListenOptions = ListenOptions(), _ makeProtocol: @escaping () -> Protocol?
    ) throws(ListenError) -> ListeningPort {
        try listenTCP(
            port: port, host: host, backlog: backlog, options: options, factory: ClosureFactory(makeProtocol),
            streams: streams(buffering))
    }

    /// Listens for TCP connections at a host whose name is resolved off the reactor's thread, with a choice of how they
    /// move their bytes.
    ///
    /// The other parameters are those of `listenTCP(port:host:backlog:options:_:then:)`.
    @discardableResult
    public func listenTCP(
        port: Int, host: String, backlog: Int = 4096, buffering: Buffering, options: ListenOptions = ListenOptions(),
        _ makeProtocol: @escaping () -> Protocol?,
        then completion: @escaping (Result<ListeningPort, ListenError>) -> Void
    ) -> PendingListener {
        listenTCP(
            port: port, host: host, backlog: backlog, options: options, factory: ClosureFactory(makeProtocol),
            streams: streams(buffering), then: completion)
    }

    /// Listens at a UNIX socket, with a choice of how its connections move their bytes.
    ///
    /// The other parameters are those of `listenUNIX(path:mode:backlog:options:_:)`.
    @discardableResult
    public func listenUNIX(
        path: String, mode: UInt16? = nil, backlog: Int = 4096, buffering: Buffering,
        options: ListenOptions = ListenOptions(), _ makeProtocol: @escaping () -> Protocol?
    ) throws(ListenError) -> ListeningPort {
        try listenUNIX(
            path: path, mode: mode, backlog: backlog, options: options, factory: ClosureFactory(makeProtocol),
            streams: streams(buffering))
    }

    /// Listens at a socket that listens already, with a choice of how its connections move their bytes.
    ///
    /// The rest is as of `adoptStreamPort(_:options:_:)`.
    @discardableResult
    public func adoptStreamPort(
        _ descriptor: Int32, buffering: Buffering, options: ListenOptions = ListenOptions(),
        _ makeProtocol: @escaping () -> Protocol?
    ) throws(AdoptError) -> ListeningPort {
        try adoptStreamPort(
            [descriptor], options: options, factory: ClosureFactory(makeProtocol), streams: streams(buffering))
    }

    /// Makes a connection of a stream socket that is connected already, with a choice of how it moves its bytes.
    ///
    /// The rest is as of `adoptStreamConnection(_:options:protocol:)`.
    public func adoptStreamConnection(
        _ descriptor: Int32, buffering: Buffering, options: StreamOptions = StreamOptions(), protocol: Protocol
    ) throws(AdoptError) {
        try adoptStreamConnection(
            descriptor, options: options, protocol: `protocol`, streams: streams(buffering))
    }

    /// Connects to a TCP server, with a choice of how the connection moves its bytes.
    ///
    /// The other parameters are those of `connectTCP(host:port:timeout:bindAddress:options:_:onFailure:)`.
    @discardableResult
    public func connectTCP(
        host: String, port: Int, timeout: Duration? = .seconds(30), bindAddress: SocketAddress? = nil,
        buffering: Buffering, options: StreamOptions = StreamOptions(), _ makeProtocol: @escaping () -> Protocol?,
        onFailure: ((ConnectError) -> Void)? = nil
    ) throws(AddressError) -> Connector {
        try connectTCP(
            host: host, port: port, timeout: timeout, bindAddress: bindAddress, options: options,
            factory: ClosureFactory(makeProtocol), onFailure: onFailure, streams: streams(buffering))
    }

    /// Connects to a UNIX socket, with a choice of how the connection moves its bytes.
    ///
    /// The other parameters are those of `connectUNIX(path:timeout:options:_:onFailure:)`.
    @discardableResult
    public func connectUNIX(
        path: String, timeout: Duration? = .seconds(30), buffering: Buffering,
        options: StreamOptions = StreamOptions(), _ makeProtocol: @escaping () -> Protocol?,
        onFailure: ((ConnectError) -> Void)? = nil
    ) throws(AddressError) -> Connector {
        try connectUNIX(
            path: path, timeout: timeout, options: options, factory: ClosureFactory(makeProtocol),
            onFailure: onFailure, streams: streams(buffering))
    }
}

/// The handle to a ``Reactor`` that other threads may hold.
public typealias ReactorRemote = RemoteHandle<Reactor>
