import EventReactorCore

/// The first protocol of a connection: reads the header, has the connection take its addresses, and hands it over to the
/// protocol that is made then.
final class ProxyReader: Protocol, BufferingProtocol {
    private let layer: ProxyLayer
    /// Makes the protocol for a peer; nil once it has been made, or will not be.
    private var make: ((SocketAddress) -> Protocol?)?
    private var parser: ProxyHeaderParser
    private var treatment = ProxySettings.Treatment.readHeader
    private var timeout: ArmedTimeout?
    /// Whether a listener accepted the connection, whose refusals are counted.
    private let isAccepted: Bool

    init(_ layer: ProxyLayer, isAccepted: Bool, make: @escaping (SocketAddress) -> Protocol?) {
        self.layer = layer
        self.isAccepted = isAccepted
        self.make = make
        parser = ProxyHeaderParser(maximumLength: layer.settings.maximumLength)
    }

    override func connectionMade() throws {
        guard let connection = StreamConnection.of(transport) else { throw ProxyError.unsupportedTransport }
        treatment = layer.settings.treatment(of: connection.peerAddress)
        switch treatment {
        case .refuse:
            make = nil
            if isAccepted { connection.countRefusal(.declined) }
            connection.abortConnection()
        case .serve: begin(nil, Span())
        case .readHeader, .readOptionalHeader, .watchForHeader:
            // Cancelled when the header is complete or the connection is lost, which releases the closure.
            timeout = SharedTimeouts.of(layer.settings.deadline, on: connection.reactor).arm { [self] in
                deadlineIsOver()
            }
        }
    }

    override func dataReceived(_ data: Span<UInt8>) throws {
        guard make != nil else { return }
        let step: ProxyHeaderParser.Step
        do throws(ProxyError) {
            step = try parser.read(data)
        } catch {
            throw treatment == .watchForHeader ? ProxyError.notTrusted : error
        }
        if treatment == .watchForHeader {
            if case .header = step { throw ProxyError.notTrusted }
            if parser.isInHeader { throw ProxyError.notTrusted }
        }
        switch step {
        case .needsMore: return
        case .noHeader:
            guard treatment != .readHeader else { throw ProxyError.missing }
            begin(nil, data)
        case .header(let header, let consumed): begin(header, data.extracting(droppingFirst: consumed))
        }
    }

    override func readConnectionLost() {
        guard make != nil else { return }
        // A check that the port is open, for example.
        if parser.pending.isEmpty { return transport.loseConnection() }
        if isHeaderDue { return refuse(.closedInHeader(byteCount: parser.pending.count)) }
        begin(nil, Span())
        StreamConnection.of(transport)?.passEndOn()
    }

    override func connectionLost(_ reason: ConnectionLostReason) {
        timeout?.cancel()
        timeout = nil
        make = nil
        guard case .failed(let error as ProxyError) = reason, let connection = StreamConnection.of(transport) else {
            return
        }
        if isAccepted { connection.countRefusal(.badProxyHeader) }
        ProxyRuntime.of(connection.reactor).refused(error, from: connection.peerAddress, on: connection.reactor)
    }

    /// Gives away the bytes that looked like the beginning of a header and were none.
    var unconsumedByteCount: Int { parser.pending.count }

    func takeUnconsumed() -> [UInt8] { parser.pending }

    /// Whether the connection cannot go on without the rest of a header.
    private var isHeaderDue: Bool { treatment == .readHeader || parser.isInHeader }

    private func deadlineIsOver() {
        guard make != nil else { return }
        if isHeaderDue { return refuse(.timedOut(after: layer.settings.deadline)) }
        begin(nil, Span())
    }

    private func refuse(_ error: ProxyError) {
        make = nil
        StreamConnection.of(transport)?.failUnlessEnding(error)
    }

    /// Makes the protocol, and hands the connection over to it.
    private func begin(_ header: ProxyHeader?, _ rest: Span<UInt8>) {
        guard let make = self.make.take(), let connection = StreamConnection.of(transport) else { return }
        timeout?.cancel()
        timeout = nil
        if let header {
            let proxy = ProxyConnection(
                header: header, peerAddress: connection.peerAddress, localAddress: connection.localAddress)
            connection.replaceAddresses(
                by: ReplacedAddresses(
                    peer: header.source ?? proxy.peerAddress, local: header.destination ?? proxy.localAddress,
                    origin: proxy))
        }
        guard let next = make(connection.peerAddress) else {
            if isAccepted { connection.countRefusal(.declined) }
            return connection.loseConnection()
        }
        guard !next.wasConnected else { return connection.refuseReusedProtocol(wasAccepted: isAccepted) }
        switchProtocol(to: next, unconsumed: rest)
    }
}
