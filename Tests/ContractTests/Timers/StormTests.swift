import EventReactor
import Testing

@testable import EventReactorCore

/// A hundred thousand calls of one kind that come due together: a turn makes a bounded number of them.
///
/// The tests assert the calls in the turns between, and not the time that they take.
@Suite("Contract 55: calls that fall due together delay no others")
struct StormTests {
    enum Kind: String, CaseIterable, Sendable, Codable {
        case timers, commonTimeouts, callSoon, callsFromThread
    }

    private static let count = 100_000
    /// One transport of each reactor, since turns are counted here.
    static let settings = Setting.all.filter { $0.transport == $0.engine.transports[0] }

    private func begin(_ kind: Kind, in world: World, _ body: @escaping (Int) -> Void) {
        let reactor = world.reactor
        switch kind {
        case .timers:
            // All set for one instant, which comes in this callback.
            let instant = reactor.now.advanced(by: .milliseconds(1))
            for number in 0..<StormTests.count {
                _ = reactor.timers.add(at: instant) { body(number) }
            }
        case .commonTimeouts:
            let common = reactor.commonTimeout(.milliseconds(1))
            for number in 0..<StormTests.count { common.arm { body(number) } }
        case .callSoon:
            for number in 0..<StormTests.count { reactor.callSoon { body(number) } }
        case .callsFromThread:
            nonisolated(unsafe) let body = body
            for number in 0..<StormTests.count { world.remote.callFromThread { _ in unsafe body(number) } }
        }
    }

    @Test(arguments: StormTests.settings, Kind.allCases)
    func line55BytesAndEveryOtherKindOfCallComeInTheTurnsOfAStorm(_ setting: Setting, _ kind: Kind) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        unowned let reactor = world.reactor
        var fired: [UInt64: Int] = [:]
        var count = 0
        var isOrdered = true
        var others: [Kind: Int] = [:]
        var isOver: Bool { count == StormTests.count }
        var isInStorm: Bool { count > 0 && !isOver }
        let (server, client) = try world.pair()
        var echoes = 0
        client.onMade = { _ in
            begin(kind, in: world) { number in
                if number != count && kind != .commonTimeouts { isOrdered = false }
                if count == 0 { client.transport.write("a") }
                count += 1
                fired[reactor.turnNumber, default: 0] += 1
                guard isOver else { return }
                reactor.callLater(.milliseconds(1)) { world.finish() }
            }
        }
        server.onData = { server, data in server.transport.write(data) }
        client.onData = { client, data in
            if isInStorm { echoes += 1 }
            if !isOver { client.transport.write(data) }
        }
        // Each kind of call that is not queued behind the storm, repeatedly.
        let short = reactor.commonTimeout(.nanoseconds(1))
        func again(_ other: Kind) {
            let body = {
                if isInStorm { others[other, default: 0] += 1 }
                if !isOver { again(other) }
            }
            switch other {
            case .timers: reactor.callLater(.nanoseconds(1), body)
            case .commonTimeouts: short.arm(body)
            case .callSoon: reactor.callSoon(body)
            case .callsFromThread:
                nonisolated(unsafe) let body = body
                world.remote.callFromThread { _ in unsafe body() }
            }
        }
        for other in Kind.allCases where other != kind { again(other) }
        try world.run()
        #expect(count == StormTests.count)
        #expect(isOrdered)
        #expect(fired.values.allSatisfy { $0 <= TurnShare.calls }, "\(fired.values.max() ?? 0) in one turn")
        #expect(echoes > 1)
        // If the machine delays the reactor by a tenth of a second, common timeouts wait for another tenth.
        for other in Kind.allCases where other != kind && (other != .commonTimeouts || !setting.isOnKernel) {
            #expect(others[other, default: 0] > 1, "\(other.rawValue) in a storm of \(kind.rawValue)")
        }
    }

    @Test(arguments: Setting.reactors)
    func line55ATimerThatIsSetInAStormOfTimeoutsDoesNotWaitForItsEnd(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        var count = 0
        var firedAt: Int?
        begin(.commonTimeouts, in: world) { _ in
            count += 1
            if count == 1 { world.reactor.callLater(.zero) { firedAt = count } }
            if count == StormTests.count { world.finish() }
        }
        try world.run()
        let passed = try #require(firedAt)
        #expect(passed <= 3 * TurnShare.calls, "after \(passed) timeouts")
    }

    @Test(arguments: Setting.reactors)
    func line55AStopInAStormIsObeyedAndTheRestIsForTheNextRun(_ setting: Setting) throws {
        for kind in Kind.allCases {
            let world = try setting.makeWorld()
            defer { world.end() }
            var count = 0
            begin(kind, in: world) { _ in
                count += 1
                if count == 10 || count == StormTests.count { world.finish() }
            }
            try world.run()
            #expect(count >= 10 && count < StormTests.count)
            try world.run()
            #expect(count == StormTests.count)
        }
    }
}
