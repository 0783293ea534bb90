import EventReactor
import Testing

/// A client and a target with a forwarder between them, whose two ends relay to each other when both are connected.
final class Forwarding {
    let world: World
    let client = Recorder("client")
    let incoming = Recorder("incoming")
    let outgoing = Recorder("outgoing")
    let target = Recorder("target")
    /// The relay from `incoming` to `outgoing`, and the one back.
    private(set) var there: StreamRelay?
    private(set) var back: StreamRelay?
    /// The endings of the two relays, "there" and "back".
    private(set) var endings: [(way: String, count: Int, ending: RelayEnding)] = []
    /// Called before the two begin.
    var onReady: () throws -> Void = {}
    /// Called when the two have begun.
    var onBegun: () -> Void = {}

    init(_ world: World, options: StreamOptions = .narrow, isBothWays: Bool = true) throws {
        self.world = world
        var listenOptions = ListenOptions()
        listenOptions.stream = options
        let targetPort = try world.listen(options: listenOptions) { [target] in target }
        let port = try world.listen(options: listenOptions) { [incoming] in incoming }
        target.closesWithPeer = false
        client.closesWithPeer = false
        incoming.onMade = { incoming in
            incoming.transport.pauseReading()
            try world.connect(to: targetPort.localAddress, options: options) { [unowned self] in outgoing }
        }
        outgoing.onMade = { $0.transport.pauseReading() }
        try world.connect(to: port.localAddress, options: options) { [client] in client }
        world.whenMade(outgoing, target) { [self] in
            do { try begin(isBothWays) } catch { Issue.record(error) }
        }
    }

    private func begin(_ isBothWays: Bool) throws {
        try onReady()
        incoming.transport.resumeReading()
        there = try incoming.transport.relay(to: outgoing.transport) { [unowned self] in ended("there", $0, $1) }
        outgoing.transport.resumeReading()
        if isBothWays {
            back = try outgoing.transport.relay(to: incoming.transport) { [unowned self] in ended("back", $0, $1) }
        }
        #expect(endings.isEmpty, "the completion came inside the call")
        onBegun()
    }

    private func ended(_ way: String, _ count: Int, _ ending: RelayEnding) {
        #expect(!endings.contains { $0.way == way }, "\(way) ended twice")
        #expect((way == "there" ? there : back)?.isActive == false)
        endings.append((way, count, ending))
    }

    func ending(_ way: String) -> RelayEnding? { endings.first { $0.way == way }?.ending }
    func count(_ way: String) -> Int? { endings.first { $0.way == way }?.count }

    /// The bytes that the two ends in the middle keep in memory.
    var heldByteCount: Int { max(incoming.engineByteCount, outgoing.engineByteCount) }

    /// Ends the run when all four are lost.
    func finish(then check: @escaping () -> Void) {
        world.finishWhenLost(client, incoming, outgoing, target) { [self] in
            check()
            onReady = {}
            onBegun = {}
        }
    }

    /// Callbacks of the two ends in the middle that report bytes: none is expected.
    var dataCalls: [String] { (incoming.calls + outgoing.calls).filter { $0 == "data" || $0 == "readLost" } }
}

extension Recorder {
    /// Writes a part of the pattern, as slowly as the transport takes it, then calls a closure.
    func stream(_ total: Int, then: @escaping (Recorder) -> Void) {
        var count = 0
        func write() {
            while count < total {
                let piece = min(50_000, total - count)
                transport.write(Pattern.bytes(piece, from: count))
                count += piece
                if transport.bufferedByteCount > 64 * 1024 { return }
            }
            onResume = { _ in }
            then(self)
        }
        onResume = { _ in write() }
        write()
    }

    /// The reason of the other connection's loss, if this one ended because of it.
    var lostWith: ConnectionLostReason? {
        if case .otherLost(_, let reason)? = reason?.failure as? RelayError { reason } else { nil }
    }
}
