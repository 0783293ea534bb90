import EventReactorProtocols
import EventReactorTLS
import EventReactorTesting
import TestSupport
import Testing

@Suite("TLS: started in mid-connection")
struct StartTLSTests {
    private let network = SimulatedNetwork(seed: 1)
    private let serverContext: TLSServerContext
    private let clientContext: TLSClientContext

    init() throws {
        serverContext = try TLSServerContext(Authority.serverSettings())
        clientContext = try TLSClientContext(Authority.clientSettings())
    }

    private func connect(_ server: Recorder, _ client: Recorder) throws {
        try network.host("server").listenTCP(port: 7) { server }
        try network.host("client").connectTCP(host: "server", port: 7) { client }
    }

    /// Bytes written before go in the clear, and bytes written after the start wait for the handshake.
    @Test func theSameProtocolGoesOn() throws {
        let (server, client) = (Recorder(), Recorder())
        server.onData = { [serverContext] server, bytes in
            if server.transport.tls == nil {
                server.transport.write("+OK\n")
                try server.transport.startTLS(serverContext)
                server.transport.write("welcome\n")
            } else {
                server.transport.write(bytes)
            }
        }
        client.onMade = { $0.transport.write("STARTTLS\n") }
        client.onData = { [clientContext] client, _ in
            if client.text == "+OK\n" {
                try client.transport.startTLS(clientContext)
                client.transport.write("hello\n")
            }
        }
        try connect(server, client)
        network.run { client.received.count >= 18 }
        #expect(client.text == "+OK\nwelcome\nhello\n")
        #expect(server.text == "STARTTLS\nhello\n")
        #expect(client.transport.tls?.version == .tls13)
        client.transport.loseConnection()
        network.run { client.reason != nil && server.reason != nil }
        #expect(client.reason?.isClean == true && server.reason?.isClean == true)
        #expect(server.calls.filter { $0 == "made" }.count == 1)
    }

    @Test func bytesBehindTheCommandAreRefused() throws {
        let server = Recorder()
        var error: TLSError?
        server.onData = { [serverContext] server, bytes in
            do throws(TLSError) {
                try server.transport.startTLS(serverContext, unconsumed: bytes.count - 9)
            } catch let thrown {
                error = thrown
                throw thrown
            }
        }
        let client = Recorder()
        client.onMade = { $0.transport.write("STARTTLS\nRCPT TO:<x>\n") }
        try connect(server, client)
        network.run { server.reason != nil }
        #expect(error == .plaintextAfterStart(byteCount: 12))
        #expect(server.tlsError == error)
    }

    /// A receiver knows what it has been given and not handled, whole lines and parts.
    @Test(arguments: [("STARTTLS\r\nRCPT", 4), ("STARTTLS\r\nRCPT TO:<x>\r\nDATA\r\n", 19)])
    func bytesBehindTheCommandAreCountedByAReceiver(_ text: String, _ left: Int) throws {
        final class Server: LineReceiver {
            let context: TLSServerContext
            var lines = 0
            var reason: ConnectionLostReason?
            init(_ context: TLSServerContext) {
                self.context = context
                super.init()
            }
            override func lineReceived(_ line: Span<UInt8>) throws {
                lines += 1
                try transport.startTLS(context)
            }
            override func connectionLost(_ reason: ConnectionLostReason) { self.reason = reason }
        }
        for pieces in [[], [3]] {
            let server = Server(serverContext)
            TestTransport(for: server).receive(text, splitInto: pieces)
            guard case .failed(TLSError.plaintextAfterStart(byteCount: left))? = server.reason else {
                Issue.record("\(String(describing: server.reason))")
                return
            }
            #expect(server.lines == 1)
        }
    }

    @Test func itIsStartedOnceAndOnOpenConnectionsAlone() throws {
        let (server, client) = (Recorder(), Recorder())
        var errors: [TLSError] = []
        func attempt(_ end: Recorder) {
            do throws(TLSError) { try end.transport.startTLS(serverContext) } catch { errors.append(error) }
        }
        attempt(server)
        server.onMade = { [serverContext] server in
            try? server.transport.startTLS(serverContext)
            attempt(server)
        }
        client.onMade = { client in
            client.transport.loseConnection()
            attempt(client)
        }
        try connect(server, client)
        network.run { server.reason != nil }
        #expect(errors.first == .unsupportedTransport)
        #expect(errors.contains(.alreadyStarted) && errors.contains(.notOpen) && errors.count == 3)
        #expect(server.tlsError == .closedInHandshake)
    }

    @Test func aFailedHandshakeIsTheReason() throws {
        let (server, client) = (Recorder(), Recorder())
        server.onMade = { [serverContext] in try? $0.transport.startTLS(serverContext) }
        client.onMade = { $0.transport.write("no TLS here") }
        try connect(server, client)
        network.run { server.reason != nil }
        guard case .notTLS? = server.tlsError else {
            Issue.record("\(String(describing: server.reason))")
            return
        }
        #expect(server.calls == ["made", "lost"])
    }
}
