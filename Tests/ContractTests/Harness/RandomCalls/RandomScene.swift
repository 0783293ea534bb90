import EventReactor
import Glibc
import TestSupport
import Testing

/// A few connections of one reactor whose ends make random calls, all by one seed.
///
/// It begins with a phase of random calls, from timers and from callbacks. Then all is closed in order, and at the
/// end each direction is judged: its bytes arrived complete, or a loss was reported to both ends.
final class RandomScene {
    let seed: UInt64
    let world: World
    /// 0 for a run in which few connections end early, 3 for one in which many do.
    let temper: Int
    /// Each call as often as its weight says.
    let calls: [RandomEnd.Call]
    private(set) var ends: [RandomEnd] = []
    let group: RateLimitGroup
    private let wholeFile: PatternFile
    private let shortFile: PatternFile
    let file: ReadableFile
    /// Shorter than when it was opened.
    let cutFile: ReadableFile
    var path: String { wholeFile.path }

    /// A call on a transport is under way: no callback may come.
    var isCalling = false
    /// Everything is being closed, and nothing else is called any more.
    private(set) var isFinal = false
    /// The number of callbacks, closures and timers so far.
    var activity = 0
    private var random: Numbers
    private var rounds: Int
    private var idleTurns = 0
    private var seen: (turn: UInt64, activity: Int, bytes: Int) = (0, 0, 0)
    private var trace: [String] = []
    /// The whole log, if a seed is run again.
    private let traceLength = unsafe getenv("RANDOM_CALLS") == nil ? 60 : 10_000
    private(set) var complaints: [String] = []
    /// The calls and callbacks before the first of them.
    private var lead: [String] = []

    init(seed: UInt64, _ world: World) throws {
        self.seed = seed
        self.world = world
        random = Numbers(seed: seed)
        temper = random.roll(4)
        rounds = 30 + random.roll(60)
        let temper = self.temper
        calls = RandomEnd.Call.allCases.flatMap { Array(repeating: $0, count: $0.weight(temper)) }
        group = RateLimitGroup(RateLimit(readRate: 2_000_000, writeRate: 3_000_000), on: world.reactor)
        wholeFile = try PatternFile(world, 3 * Pattern.period)
        shortFile = try PatternFile(world, 3 * Pattern.period)
        file = try wholeFile.open()
        cutFile = try shortFile.open()
        shortFile.truncate(to: Pattern.period + random.roll(Pattern.period))
        for number in 1...2 + random.roll(2) { try addPair(number) }
    }

    // MARK: A run

    private func addPair(_ number: Int) throws {
        func stream(_ name: String) -> ByteStream { ByteStream(name, base: random.roll(Pattern.period)) }
        let there = stream("client\(number)->server\(number)")
        let back = stream("server\(number)->client\(number)")
        let client = RandomEnd("client\(number)", self, outgoing: there, incoming: back, seed: random.next())
        let server = RandomEnd("server\(number)", self, outgoing: back, incoming: there, seed: random.next())
        ends += [client, server]
        try world.pair(
            server, client, serverOptions: options(), clientOptions: options(),
            onFailure: { [unowned client, unowned server] in client.connectFailed($0, server) })
    }

    private func options() -> StreamOptions {
        var options = random.oneIn(2) ? StreamOptions.narrow : StreamOptions()
        if random.oneIn(4) { options.rateLimit = RateLimit(readRate: 3_000_000, writeRate: 2_000_000) }
        if random.oneIn(4) { options.writeBufferHighMark = random.roll(30_000) }
        options.noDelay = random.oneIn(2)
        return options
    }

    /// Runs until every connection is lost.
    func run() throws {
        world.reactor.callSoon { [unowned self] in poke() }
        try world.run()
        judge()
    }

    /// A timer's turn: calls from outside every callback.
    private func poke() {
        guard !world.isFinished else { return }
        lookForSpin()
        activity += 1
        if isFinal {
            if ends.allSatisfy({ $0.isOver }) { return world.finish() }
        } else if ends.allSatisfy({ $0.isMade || $0.isOver }) {
            rounds -= 1
            if rounds == 0 {
                // Some runs end with all that is under way.
                if random.oneIn(8) { return world.finish() }
                close()
            }
        }
        if !isFinal {
            let end = ends[random.roll(ends.count)]
            if random.oneIn(4) {
                world.reactor.callSoon { end.act(2) }
            } else {
                end.act(2)
            }
        }
        world.reactor.callLater(.microseconds(random.roll(1500))) { [weak self] in self?.poke() }
    }

