import EventReactorProtocols
import EventReactorTesting
import Testing

@testable import EventReactorCore

@Suite("OrderedRequestMatcher")
struct OrderedRequestMatcherTests {
    private let reactor = SimulatedReactor(seed: 1)

    private func makeMatcher(
        timeout: Duration? = .seconds(5), maximumOutstanding: Int = 1024
    ) -> OrderedRequestMatcher<Int> {
        OrderedRequestMatcher(on: reactor, timeout: timeout, maximumOutstanding: maximumOutstanding)
    }

    @Test func responsesGoToRequestsInOrder() throws {
        let requests = makeMatcher()
        let log = RequestLog()
        for name in ["a", "b", "c"] { try requests.add(log.completion(name)) }
        #expect(log.entries == [] && requests.outstandingCount == 3)
        #expect([1, 2, 3].map { requests.receive($0) } == [.delivered, .delivered, .delivered])
        #expect(log.entries == ["a 1", "b 2", "c 3"])
        #expect(requests.outstandingCount == 0 && requests.receive(4) == .unexpected)
    }

    @Test func eachRequestHasItsOwnDeadline() throws {
        let requests = makeMatcher()
        let log = RequestLog()
        try requests.add(log.completion("a"))
        reactor.advance(by: .seconds(3))
        try requests.add(log.completion("b"))
        reactor.advance(by: .seconds(2) - .nanoseconds(1))
        #expect(log.entries == [])
        reactor.advance(by: .nanoseconds(1))
        #expect(log.entries == ["a timed out"])
        reactor.advance(by: .seconds(3) - .nanoseconds(1))
        #expect(log.entries.count == 1)
        reactor.advance(by: .nanoseconds(1))
        #expect(log.entries == ["a timed out", "b timed out"])
    }

    @Test func aLateResponseIsDroppedAndNotTakenForTheNext() throws {
        let requests = makeMatcher()
        let log = RequestLog()
        try requests.add(log.completion("a"))
        reactor.advance(by: .seconds(5))
        try requests.add(log.completion("b"))
        #expect(requests.outstandingCount == 2)
        #expect(requests.receive(1) == .dropped)
        #expect(requests.receive(2) == .delivered)
        #expect(log.entries == ["a timed out", "b 2"])
    }

