import EventReactor
import Glibc
import Testing

@testable import Chat
@testable import Echo
@testable import PortForwarder

@Suite("The examples' protocols, on every reactor")
struct ExampleTests {
    @Test(arguments: Engine.allCases)
    func echoSaysWhatItHears(_ engine: Engine) throws {
        let guest = Guest()
        try engine.run { reactor in
            let port = try reactor.listen { Echo() }
            guest.onMade = { $0.says("hello\n") }
            guest.waits(for: "hello\n") { $0.says("and again\n") }
            guest.waits(for: "and again\n") { $0.transport.loseConnection() }
            guest.onLost = { _, reason in
                #expect(reason.isClean)
                try? reactor.stop()
            }
            try reactor.connect(to: port, guest)
        }
        #expect(guest.everything == "hello\nand again\n")
    }

    @Test(arguments: Engine.allCases)
    func chatTellsEachWhatTheOthersSay(_ engine: Engine) throws {
        try engine.run { reactor in
            let room = Room()
            let port = try reactor.listen { Member(of: room) }
            let (ann, bob) = (Guest(), Guest())
            ann.waits(for: "Your name?\n") { $0.says("ann\n") }
            ann.waits(for: "* you are the first\n") { _ in
                do { try reactor.connect(to: port, bob) } catch { Issue.record(error) }
            }
            ann.waits(for: "* bob has come\n") { _ in }
            ann.waits(for: "bob: hello\nbob: [2Jis anybody here?\n") { $0.says("I am\n") }
            // A name that is taken, lines in pieces, and several at once.
            bob.waits(for: "Your name?\n") { $0.says("ann\n") }
            bob.waits(for: "another name?\n") { bob in
                bob.says("b")
                bob.says("ob\n")
            }
            bob.waits(for: "* here: ann\n") { $0.says("hello\n\u{1b}[2Jis anybody here?\n") }
            bob.waits(for: "ann: I am\n") { _ in ann.transport.loseConnection() }
            bob.waits(for: "* ann has left\n") { $0.says(String(repeating: "x", count: 2000)) }
            bob.waits(for: "* that line is too long\n") { _ in }
            bob.onLost = { _, reason in
                #expect(reason.isClean)
                try? reactor.stop()
            }
            try reactor.connect(to: port, ann)
        }
    }

    /// Both directions end by themselves, and each end is passed on with all that came before it.
    @Test(arguments: Engine.allCases)
    func theForwarderPassesOnBothWaysAndTheEnds(_ engine: Engine) throws {
        let client = Sender(Sender.bytes(300_000, from: 1))
        let server = Sender(Sender.bytes(200_000, from: 7))
        try engine.run { reactor in
            let target = try reactor.listen { server }
            let forwarder = try forwarder(to: try #require(target.localAddress.port), on: reactor)
            var rest = 2
            for end in [client, server] {
                end.onLost = {
                    rest -= 1
                    if rest == 0 { try? reactor.stop() }
                }
            }
            try reactor.connect(to: forwarder, client)
        }
        #expect(server.received == client.sends && client.received == server.sends)
        #expect(server.reason?.isClean == true && client.reason?.isClean == true)
    }

    @Test(arguments: Engine.allCases)
    func theForwarderAbortsWhoCannotBeConnected(_ engine: Engine) throws {
        let client = Sender([])
        try engine.run { reactor in
            let target = try reactor.listen { nil }
            let number = try #require(target.localAddress.port)
            target.stopListening()
            client.onLost = { try? reactor.stop() }
            // Its end would be passed on, and could be faster than the failure.
            client.endsItself = false
            try reactor.connect(to: try forwarder(to: number, on: reactor), client)
        }
        guard case .lost(ECONNRESET)? = client.reason else {
            Issue.record("another reason: \(String(describing: client.reason))")
            return
        }
    }

    private func forwarder(to port: Int, on reactor: ReactorBase) throws -> ListeningPort {
        let target = ClientEndpoint.tcp(host: "127.0.0.1", port: port)
        return try reactor.listen { [unowned reactor] in ClientEnd(target: target, reactor: reactor) }
    }
}

/// Sends many bytes at once, ends its side, and keeps the bytes that arrive.
private final class Sender: Protocol {
    let sends: [UInt8]
    var endsItself = true
    var onLost: () -> Void = {}
    private(set) var received: [UInt8] = []
    private(set) var reason: ConnectionLostReason?

    init(_ sends: [UInt8]) {
        self.sends = sends
    }

    static func bytes(_ count: Int, from first: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: ($0 &+ first) &* 31 &+ $0 >> 8) }
    }

    override func connectionMade() {
        transport.write(sends)
        if endsItself { transport.loseWriteConnection() }
    }

    override func dataReceived(_ data: Span<UInt8>) {
        received += [UInt8](data)
    }

    // The other direction goes on.
    override func readConnectionLost() {}

    override func connectionLost(_ reason: ConnectionLostReason) {
        self.reason = reason
        onLost()
    }
}
