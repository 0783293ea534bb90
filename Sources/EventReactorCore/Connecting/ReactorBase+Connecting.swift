#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

extension ReactorBase {
    /// Connects to an endpoint, with a protocol made by a factory.
    ///
    /// ```swift
    /// try reactor.connect(.tcp(host: "example.com", port: 80), factory: ClientFactory())
    /// ```
    ///
    /// - Parameters:
    ///   - endpoint: where to connect to.
    ///   - options: settings of the connection.
    ///   - factory: makes the protocol once, on the reactor's thread, when the connection is established; if it makes
    ///     none, the connection is closed.
    ///   - onFailure: called once, on the reactor's thread, in place of the factory if the connect fails, never before
    ///     this call has returned. Without it the failure is reported to ``ReactorBase/onDiagnostic``.
    /// - Returns: a handle that cancels the connect; the reactor keeps it.
    /// - Throws: ``AddressError`` if port, host or path can be none; nothing is called then.
    @discardableResult
    public func connect(
        _ endpoint: ClientEndpoint, options: StreamOptions = StreamOptions(), factory: Factory,
        onFailure: ((ConnectError) -> Void)? = nil
    ) throws(AddressError) -> Connector {
        try connect(endpoint, options: options, factory: factory, observer: nil, onFailure: onFailure)
    }

    /// Connects as the public function does, with an observer of the connection.
    package func connect(
        _ endpoint: ClientEndpoint, options: StreamOptions, factory: Factory, observer: (any ConnectionObserver)?,
        onFailure: ((ConnectError) -> Void)?
    ) throws(AddressError) -> Connector {
        let target = try endpoint.checkedTarget()
        let connector = Connector(
            to: endpoint, options: options, factory: factory, onFailure: onFailure, observer: observer, reactor: self)
        guard !isClosed else { return connector.ended() }
        connectors.add(connector, as: connector.id)
        connector.start(target)
        return connector
    }

    /// A protocol was to serve a second connection: reports that.
    ///
    /// - Returns: the error of the second connection.
    func reportReusedProtocol(peer: SocketAddress) -> SystemError {
        report(.protocolReused(peer: peer))
        return SystemError(code: EISCONN, operation: "serving two connections by one protocol", address: peer)
    }
}
