import EventReactorTLS
import EventReactorTesting

/// A TLS server and a client of it, each on a host of a simulated network.
final class Pair {
    let network: SimulatedNetwork
    let server: SimulatedReactor
    let client: SimulatedReactor
    private(set) var serverEnd = Recorder.echo()
    private(set) var clientEnd = Recorder()
    private(set) var failure: ConnectError?
    private let clientContext: TLSClientContext
    private(set) var connector: Connector?

    init(
        server serverContext: TLSServerContext, client clientContext: TLSClientContext, seed: UInt64 = 1,
        faults: Faults = [], options: StreamOptions = StreamOptions()
    ) throws {
        network = SimulatedNetwork(seed: seed, faults: faults)
        server = network.host("server")
        client = network.host("client")
        self.clientContext = clientContext
        var listenOptions = ListenOptions()
        listenOptions.stream = options
        try server.listen(.tcp(port: 7).tls(serverContext), options: listenOptions) { [unowned self] in serverEnd }
    }

    convenience init(
        server: TLSServerSettings? = nil, client: TLSClientSettings? = nil, options: StreamOptions = StreamOptions()
    ) throws {
        try self.init(
            server: TLSServerContext(server ?? Authority.serverSettings()),
            client: TLSClientContext(client ?? Authority.clientSettings()), options: options)
    }

    /// Connects with new ends, and waits until they are connected or have failed.
    @discardableResult
    func connect(serverEnd: Recorder = .echo(), clientEnd: Recorder = Recorder()) throws -> Pair {
        self.serverEnd = serverEnd
        self.clientEnd = clientEnd
        failure = nil
        connector = try client.connect(.tcp(host: "server", port: 7).tls(clientContext)) {
            clientEnd
        } onFailure: { [unowned self] error in
            failure = error
        }
        network.run { (clientEnd.isMade || failure != nil) && !serverEnd.calls.isEmpty }
        return self
    }

    /// Sends a text there and back.
    func exchange(_ text: String = "ping") -> String {
        let before = clientEnd.received.count
        clientEnd.transport.write(text)
        network.run { clientEnd.received.count >= before + text.utf8.count || clientEnd.reason != nil }
        return String(decoding: clientEnd.received[before...], as: UTF8.self)
    }

    /// Ends the connection from the client's side.
    func close() {
        clientEnd.transport.loseConnection()
        network.run { clientEnd.reason != nil && serverEnd.reason != nil }
    }

    var clientError: TLSError? {
        if case .handshakeFailed(let error, _)? = failure { error as? TLSError } else { clientEnd.tlsError }
    }
}
