/// A connect attempt of a simulated host: retransmitted until it is answered, refused or cancelled.
final class SimulatedConnect: ConnectAttempt {
    let id: Int32
    unowned let host: SimulatedHost
    let target: SocketAddress
    let local: SocketAddress
    let options: StreamOptions
    /// The links to the target host and back; `nil` if there is no such host.
    let way: Link?
    let back: Link?
    private var completion: ((Result<Int32, ConnectError>) -> Void)?
    private var result: Result<Int32, ConnectError>?
    private var tries = 0
    /// Whether it is never answered.
    var hangs = false
    /// The sockets of both ends; -1 until they are created.
    var server: Int32 = -1
    var client: Int32 = -1

    init(
        id: Int32, host: SimulatedHost, target: SocketAddress, local: SocketAddress, options: StreamOptions,
        way: Link?, back: Link?, completion: @escaping (Result<Int32, ConnectError>) -> Void
    ) {
        self.id = id
        self.host = host
        self.target = target
        self.local = local
        self.options = options
        self.way = way
        self.back = back
        self.completion = completion
    }

    /// Whether it has neither a result nor been cancelled; the host is alive then.
    var isOpen: Bool { completion != nil && result == nil }

    /// Sends the connect, and again after 1, 2, 4 seconds and so on, seven times in all.
    func attempt() {
        guard isOpen, let way else { return }
        let network = host.network
        if tries == 7 { return end(.failure(.timedOut(after: nil, to: target.description))) }
        network.schedule(.connectRetry(id), after: Int64(1_000_000_000) << Int64(tries))
        tries += 1
        if !hangs { network.carry(.connect(id), over: way) }
    }

    func end(_ result: Result<Int32, ConnectError>) {
        guard isOpen else { return }
        self.result = result
        host.addReady(.connect(id))
    }

    /// Calls the connector with the result, in a turn of the host.
    func complete() {
        guard let completion, let result else { return }
        self.completion = nil
        completion(result)
    }

    func cancel() {
        guard completion != nil else { return }
        completion = nil
        if client >= 0 { host.network.socket(client)?.abort() }
    }
}
