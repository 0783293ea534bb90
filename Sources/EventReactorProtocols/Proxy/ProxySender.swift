import EventReactorCore

/// The PROXY protocol of a connector: sends a header before anything else.
final class ProxySenderLayer: ClientLayer {
    private let header: ProxyHeader
    private let hasChecksum: Bool

    init(_ header: ProxyHeader, checksum: Bool) {
        self.header = header
        hasChecksum = checksum
    }

    func makeLayer(
        to endpoint: ClientEndpoint, ready: @escaping () -> Protocol?, failed: @escaping (ConnectError) -> Void
    ) -> Protocol {
        do throws(ProxyError) {
            return ProxySender(try header.bytes(checksum: hasChecksum), ready)
        } catch {
            return ProxySender(nil) {
                failed(.handshakeFailed(error, with: endpoint.description))
                return nil
            }
        }
    }
}

/// Writes a header, and hands the connection over to the protocol of the program.
private final class ProxySender: Protocol {
    /// Nil for one that cannot be sent.
    private let header: [UInt8]?
    private let ready: () -> Protocol?

    init(_ header: [UInt8]?, _ ready: @escaping () -> Protocol?) {
        self.header = header
        self.ready = ready
    }

    override func connectionMade() {
        if let header { transport.write(header) }
        if let next = ready() { switchProtocol(to: next) } else { transport.loseConnection() }
    }
}
