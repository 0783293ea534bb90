import EventReactor
import TestSupport

/// The calls that a random end makes.
extension RandomEnd {
    enum Call: CaseIterable {
        case writeSpan, writeArray, writeText, writePieces, sendFile, sendFileByPath, sendCutFile, relay, stopRelay
        case pauseReading, resumeReading, marks, limit, rate, noRate, group, noGroup, timeouts, noTimeouts
        case loseWrite, lose, loseWithin, abort, noDelay, keepAlive, ask

        /// Its weight; calls that end something follow the temper of the run.
        func weight(_ temper: Int) -> Int {
            switch self {
            case .writeSpan, .writeArray, .writeText: 40
            case .writePieces, .sendFile, .pauseReading: 30
            case .resumeReading: 50
            case .relay, .stopRelay, .marks: 20
            case .sendFileByPath, .rate, .noRate, .group, .noGroup, .noTimeouts, .ask: 10
            case .noDelay, .keepAlive: 3
            case .timeouts: temper
            case .limit: temper * 2
            case .sendCutFile, .abort: temper
            case .loseWrite: temper * 3
            case .lose, .loseWithin: temper * 2
            }
        }
    }

    /// Makes a number of random calls, most of them on this end's own transport.
    func act(_ count: Int) {
        guard !scene.isFinal, patience > 0 else { return }
        patience -= 1
        for _ in 0..<count {
            let end = random.oneIn(7) ? scene.ends[random.roll(scene.ends.count)] : self
            end.make(scene.calls[random.roll(scene.calls.count)])
        }
    }

    func actThrowing(_ count: Int) throws {
        act(count)
        guard !scene.isFinal, random.roll(4000) < scene.temper else { return }
        hasThrown = true
        scene.note("\(name) throws")
        throw Oops()
    }

    /// A call on the transport, in which no callback may come.
    func call<Result, Failure: Error>(
        _ what: String, _ body: (any Transport) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        scene.note("\(name): \(what)")
        scene.isCalling = true
        defer { scene.isCalling = false }
        return try body(transport)
    }

    /// Whether a write would be accepted now.
    var accepts: Bool { isMade && !endsWriting && !transport.isClosing }

    private var isOpen: Bool { isMade && !transport.isClosing }

    private func size() -> Int {
        // Around the size of a gathered chunk, and around the size from which a write is not copied.
        let sizes = [0, 1, 2, 4095, 8191, 8192, 8193, 16_383, 16_384, 16_385, 20_000, 70_000, 150_000]
        return random.roll(3) == 0 ? sizes[random.roll(sizes.count)] : random.roll(3000)
    }

    private func write(_ count: Int, _ body: (any Transport, [UInt8]) -> Void) {
        let bytes = outgoing.next(count)
        if accepts { outgoing.accept(count) }
        call("write \(count)") { body($0, bytes) }
    }

    func make(_ what: Call) {
        switch what {
        case .writeSpan: write(size()) { $0.write($1.span) }
        case .writeArray: write(size()) { $0.write($1) }
        case .writeText: write(size()) { $0.write(String(decoding: $1, as: UTF8.self)) }
        case .writePieces:
            let pieceSize = 1 + random.roll(5000)
            write(size()) { transport, bytes in
                let starts = stride(from: 0, to: bytes.count, by: pieceSize)
                transport.write(contentsOf: starts.lazy.map { Array(bytes[$0..<min($0 + pieceSize, bytes.count)]) })
            }
        case .sendFile, .sendFileByPath, .sendCutFile: send(what)
        case .relay: beginRelay(to: scene.ends[random.roll(scene.ends.count)])
        case .stopRelay: call("stop relay") { _ in relay?.stop() }
        case .pauseReading:
            if isMade { isReadPaused = true }
            call("pauseReading") { $0.pauseReading() }
        case .resumeReading: resume()
        case .marks:
            let high = random.roll(100_000) - 10
            let low = random.roll(50_000) - 10
            call("marks \(high) \(low)") { $0.setWriteBufferLimits(high: high, low: low) }
        case .limit:
            let limit = random.oneIn(2) ? nil : 10_000 + random.roll(1_000_000)
            if limit != nil { hasLimit = true }
            call("limit \(String(describing: limit))") { $0.writeBufferLimit = limit }
        case .rate:
            let rate = 100_000 + random.roll(5_000_000)
            let limit = RateLimit(
                readRate: random.oneIn(2) ? rate : nil, writeRate: random.oneIn(2) ? rate : nil,
                burst: random.roll(50_000))
            _ = call("rate \(limit)") { $0.setRateLimit(limit) }
        case .noRate: _ = call("no rate") { $0.setRateLimit(nil) }
        case .group: _ = call("group") { $0.setRateLimitGroup(scene.group) }
        case .noGroup: _ = call("no group") { $0.setRateLimitGroup(nil) }
        case .timeouts: setTimeouts()
        case .noTimeouts: call("no timeouts") { $0.setTimeouts(.none) }
        case .loseWrite:
            if isOpen { endsWriting = true }
            call("loseWrite") { $0.loseWriteConnection() }
        case .lose: lose()
        case .loseWithin:
            noteLosing()
            hasTimeouts = true
            let deadline = random.roll(20)
            call("lose within \(deadline) ms") { $0.loseConnection(within: .milliseconds(deadline)) }
        case .abort:
            if isMade, reason == nil {
                hasAborted = true
                isLeaving = true
            }
            call("abort") { $0.abortConnection() }
        case .noDelay: _ = call("noDelay") { $0.setNoDelay(random.oneIn(2)) }
        case .keepAlive:
            _ = call("keepAlive") { $0.setKeepAlive(idle: .seconds(5), interval: .seconds(1), count: 3) }
        case .ask: ask()
        }
    }

    private func noteLosing() {
        guard isMade, reason == nil else { return }
        hasLost = true
        isLeaving = true
    }

    func lose() {
        noteLosing()
        call("lose") { $0.loseConnection() }
    }

    func resume() {
        if isMade { isReadPaused = false }
        call("resumeReading") { $0.resumeReading() }
    }

    private func setTimeouts() {
        func some() -> Duration? { random.oneIn(2) ? .milliseconds(1 + random.roll(40)) : nil }
        let pace = TransferRate(bytes: 1 + random.roll(100_000), per: .milliseconds(1 + random.roll(40)))
        let timeouts = StreamTimeouts(
            idle: some(), read: some(), write: some(), firstByte: some(),
            minimumReadRate: random.oneIn(4) ? pace : nil, minimumWriteRate: random.oneIn(4) ? pace : nil)
        if isMade { hasTimeouts = true }
        call("timeouts") { $0.setTimeouts(timeouts) }
    }

    private func ask() {
        call("ask") { transport in
            if transport.bufferedByteCount < 0 { complain("fewer bytes than none wait") }
            if transport.bufferedByteCount > outgoing.count { complain("more bytes wait than were written") }
            _ = (transport.localAddress, transport.peerAddress, transport.writeBufferLimit, transport.expiredTimeout)
        }
    }
}
