import EventReactorCore
import EventReactorProtocols
import EventReactorTesting
import Testing

/// A pool and its server on one simulated host.
final class PoolScene {
    typealias Lease = ConnectionLease<ScriptedSession>
    typealias Waiter = PoolWaiter<ScriptedSession>

    let reactor = SimulatedReactor(seed: 1)
    let pool: ConnectionPool<ScriptedSession>
    private(set) var sessions: [ScriptedSession] = []
    private(set) var served: [ScriptedSession] = []
    /// The names of borrowers, with the index of the session that each has got, or the error.
    private(set) var log: [String] = []
    var leases: [String: Lease] = [:]
    var prepare: (ScriptedSession) -> Void = { _ in }
    private var port: ListeningPort?

    init(
        serves: Bool = true, endpoint: ClientEndpoint = .tcp(host: "localhost", port: 7),
        _ change: (inout ConnectionPoolSettings) -> Void = { _ in }
    ) throws {
        var settings = ConnectionPoolSettings()
        change(&settings)
        let scene = Unowned()
        pool = try ConnectionPool(to: endpoint, on: reactor, settings: settings) { scene.object!.makeSession() }
        scene.object = self
        if serves { try serve() }
    }

    private final class Unowned {
        weak var object: PoolScene?
    }

    private func makeSession() -> ScriptedSession {
        let session = ScriptedSession()
        sessions.append(session)
        prepare(session)
        return session
    }

    func serve(_ prepare: @escaping (ScriptedSession) -> Void = { _ in }) throws {
        port?.stopListening()
        port = try reactor.listenTCP(port: 7) { [unowned self] in
            let session = ScriptedSession.echo()
            served.append(session)
            prepare(session)
            return session
        }
    }

    func stopServing() { port?.stopListening() }

    /// Borrows, and keeps the lease under a name.
    @discardableResult
    func borrow(_ name: String, then body: @escaping (Lease) -> Void = { _ in }) throws -> Waiter {
        try pool.borrow { [unowned self] result in
            switch result {
            case .success(let lease):
                log.append("\(name) \(sessions.firstIndex { $0 === lease.session }!)")
                leases[name] = lease
                body(lease)
            case .failure(let error): log.append("\(name) \(PoolScene.word(for: error))")
            }
        }
    }

    static func word(for error: PoolError) -> String {
        switch error {
        case .timedOut: "timed out"
        case .tooManyWaiters: "too many"
        case .connectFailed(.refused): "refused"
        case .connectFailed(.cancelled): "cancelled"
        case .connectFailed(let error): "\(error)"
        case .connectionLost: "lost"
        case .unhealthy: "unhealthy"
        case .closed: "closed"
        case .reactorStopped: "stopped"
        }
    }

    /// Borrows at once, and waits for the lease.
    @discardableResult
    func lend(_ name: String) throws -> Lease {
        try borrow(name)
        reactor.run(within: .seconds(1)) { leases[name] != nil }
        return try #require(leases[name])
    }

    func giveBack(_ name: String) {
        leases.removeValue(forKey: name)?.giveBack()
    }

    func settle() {
        reactor.advance(by: .milliseconds(100))
    }

    /// The numbers of connections: all, idle, borrowed, and of waiters.
    var counts: [Int] { [pool.connectionCount, pool.idleCount, pool.borrowedCount, pool.waiterCount] }
}

/// The error that `borrow` throws, in a word; nil if none.
func refusal(_ body: () throws -> Void) -> String? {
    do { try body() } catch { return (error as? PoolError).map(PoolScene.word) ?? "\(error)" }
    return nil
}
