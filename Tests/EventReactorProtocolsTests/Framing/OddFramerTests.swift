import EventReactorCore
import EventReactorProtocols
import EventReactorTesting
import Testing

@Suite("Framing: framers that answer nonsense")
struct OddFramerTests {
    /// Answers the same whatever arrives.
    struct Odd: Framer {
        let step: FrameStep
        func next(in bytes: Span<UInt8>, scanned: Int) throws(FramingError) -> FrameStep { step }
    }

    final class Receiver: Framed<Odd> {
        var count = 0
        var reason: ConnectionLostReason?
        override func frameReceived(_ frame: Span<UInt8>) { count += 1 }
        override func connectionLost(_ reason: ConnectionLostReason) { self.reason = reason }
    }

    static func feed(_ step: FrameStep) -> Receiver {
        let receiver = Receiver(Odd(step: step))
        let transport = TestTransport(for: receiver)
        transport.receive("abc")
        transport.receive("defg")
        return receiver
    }

    @Test(arguments: [(Int.max, Int.max), (Int.min, Int.min), (-1, 0), (1000, -1)])
    func absurdHintsDoNoHarm(_ scanned: Int, _ missing: Int) {
        #expect(OddFramerTests.feed(.needMore(scanned: scanned, missing: missing)).reason == nil)
    }

    @Test func aRangeBeyondTheBytesIsAnError() async {
        await #expect(processExitsWith: .success) {
            let reason = OddFramerTests.feed(.frame(0..<10, consumed: 3)).reason
            guard case .failed(is FramingError)? = reason else { fatalError("\(String(describing: reason))") }
        }
    }

    @Test func aNegativeCountIsAnError() async {
        await #expect(processExitsWith: .success) {
            let reason = OddFramerTests.feed(.frame(0..<1, consumed: -1)).reason
            guard case .failed(is FramingError)? = reason else { fatalError("\(String(describing: reason))") }
        }
    }

    @Test func aNegativeRangeIsAnError() async {
        await #expect(processExitsWith: .success) {
            let reason = OddFramerTests.feed(.frame(-1..<1, consumed: 1)).reason
            guard case .failed(is FramingError)? = reason else { fatalError("\(String(describing: reason))") }
        }
    }

    @Test(.timeLimit(.minutes(1))) func aKeyThatEqualsNothingTimesOut() async {
        await #expect(processExitsWith: .success) {
            let reactor = SimulatedReactor(seed: 0)
            let requests = KeyedRequestMatcher<Double, Int>(on: reactor, timeout: .seconds(1))
            var results = 0
            var rings = 0
            requests.onTimeout = { _ in
                rings += 1
                if rings > 1000 { fatalError("it spins") }
            }
            try requests.add(.nan) { _ in results += 1 }
            reactor.advance(by: .seconds(2))
            guard results == 1 else { fatalError("\(results)") }
        }
    }

    @Test func aReactorThatIsClosedAsTheNextOneBegins() async {
        await #expect(processExitsWith: .success) {
            let (first, second) = (CallRecorder(), CallRecorder())
            let transport = TestTransport(for: first)
            second.onMade = { [unowned transport] _ in transport.reactor.close() }
            transport.reactor.callSoon { first.switchProtocol(to: second) }
            transport.reset()
        }
    }
}
