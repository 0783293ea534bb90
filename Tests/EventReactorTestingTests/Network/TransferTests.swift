import EventReactorTesting
import Glibc
import Testing

/// A two-way transfer in which each end knows the other's bytes.
final class Transfer: Protocol {
    let sends: [UInt8]
    let awaits: [UInt8]
    private var sent = 0
    private var isPaused = false
    private(set) var received: [UInt8] = []
    private(set) var reason: ConnectionLostReason?
    private(set) var wrong: String?

    private let reactor: ReactorBase

    init(_ reactor: ReactorBase, sends: [UInt8], awaits: [UInt8]) {
        self.reactor = reactor
        self.sends = sends
        self.awaits = awaits
    }

    override func connectionMade() {
        transport.setKeepAlive(idle: .seconds(20), interval: .seconds(5), count: 3)
        write()
    }

    private func write() {
        guard !isPaused && !transport.isClosing else { return }
        let piece = sends[sent..<min(sends.count, sent + 1 + sent % 1500)]
        transport.write([UInt8](piece))
        sent += piece.count
        if sent == sends.count {
            transport.loseWriteConnection()
        } else {
            reactor.callLater(.microseconds(sent % 700)) { [weak self] in self?.write() }
        }
    }

    override func dataReceived(_ data: Span<UInt8>) {
        let offset = received.count
        received.append(contentsOf: data)
        if received.count > awaits.count || awaits[offset..<received.count] != received[offset...] {
            wrong = "what arrived at \(offset) was not sent"
        }
    }

    override func readConnectionLost() {}
    override func pauseWriting() { isPaused = true }

    override func resumeWriting() {
        isPaused = false
        write()
    }

    override func connectionLost(_ reason: ConnectionLostReason) {
        if self.reason != nil { wrong = "the loss came twice" }
        self.reason = reason
    }

    var hasAll: Bool { received.count == awaits.count }

    /// A transfer between two hosts: every byte arrives in order, or the loss is reported to both ends.
    static func scenario(_ network: SimulatedNetwork) throws {
        let toServer = network.random.bytes(count: network.random.magnitude(in: 1...20_000))
        let toClient = network.random.bytes(count: network.random.magnitude(in: 1...20_000))
        let here = network.host("client")
        let there = network.host("server")
        there.onDiagnostic = { _ in }
        var options = ListenOptions()
        options.stream.keepAlive = .init(idle: .seconds(20), interval: .seconds(5), count: 3)
        network.retransmissionTimeout = .seconds(60)
        let client = Transfer(here, sends: toServer, awaits: toClient)
        var server: Transfer?
        var failures = 0
        try there.listenTCP(port: 7, options: options) {
            let made = Transfer(there, sends: toClient, awaits: toServer)
            network.expect(server == nil, "two connections for one connect")
            server = made
            return made
        }
        try here.connectTCP(host: "server", port: 7, timeout: .seconds(300)) {
            client
        } onFailure: { _ in
            failures += 1
        }
        network.expect(
            network.run(within: .seconds(3600)) {
                failures > 0 || (client.reason != nil && (server == nil || server?.reason != nil))
            }, "a loss was never reported: client \(client.reason as Any), server \(server?.reason as Any)")
        network.runUntilIdle(within: .seconds(3600))
        for end in [client, server].compactMap({ $0 }) {
            network.expect(end.wrong == nil, end.wrong ?? "")
            // A server short of descriptors closes the peers that it cannot serve: an end in order, and too early.
            if server != nil && end.reason?.isClean == true {
                network.expect(end.hasAll, "closed in order with bytes missing")
            }
        }
        let isComplete = client.hasAll && server?.hasAll == true
        let isTold = failures == 1 || [client.reason, server?.reason].contains { $0?.isClean == false }
        network.expect(failures <= 1, "a connect failed \(failures) times")
        network.expect(
            isComplete || isTold || (server == nil && client.reason != nil), "bytes were lost without a word")
        if Faults.harmless.isSuperset(of: network.faults) {
            network.expect(isComplete, "bytes were lost where none can be")
            network.expect(client.reason?.isClean == true && server?.reason?.isClean == true, "no clean end")
        }
    }
}

@Suite("A two-way transfer in the simulated network")
struct TransferTests {
    /// More seeds if asked for, in the release build, on one core.
    ///
    ///     EVENT_REACTOR_SEEDS=10000 taskset -c 0 ./test -c release --filter TransferTests
    static let seeds: UInt64 =
        unsafe getenv("EVENT_REACTOR_SEEDS").flatMap { UInt64(unsafe String(cString: $0)) } ?? 300

    @Test func everyByteArrivesInOrderOrTheLossIsTold() throws {
        try Simulation.check(seeds: 0..<TransferTests.seeds, faults: .all, Transfer.scenario)
    }

    /// `Simulation.check` leaves some kinds of faults out of each run, since some hide others; here none is left out.
    @Test func everyByteArrivesInOrderOrTheLossIsToldWithAllFaultsInEachRun() throws {
        for seed in 0..<TransferTests.seeds {
            let network = SimulatedNetwork(seed: seed, faults: .all)
            defer { network.end() }
            try Transfer.scenario(network)
            if let failure = network.failure { Issue.record("seed \(seed): \(failure)\n\(network.trace)") }
        }
    }

    @Test func everyByteArrivesUnderHarmlessFaults() throws {
        try Simulation.check(seeds: 0..<TransferTests.seeds, faults: .harmless, Transfer.scenario)
    }
}
