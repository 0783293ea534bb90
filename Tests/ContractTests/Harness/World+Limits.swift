import EventReactor

extension ListenOptions {
    /// The default options with some limits set.
    static func limited(_ set: (inout ConnectionLimits) -> Void) -> ListenOptions {
        var options = ListenOptions()
        set(&options.limits)
        return options
    }
}

extension World {
    /// Connects a number of clients to a listener.
    ///
    /// - Parameter refused: called for each that is lost while the reactor runs, or reset before it saw its connect
    ///   succeed.
    @discardableResult
    func connectClients(
        _ count: Int, to port: ListeningPort, refused: @escaping () -> Void = {}
    ) throws -> [Recorder] {
        let clients = (0..<count).map { Recorder("client \($0)") }
        for client in clients {
            client.onLost = { _, reason in
                if !reason.isReactorStopped { refused() }
            }
            try connect(to: port.localAddress, { client }, onFailure: { _ in refused() })
        }
        return clients
    }
}
