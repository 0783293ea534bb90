import EventReactor
import EventReactorNative
import EventReactorTesting
import Testing

/// The reactors that an example runs on, with no change but the reactor's name.
enum Engine: CaseIterable {
    case libevent
    case native
    case simulated

    private func makeReactor() throws -> ReactorBase {
        var configuration = ReactorConfiguration()
        // Tests run in parallel: a signal to the process must stop none of them.
        configuration.stopSignals = []
        return switch self {
        case .libevent: try Reactor(configuration: configuration)
        case .native: try NativeReactor(configuration: configuration)
        // Bytes arrive in other pieces than they were written in.
        case .simulated:
            SimulatedReactor(seed: 3, faults: [.splitting, .merging, .latency], configuration: configuration)
        }
    }

    /// Runs a reactor until the example or the test stops it.
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

/// A client that talks to an example as a user does: it waits for words, and then sends or does something.
final class Guest: Protocol {
    private var steps: [(wanted: String, then: (Guest) -> Void)] = []
    /// Text that has arrived and was not awaited yet.
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
    /// The text behind the first occurrence of some words, or `nil` if they have not arrived.
    fileprivate func after(_ words: String) -> String? {
        var rest = self[...]
        while !rest.hasPrefix(words) {
            if rest.isEmpty { return nil }
            rest.removeFirst()
        }
        return String(rest.dropFirst(words.count))
    }
}
