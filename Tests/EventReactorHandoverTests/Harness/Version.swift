import EventReactor
import EventReactorHandover
import TestSupport
import Testing

/// A version of a server on a thread of its own, which takes over from the one before.
///
/// Its events: "serves" with its addresses in `addresses`, "handed over", "failed: ..." for each failed handover, and
/// "ended", or "error: ..." if it could not be set up.
final class Version {
    typealias SetUp = @Sendable (ReactorBase, Handover?, String) throws -> [String: ListeningPort]

    let events = Events()
    let addresses = Locked<[String: [SocketAddress]]>([:])
    private let remote = Locked<RemoteHandle<ReactorBase>?>(nil)
    private var thread: WorkerThread?

    init(
        _ name: String, _ kind: Kind = .libevent, path: String, takingFrom old: String? = nil,
        readyWithin: Duration = .seconds(60),
        setUp: @escaping SetUp = Version.onePort, beforeOffering: @escaping @Sendable () -> Void = {}
    ) {
        thread = WorkerThread { [events, addresses, remote] in
            func serve() throws {
                let reactor = try kind.makeReactor()
                reactor.onDiagnostic = { events.post("diagnostic: \($0)") }
                let before = try Handover.take(path: old ?? path, timeout: .seconds(30))
                let ports = try setUp(reactor, before, name)
                let listening = ports.mapValues(\.localAddresses)
                addresses.withLock { $0 = listening }
                beforeOffering()
                let offer = try reactor.offerHandover(
                    path: path, ports: ports, after: before, drainingFor: .seconds(1_000_000), readyWithin: readyWithin)
                offer.onHandedOver = { events.post("handed over") }
                offer.onFailure = { events.post("failed: \($0)") }
                let own = RemoteHandle<ReactorBase>(reactor.queue)
                remote.withLock { $0 = own }
                reactor.callSoon { events.post("serves") }
                try reactor.run()
            }
            do {
                try serve()
                // The reactor and its offer are released by now, and their descriptors closed.
                events.post("ended")
            } catch {
                events.post("error: \(error)")
            }
        }
    }

    /// Starts a version, and waits until it serves.
    static func serving(
        _ name: String, _ kind: Kind = .libevent, path: String, takingFrom old: String? = nil,
        readyWithin: Duration = .seconds(60), setUp: @escaping SetUp = Version.onePort
    ) throws -> Version {
        let version = Version(name, kind, path: path, takingFrom: old, readyWithin: readyWithin, setUp: setUp)
        try version.events.wait(for: "serves")
        return version
    }

    /// Checks that a version "2" takes over from this one and serves at its address, and ends it.
    func expectSuccessor(at path: String) throws {
        let successor = try Version.serving("2", path: path)
        try events.wait(for: "ended")
        #expect(Client.ask(address()) == "2")
        try successor.end()
    }

    /// A test that failed does not wait for ever.
    deinit { stop() }

    /// At a port that no other test is given once it is closed.
    static let onePort: SetUp = { reactor, before, name in
        let inherited = before?["main"]
        let port = try FreshPort.listen { number in
            let endpoint = ServerEndpoint.tcp(port: inherited == nil ? number : 0, host: "127.0.0.1")
            return try reactor.listen(endpoint, adopting: inherited) { [unowned reactor] in Answerer(name, reactor) }
        }
        return ["main": port]
    }

    func address(_ name: String = "main") -> SocketAddress { addresses.withLock { $0[name]![0] } }

    /// Stops it as a signal would.
    func stop() {
        remote.withLock { $0 }?.stop()
    }

    /// Stops it and waits for its end.
    func end() throws {
        stop()
        try events.wait(for: "ended")
    }
}
