import EventReactorTesting

/// Two hosts with one connection between them.
struct Pair {
    let network: SimulatedNetwork
    let client: SimulatedReactor
    let server: SimulatedReactor
    let clientEnd = Recorder()
    let serverEnd = Recorder()

    init(
        seed: UInt64 = 1, faults: Faults = [], client options: StreamOptions = StreamOptions(),
        server serverOptions: StreamOptions = StreamOptions()
    ) throws {
        network = SimulatedNetwork(seed: seed, faults: faults)
        client = network.host("client")
        server = network.host("server")
        var listenOptions = ListenOptions()
        listenOptions.stream = serverOptions
        try server.listenTCP(port: 7, options: listenOptions) { [serverEnd] in serverEnd }
        try client.connectTCP(host: "server", port: 7, options: options) { [clientEnd] in clientEnd }
    }

    /// Waits until both ends have their connection.
    func connect() {
        network.run { !clientEnd.calls.isEmpty && !serverEnd.calls.isEmpty }
    }
}
