import EventReactor
import EventReactorNative
import EventReactorTesting
import Testing

/// The reactors that an example runs on with no change but the reactor's name.
enum Engine: CaseIterable {
    case libevent
    case native
    case simulated

    private func makeReactor() throws -> ReactorBase {
        var configuration = ReactorConfiguration()
        // Tests run beside one another: a signal for one process is none of theirs.
        configuration.stopSignals = []
        return switch self {
        case .libevent: try Reactor(configuration: configuration)
        case .native: try NativeReactor(configuration: configuration)
        // Nothing arrives as it was written.
        case .simulated:
            SimulatedReactor(seed: 3, faults: [.splitting, .merging, .latency], configuration: configuration)
        }
    }

    /// Runs a reactor until it is stopped, by what was set up before.
    func run(_ prepare: (ReactorBase) throws -> Void) throws {
        let reactor = try makeReactor()
        try prepare(reactor)
        // Tests wait on events; this ends one whose event never comes.
        let patience = reactor.callLater(.seconds(60)) { [unowned reactor] in
            Issue.record("the conversation did not come to its end")
            try? reactor.stop()
        }
        try reactor.run()
        patience.cancel()
    }
}

extension ReactorBase {
    /// A listener on a port that no other test has.
    func listen(_ makeProtocol: @escaping () -> Protocol?) throws -> ListeningPort {
        try listenTCP(port: 0, host: "127.0.0.1", makeProtocol)
    }

    func connect(to port: ListeningPort, _ client: Protocol) throws {
        try connectTCP(host: "127.0.0.1", port: try #require(port.localAddress.port)) {
            client
        } onFailure: {
            Issue.record("unexpected: \($0)")
        }
    }
}

/// One who speaks with an example as a user does: waits for words, then says or does something.
final class Guest: Protocol {
    private var steps: [(wanted: String, then: (Guest) -> Void)] = []
    /// What has come and was not waited for yet.
    private var unread = ""
    private(set) var everything = ""
    var onMade: (Guest) -> Void = { _ in }
    var onLost: (Guest, ConnectionLostReason) -> Void = { _, _ in }

    func waits(for wanted: String, then: @escaping (Guest) -> Void) {
        steps.append((wanted, then))
    }

    func says(_ text: String) {
        transport.write(text)
    }

    override func connectionMade() {
        onMade(self)
    }

    override func dataReceived(_ data: Span<UInt8>) {
        let text = String(decoding: [UInt8](data), as: UTF8.self)
        everything += text
        unread += text
        while let step = steps.first, let rest = unread.after(step.wanted) {
            unread = rest
            steps.removeFirst()
            step.then(self)
        }
    }

    override func connectionLost(_ reason: ConnectionLostReason) {
        #expect(steps.isEmpty, "the connection ended before \(steps.first?.wanted ?? "")")
        onLost(self, reason)
    }
}

extension String {
    /// What follows the first of some words, or nil where they have not come.
    fileprivate func after(_ words: String) -> String? {
        var rest = self[...]
        while !rest.hasPrefix(words) {
            if rest.isEmpty { return nil }
            rest.removeFirst()
        }
        return String(rest.dropFirst(words.count))
    }
}