    private func close() {
        isFinal = true
        for end in ends where !end.isOver {
            _ = end.transport.setRateLimit(nil)
            _ = end.transport.setRateLimitGroup(nil)
            end.resume()
        }
        for (client, server) in pairs {
            // Of some connections only one end is closed, and the loss has to be reported to the other.
            let first = random.oneIn(2) ? client : server
            let second = first === client ? server : client
            first.lose()
            if second.sawEnd || first.hasRelayed || second.hasRelayed || random.oneIn(2) { second.lose() }
        }
    }

    private var pairs: [(RandomEnd, RandomEnd)] {
        stride(from: 0, to: ends.count, by: 2).map { (ends[$0], ends[$0 + 1]) }
    }

    // MARK: Failures

    /// Turns in which nothing happens: neither a callback nor a byte.
    private func lookForSpin() {
        let metrics = world.reactor.metrics
        let bytes = metrics.traffic.bytesReceived + metrics.traffic.bytesSent
        let now = (turn: world.reactor.turnNumber, activity: activity, bytes: bytes)
        let turns = Int(now.turn - seen.turn)
        let moved = (now.activity - seen.activity) * 8 + (now.bytes - seen.bytes) / 512
        idleTurns = max(0, idleTurns + turns - moved - 8)
        seen = now
        guard idleTurns > 5000 else { return }
        complain("\(idleTurns) turns in which nothing happened")
        idleTurns = 0
        world.finish()
    }

    func note(_ text: String) {
        trace.append("\(world.reactor.turnNumber) \(text)")
        if trace.count > 2 * traceLength { trace.removeFirst(traceLength) }
    }

    func complain(_ text: String) {
        note("WRONG: \(text)")
        if complaints.isEmpty { lead = Array(trace.suffix(traceLength)) }
        if complaints.count < 6 { complaints.append(text) }
    }

    private func judge() {
        for end in ends {
            if !end.isOver {
                end.complain(end.isMade ? "connectionLost never came" : "never connected, and never failed")
            }
            if end.pendingFiles != 0 { end.complain("\(end.pendingFiles) files without a completion") }
            if end.pendingRelays != 0 { end.complain("\(end.pendingRelays) relays without a completion") }
            if end.reason?.isDone == true && end.failedFiles > 0 {
                end.complain("a file failed and the end is in order")
            }
            if isFinal && end.reason?.isReactorStopped == true { end.complain("was closed and lived on") }
            end.judgeReason()
        }
        for (client, server) in pairs {
            judge(client, server)
            judge(server, client)
        }
        if world.reactor.connectionCount != 0 { complain("\(world.reactor.connectionCount) connections are left") }
    }

    /// One direction.
    private func judge(_ writer: RandomEnd, _ reader: RandomEnd) {
        let accepted = writer.outgoing.count
        let arrived = reader.arrived.count
        if arrived == accepted { return }
        if arrived > accepted { reader.complain("\(arrived) bytes arrived of \(accepted)") }
        let tellsOrder = reader.sawEnd || (reader.reason?.isDone == true && !reader.endedItself)
        guard tellsOrder else { return }
        // The system ends a UNIX socket in order in any case: a loss is reported to its own end alone.
        if world.setting.transport == .unix && writer.reason?.isDone != true { return }
        complain(
            "\(writer.outgoing.name): \(arrived) of \(accepted) bytes and an end in order; the writer has "
                + "\(String(describing: writer.reason)), the reader \(String(describing: reader.reason))")
    }

    /// The failures, with the calls and callbacks before them.
    var report: String? {
        guard !complaints.isEmpty else { return nil }
        return """
            seed \(seed), \(world.setting.testDescription) (again: RANDOM_CALLS=\(seed)):
            \(complaints.joined(separator: "\n"))
            \(lead.joined(separator: "\n"))
            """
    }
}
