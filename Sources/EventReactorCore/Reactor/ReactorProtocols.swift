/// The time of a reactor: its clock, its timers, and its next turn.
///
/// Code that only waits names this, and runs on every reactor, on a simulated one too:
///
/// ```swift
/// func ring<R: ReactorTime>(every pause: Duration, on reactor: R, _ bell: @escaping () -> Void) {
///     reactor.callLater(pause) {
///         bell()
///         ring(every: pause, on: reactor, bell)
///     }
/// }
/// ```
public protocol ReactorTime: AnyObject {
    /// Now, on the reactor's clock.
    var now: ReactorInstant { get }

    /// Calls a closure in the next turn; several run first in, first out.
    func callSoon(_ body: @escaping () -> Void)

    /// Calls a closure once, after a delay, and returns a handle by which the call can be cancelled or moved.
    @discardableResult
    func callLater(_ delay: Duration, _ body: @escaping () -> Void) -> DelayedCall
}

/// A reactor that listens and connects: what code names that sets connections up and cares for no engine.
///
/// ```swift
/// func serveEcho<R: ReactorStreams>(on reactor: R, port: Int) throws -> ListeningPort {
///     try reactor.listenTCP(port: port) { Echo() }
/// }
/// ```
///
/// Connections are no part of it: they are driven by their reactor and reach you through ``Protocol`` and
/// ``Transport``, so that being generic costs nothing for each byte or callback. Every reactor of the library is a
/// ``ReactorBase``, which names the same and the loop's life besides; a type of your own that wraps one, to count or to
/// choose what is connected to, can stand in its place.
///
/// The requirements are the full forms, with a factory. The forms with a closure, and with defaults, come with them.
public protocol ReactorStreams: ReactorTime {
    /// Listens for TCP connections and has a factory make a protocol for each.
    ///
    /// The parameters are those of ``ReactorBase/listenTCP(port:host:backlog:options:_:)``.
    @discardableResult
    func listenTCP(
        port: Int, host: String, backlog: Int, options: ListenOptions, factory: Factory
    ) throws(ListenError) -> ListeningPort

    /// Listens for connections at a UNIX socket and has a factory make a protocol for each.
    ///
    /// The parameters are those of ``ReactorBase/listenUNIX(path:mode:backlog:options:_:)``.
    @discardableResult
    func listenUNIX(
        path: String, mode: UInt16?, backlog: Int, options: ListenOptions, factory: Factory
    ) throws(ListenError) -> ListeningPort

    /// Connects to a TCP server with a protocol made by a factory.
    ///
    /// The parameters are those of ``ReactorBase/connectTCP(host:port:timeout:bindAddress:options:_:onFailure:)``.
    @discardableResult
    func connectTCP(
        host: String, port: Int, timeout: Duration?, bindAddress: SocketAddress?, options: StreamOptions,
        factory: Factory, onFailure: ((ConnectError) -> Void)?
    ) throws(AddressError) -> Connector

    /// Connects to a UNIX socket with a protocol made by a factory.
    ///
    /// The parameters are those of ``ReactorBase/connectUNIX(path:timeout:options:_:onFailure:)``.
    @discardableResult
    func connectUNIX(
        path: String, timeout: Duration?, options: StreamOptions, factory: Factory,
        onFailure: ((ConnectError) -> Void)?
    ) throws(AddressError) -> Connector
}

extension ReactorStreams {
    /// Listens for TCP connections and makes a protocol for each by a closure.
    ///
    /// The parameters are those of ``ReactorBase/listenTCP(port:host:backlog:options:_:)``.
    @discardableResult
    public func listenTCP(
        port: Int, host: String = "", backlog: Int = 4096, options: ListenOptions = ListenOptions(),
        _ makeProtocol: @escaping () -> Protocol?
    ) throws(ListenError) -> ListeningPort {
        try listenTCP(
            port: port, host: host, backlog: backlog, options: options, factory: ClosureFactory(makeProtocol))
    }

    /// Listens for connections at a UNIX socket and makes a protocol for each by a closure.
    ///
    /// The parameters are those of ``ReactorBase/listenUNIX(path:mode:backlog:options:_:)``.
    @discardableResult
    public func listenUNIX(
        path: String, mode: UInt16? = nil, backlog: Int = 4096, options: ListenOptions = ListenOptions(),
        _ makeProtocol: @escaping () -> Protocol?
    ) throws(ListenError) -> ListeningPort {
        try listenUNIX(
            path: path, mode: mode, backlog: backlog, options: options, factory: ClosureFactory(makeProtocol))
    }

    /// Connects to a TCP server with a protocol made by a closure.
    ///
    /// The parameters are those of ``ReactorBase/connectTCP(host:port:timeout:bindAddress:options:_:onFailure:)``.
    @discardableResult
    public func connectTCP(
        host: String, port: Int, timeout: Duration? = .seconds(30), bindAddress: SocketAddress? = nil,
        options: StreamOptions = StreamOptions(), _ makeProtocol: @escaping () -> Protocol?,
        onFailure: ((ConnectError) -> Void)? = nil
    ) throws(AddressError) -> Connector {
        try connectTCP(
            host: host, port: port, timeout: timeout, bindAddress: bindAddress, options: options,
            factory: ClosureFactory(makeProtocol), onFailure: onFailure)
    }

    /// Connects to a UNIX socket with a protocol made by a closure.
    ///
    /// The parameters are those of ``ReactorBase/connectUNIX(path:timeout:options:_:onFailure:)``.
    @discardableResult
    public func connectUNIX(
        path: String, timeout: Duration? = .seconds(30), options: StreamOptions = StreamOptions(),
        _ makeProtocol: @escaping () -> Protocol?, onFailure: ((ConnectError) -> Void)? = nil
    ) throws(AddressError) -> Connector {
        try connectUNIX(
            path: path, timeout: timeout, options: options, factory: ClosureFactory(makeProtocol), onFailure: onFailure)
    }
}

extension ReactorBase: ReactorStreams {}
