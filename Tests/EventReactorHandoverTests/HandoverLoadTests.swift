import EventReactor
import EventReactorHandover
import Glibc
import Synchronization
import TestSupport
import Testing

/// Clients that ask again as soon as they have an answer, and the failures they saw.
private final class Load {
    private final class Counts: Sendable {
        let answers = Atomic<Int>(0)
        let isOver = Atomic<Bool>(false)
        let troubles = Locked<[String]>([])
    }

    private let counts = Counts()
    private var threads: [WorkerThread] = []

    /// - Parameter keepsAlive: whether a client asks again on the same connection until the server ends it.
    init(clients: Int, at address: SocketAddress, keepsAlive: Bool) {
        threads = (0..<clients).map { _ in
            WorkerThread { [counts] in
                while !counts.isOver.load(ordering: .relaxed) {
                    let caller = Client(to: address)
                    repeat {
                        let (line, code) = caller.ask()
                        guard let line else {
                            counts.troubles.withLock {
                                $0.append(caller.failure != 0 ? "refused \(code)" : "lost \(code)")
                            }
                            return
                        }
                        counts.answers.add(1, ordering: .relaxed)
                        if line.hasSuffix(" last") { break }
                    } while keepsAlive && !counts.isOver.load(ordering: .relaxed)
                }
            }
        }
    }

    deinit { _ = end() }

    var answers: Int { counts.answers.load(ordering: .relaxed) }

    /// Stops asking, and returns the failures.
    func end() -> [String] {
        counts.isOver.store(true, ordering: .relaxed)
        threads = []
        return counts.troubles.withLock { $0 }
    }
}

@Suite(.serialized) struct HandoverLoadTests {
    @Test(arguments: Kind.allCases, [true, false])
    func noConnectionIsRefusedOrResetOverTwentyHandovers(_ kind: Kind, _ keepsAlive: Bool) throws {
        let fresh = FreshPath()
        var current = Version("0", kind, path: fresh.path)
        try current.events.wait(for: "serves")
        let address = current.address()
        let load = Load(clients: 4, at: address, keepsAlive: keepsAlive)
        for number in 1...20 {
            // One client more, so that there is load between two handovers.
            for _ in 0..<20 { #expect(Client.ask(address) == "\(number - 1)") }
            let next = Version("\(number)", kind, path: fresh.path)
            #expect(try next.events.wait(for: "serves").isEmpty)
            #expect(try current.events.wait(for: "ended") == ["handed over"])
            current = next
        }
        for _ in 0..<20 { #expect(Client.ask(address) == "20") }
        let troubles = load.end()
        #expect(troubles.isEmpty)
        #expect(load.answers > 0)
        try current.end()
    }
}