    @Test func aPeerThatNeverAnswersFillsThePlaces() throws {
        let requests = makeMatcher(maximumOutstanding: 3)
        let log = RequestLog()
        for _ in 0..<3 { try requests.add(log.completion("a")) }
        reactor.advance(by: .seconds(100))
        #expect(log.entries.count == 3)
        for _ in 0..<100 {
            #expect { try requests.add(log.completion("b")) } throws: {
                if case RequestError.tooManyOutstanding(limit: 3) = $0 { true } else { false }
            }
        }
        #expect(requests.outstandingCount == 3 && log.entries.count == 3)
        #expect(requests.receive(1) == .dropped)
        try requests.add(log.completion("c"))
    }

    @Test func aTimeoutMayAbortTheConnection() throws {
        final class Client: Protocol {
            let requests: OrderedRequestMatcher<Int>
            let log = RequestLog()
            init(_ reactor: ReactorBase) {
                requests = OrderedRequestMatcher(on: reactor, timeout: .seconds(1))
                super.init()
                requests.onTimeout = { [unowned self] in transport.abortConnection() }
            }
            override func connectionLost(_ reason: ConnectionLostReason) { requests.connectionLost(reason) }
        }
        let client = Client(reactor)
        let transport = TestTransport(for: client, on: reactor)
        try client.requests.add(client.log.completion("a"))
        reactor.advance(by: .milliseconds(1))
        try client.requests.add(client.log.completion("b"))
        transport.advance(by: .seconds(1))
        #expect(transport.wasReset)
        #expect(client.log.entries == ["a timed out", "b lost: connection aborted by this side"])
    }

    @Test func aCancelledRequestIsNeverCompletedAndKeepsItsPlace() throws {
        let requests = makeMatcher()
        let log = RequestLog()
        let first = try requests.add(log.completion("a"))
        let second = try requests.add(log.completion("b"))
        #expect(requests.cancel(first) && !requests.cancel(first))
        #expect(requests.receive(1) == .dropped)
        #expect(requests.receive(2) == .delivered)
        #expect(!requests.cancel(first) && !requests.cancel(second))
        let third = try requests.add(log.completion("c"))
        #expect(requests.cancel(third))
        reactor.advance(by: .seconds(10))
        requests.connectionLost(.done)
        #expect(log.entries == ["b 2"])
    }

    @Test func theLossFailsAllInOrderWithItsReason() throws {
        let requests = makeMatcher()
        let log = RequestLog()
        for name in ["a", "b"] { try requests.add(log.completion(name)) }
        requests.connectionLost(.timedOut)
        requests.connectionLost(.done)
        #expect(log.entries == ["a lost: connection timed out", "b lost: connection timed out"])
        #expect { try requests.add(log.completion("c")) } throws: {
            if case RequestError.connectionLost(.timedOut) = $0 { true } else { false }
        }
        #expect(requests.outstandingCount == 0 && requests.receive(1) == .unexpected)
        #expect(reactor.timers.count == 0)
    }

    @Test func completionsMayAddAndCancelRequests() throws {
        let requests = makeMatcher()
        let log = RequestLog()
        var last: OrderedRequestMatcher<Int>.ID?
        try requests.add { _ in
            _ = try? requests.add(log.completion("added"))
            if let last { #expect(requests.cancel(last)) }
        }
        last = try requests.add(log.completion("cancelled"))
        #expect(requests.receive(1) == .delivered)
        #expect(requests.receive(2) == .dropped)
        #expect(requests.receive(3) == .delivered)
        #expect(log.entries == ["added 3"])
    }

    @Test func aRequestThatATimeoutAddsDelaysNoOtherDeadline() throws {
        let requests = makeMatcher()
        let log = RequestLog()
        try requests.add { _ in _ = try? requests.add(log.completion("c")) }
        reactor.advance(by: .seconds(1))
        try requests.add(log.completion("b"))
        reactor.advance(by: .seconds(5))
        #expect(log.entries == ["b timed out"])
        reactor.advance(by: .seconds(4) - .nanoseconds(1))
        #expect(log.entries.count == 1)
        reactor.advance(by: .nanoseconds(1))
        #expect(log.entries == ["b timed out", "c timed out"])
    }

    @Test func theLossInATimeoutEndsAll() throws {
        let requests = makeMatcher()
        let log = RequestLog()
        try requests.add { _ in requests.connectionLost(.aborted) }
        try requests.add(log.completion("b"))
        reactor.advance(by: .seconds(5))
        #expect(log.entries == ["b lost: connection aborted by this side"])
    }

    @Test func allRequestsShareOneTimer() throws {
        let requests = makeMatcher(maximumOutstanding: 10_000)
        for _ in 0..<10_000 { try requests.add { _ in } }
        #expect(reactor.timers.count == 1)
        for index in 0..<10_000 { requests.receive(index) }
        for _ in 0..<100 {
            reactor.advance(by: .milliseconds(100))
            try requests.add { _ in }
            requests.receive(0)
            #expect(reactor.timers.count <= 1)
        }
        reactor.advance(by: .seconds(10))
        #expect(reactor.timers.count == 0)
    }

    @Test func withoutATimeoutThereIsNoTimer() throws {
        let requests = makeMatcher(timeout: nil)
        try requests.add { _ in Issue.record("called") }
        #expect(reactor.timers.count == 0)
        reactor.advance(by: .seconds(1_000_000))
        #expect(requests.outstandingCount == 1)
    }

    @Test(arguments: [Duration.zero, .seconds(-3)])
    func withoutTimeARequestTimesOutInTheNextTurn(_ timeout: Duration) throws {
        let requests = makeMatcher(timeout: timeout)
        let log = RequestLog()
        try requests.add(log.completion("a"))
        #expect(log.entries == [])
        reactor.advance(by: .microseconds(1))
        #expect(log.entries == ["a timed out"])
    }

    @Test func aReleasedMatcherReleasesItsRequestsAndItsTimer() throws {
        var requests: OrderedRequestMatcher<Int>? = makeMatcher()
        weak var object: RequestLog?
        do {
            let log = RequestLog()
            object = log
            try requests?.add(log.completion("a"))
        }
        #expect(object != nil && reactor.timers.count == 1)
        requests = nil
        #expect(object == nil && reactor.timers.count == 0)
    }

    @Test func itOutlivesItsReactorHarmlessly() throws {
        var made: SimulatedReactor? = SimulatedReactor(seed: 1)
        weak let released = made
        let requests = OrderedRequestMatcher<Int>(on: made!)
        let log = RequestLog()
        try requests.add(log.completion("a"))
        made = nil
        #expect(released == nil)
        try requests.add(log.completion("b"))
        #expect(requests.receive(1) == .delivered)
        requests.connectionLost(.done)
        #expect(log.entries == ["a 1", "b lost: connection closed in order"])
    }

    @Test(arguments: 0..<UInt64(20))
    func itAgreesWithAModel(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let requests = makeMatcher(timeout: .seconds(3), maximumOutstanding: 20)
        var model: [(number: Int, deadline: ReactorInstant, isLive: Bool, id: OrderedRequestMatcher<Int>.ID)] = []
        var (expected, got) = ([String](), [String]())
        for number in 0..<5_000 {
            switch random.integer(in: 0...9) {
            case 0...3:
                guard model.count < 20 else {
                    #expect(throws: RequestError.self) { try requests.add { _ in } }
                    continue
                }
                let id = try requests.add { result in
                    if case .success(let value) = result {
                        got.append("\(number) \(value)")
                    } else {
                        got.append("\(number) late")
                    }
                }
                model.append((number, reactor.now.advanced(by: .seconds(3)), true, id))
            case 4...6:
                let outcome = requests.receive(number)
                guard let first = model.first else {
                    #expect(outcome == .unexpected)
                    continue
                }
                #expect(outcome == (first.isLive ? .delivered : .dropped))
                if first.isLive { expected.append("\(first.number) \(number)") }
                model.removeFirst()
            case 7:
                guard !model.isEmpty else { continue }
                let index = random.integer(in: 0...model.count - 1)
                #expect(requests.cancel(model[index].id) == model[index].isLive)
                model[index].isLive = false
            default:
                reactor.advance(by: .milliseconds(random.integer(in: 0...1_000)))
                for index in model.indices where model[index].isLive && model[index].deadline <= reactor.now {
                    expected.append("\(model[index].number) late")
                    model[index].isLive = false
                }
            }
            #expect(requests.outstandingCount == model.count)
        }
        #expect(got == expected)
    }
}

/// Notes the ends of requests.
final class RequestLog {
    private(set) var entries: [String] = []

    func completion(_ name: String) -> (Result<Int, RequestError>) -> Void {
        { [self] result in
            switch result {
            case .success(let value): entries.append("\(name) \(value)")
            case .failure(.timedOut): entries.append("\(name) timed out")
            case .failure(.connectionLost(let reason)): entries.append("\(name) lost: \(reason)")
            case .failure(let error): entries.append("\(name) \(error)")
            }
        }
    }
}
