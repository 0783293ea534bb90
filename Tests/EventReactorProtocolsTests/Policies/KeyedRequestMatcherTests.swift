import EventReactorProtocols
import EventReactorTesting
import Testing

@testable import EventReactorCore

@Suite("KeyedRequestMatcher")
struct KeyedRequestMatcherTests {
    private let reactor = SimulatedReactor(seed: 1)

    private func makeMatcher(
        timeout: Duration? = .seconds(5), maximumOutstanding: Int = 1024
    ) -> KeyedRequestMatcher<String, Int> {
        KeyedRequestMatcher(on: reactor, timeout: timeout, maximumOutstanding: maximumOutstanding)
    }

    @Test func responsesComeInAnyOrder() throws {
        let requests = makeMatcher()
        let log = RequestLog()
        for key in ["a", "b", "c"] { try requests.add(key, log.completion(key)) }
        #expect(requests.receive(2, for: "b") == .delivered)
        #expect(requests.receive(3, for: "c") == .delivered)
        #expect(requests.receive(1, for: "a") == .delivered)
        #expect(log.entries == ["b 2", "c 3", "a 1"])
        #expect(requests.receive(1, for: "a") == .unexpected && requests.outstandingCount == 0)
    }

    @Test func aKeyIsUsedByOneRequestAtATime() throws {
        let requests = makeMatcher()
        let log = RequestLog()
        try requests.add("a", log.completion("first"))
        #expect { try requests.add("a", log.completion("second")) } throws: {
            if case RequestError.duplicateKey = $0 { true } else { false }
        }
        requests.receive(1, for: "a")
        try requests.add("a", log.completion("third"))
        requests.receive(2, for: "a")
        #expect(log.entries == ["first 1", "third 2"])
    }

    @Test func eachRequestHasItsOwnDeadlineWhateverWasAnsweredMeanwhile() throws {
        let requests = makeMatcher()
        let log = RequestLog()
        var keys: [String] = []
        requests.onTimeout = { keys.append($0) }
        for key in ["a", "b", "c"] {
            try requests.add(key, log.completion(key))
            reactor.advance(by: .seconds(1))
        }
        requests.receive(1, for: "a")
        reactor.advance(by: .seconds(3) - .nanoseconds(1))
        #expect(log.entries == ["a 1"])
        reactor.advance(by: .nanoseconds(1))
        #expect(log.entries == ["a 1", "b timed out"])
        reactor.advance(by: .seconds(1))
        #expect(log.entries == ["a 1", "b timed out", "c timed out"] && keys == ["b", "c"])
        #expect(requests.receive(2, for: "b") == .unexpected && requests.outstandingCount == 0)
    }

    @Test func theLimitBoundsWhatIsOutstanding() throws {
        let requests = makeMatcher(maximumOutstanding: 2)
        try requests.add("a") { _ in }
        try requests.add("b") { _ in }
        #expect { try requests.add("c") { _ in } } throws: {
            if case RequestError.tooManyOutstanding(limit: 2) = $0 { true } else { false }
        }
        #expect(requests.cancel("a") && !requests.cancel("a"))
        try requests.add("c") { _ in }
        #expect(requests.outstandingCount == 2)
    }

    @Test func theLossFailsAllOldestFirst() throws {
        let requests = makeMatcher()
        let log = RequestLog()
        for key in ["z", "y", "x"] { try requests.add(key, log.completion(key)) }
        #expect(requests.cancel("y"))
        requests.connectionLost(.done)
        #expect(log.entries == ["z lost: connection closed in order", "x lost: connection closed in order"])
        #expect(throws: RequestError.self) { try requests.add("a") { _ in } }
        #expect(requests.receive(1, for: "z") == .unexpected && reactor.timers.count == 0)
    }

    @Test func completionsMayAddAndEndRequests() throws {
        let requests = makeMatcher()
        let log = RequestLog()
        try requests.add("a") { _ in
            requests.cancel("b")
            _ = try? requests.add("a", log.completion("again"))
        }
        try requests.add("b", log.completion("b"))
        try requests.add("c") { _ in requests.connectionLost(.done) }
        reactor.advance(by: .seconds(5))
        #expect(log.entries == ["again lost: connection closed in order"])
    }

    @Test func allRequestsShareOneTimer() throws {
        let requests = KeyedRequestMatcher<Int, Int>(on: reactor, timeout: .seconds(1), maximumOutstanding: 10_000)
        for key in 0..<10_000 { try requests.add(key) { _ in } }
        #expect(reactor.timers.count == 1)
        for key in 0..<10_000 { requests.receive(key, for: key) }
        reactor.advance(by: .seconds(1))
        #expect(reactor.timers.count == 0)
    }

    @Test func aReleasedMatcherReleasesItsRequestsAndItsTimer() throws {
        var requests: KeyedRequestMatcher<String, Int>? = makeMatcher()
        weak var object: RequestLog?
        do {
            let log = RequestLog()
            object = log
            try requests?.add("a", log.completion("a"))
        }
        #expect(object != nil && reactor.timers.count == 1)
        requests = nil
        #expect(object == nil && reactor.timers.count == 0)
    }

    @Test(arguments: 0..<UInt64(20))
    func itAgreesWithAModel(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let requests = KeyedRequestMatcher<Int, Int>(on: reactor, timeout: .seconds(3), maximumOutstanding: 20)
        var model: [(key: Int, number: Int, deadline: ReactorInstant)] = []
        var (expected, got) = ([String](), [String]())
        for number in 0..<5_000 {
            let key = random.integer(in: 0...30)
            let index = model.firstIndex { $0.key == key }
            switch random.integer(in: 0...9) {
            case 0...3:
                guard index == nil, model.count < 20 else {
                    #expect(throws: RequestError.self) { try requests.add(key) { _ in } }
                    continue
                }
                try requests.add(key) { result in
                    if case .success(let value) = result {
                        got.append("\(number) \(value)")
                    } else {
                        got.append("\(number) late")
                    }
                }
                model.append((key, number, reactor.now.advanced(by: .seconds(3))))
            case 4...6:
                #expect(requests.receive(number, for: key) == (index == nil ? .unexpected : .delivered))
                if let index { expected.append("\(model.remove(at: index).number) \(number)") }
            case 7:
                #expect(requests.cancel(key) == (index != nil))
                if let index { model.remove(at: index) }
            default:
                reactor.advance(by: .milliseconds(random.integer(in: 0...1_000)))
                expected += model.filter { $0.deadline <= reactor.now }.map { "\($0.number) late" }
                model.removeAll { $0.deadline <= reactor.now }
            }
            #expect(requests.outstandingCount == model.count)
        }
        #expect(got == expected)
    }
}
