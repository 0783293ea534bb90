import EventReactor
import EventReactorTLS

/// One side of a protocol that begins in the clear and starts TLS by a command; another protocol goes on from there.
final class StartTLS: Protocol {
    private let next: Protocol
    private let isServer: Bool
    private var received: [UInt8] = []
    private var hasStarted = false

    init(_ next: Protocol, isServer: Bool) {
        self.next = next
        self.isServer = isServer
    }

    override func connectionMade() {
        if !isServer { transport.write("STARTTLS\n") }
    }

    override func dataReceived(_ data: Span<UInt8>) throws {
        received.append(contentsOf: data)
        guard received.last == UInt8(ascii: "\n") else { return }
        hasStarted = true
        if isServer {
            transport.write("OK\n")
            try transport.startTLS(TLSContexts.server, continuingAs: next)
        } else {
            try transport.startTLS(TLSContexts.client, continuingAs: next)
        }
    }

    // What ended before TLS began ended for the protocol that waits for it.
    override func connectionLost(_ reason: ConnectionLostReason) {
        if !hasStarted { next.connectionLost(reason) }
    }
}

/// Makes such protocols around those of another factory.
final class StartTLSFactory: Factory {
    private let inner: Factory
    private let isServer: Bool

    init(_ inner: Factory, isServer: Bool) {
        self.inner = inner
        self.isServer = isServer
    }

    override func buildProtocol(for peer: SocketAddress) -> Protocol? {
        inner.buildProtocol(for: peer).map { StartTLS($0, isServer: isServer) }
    }

    override func start() { inner.beginUse() }
    override func stop() { inner.endUse() }
}
