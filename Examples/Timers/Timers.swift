// Timers: delayed, repeated, rescheduled, cancelled; and blocking work on another thread. Try it:
//
//     swift run -c release Timers
//     swift run -c release Timers 20

import EventReactor
import EventReactorProtocols
import Glibc

/// Blocks its thread, as a database or a slow disk would: never do this in a callback.
func countPrimes(below limit: Int) -> Int {
    (2..<limit).count { number in
        !(2..<number).contains { $0 * $0 <= number && number % $0 == 0 }
    }
}

@main struct Timers {
    static func main() throws {
        guard let ticks = Int(CommandLine.arguments.dropFirst().first ?? "5"), ticks > 0 else {
            print("usage: Timers [number of ticks]")
            exit(2)
        }
        let reactor = try Reactor()
        let start = reactor.now
        func say(_ text: String) { print("\(start.duration(to: reactor.now)): \(text)") }

        reactor.callLater(.milliseconds(150)) { say("150 ms have passed") }

        let never = reactor.callLater(.milliseconds(200)) { say("this is never seen") }
        reactor.callSoon { never.cancel() }

        var partsUnderWay = 2
        func partEnded() {
            partsUnderWay -= 1
            guard partsUnderWay == 0 else { return }
            say("stopping")
            try? reactor.stop()
        }

        // Each tick moves it; it fires once the ticks have ended.
        let watchdog = reactor.callLater(.milliseconds(300)) {
            say("no tick for 300 ms")
            partEnded()
        }
        var count = 0
        var ticking: RepeatingCall?
        ticking = RepeatingCall(on: reactor, every: .milliseconds(100)) { _ in
            count += 1
            say("tick \(count)")
            watchdog.reset(to: .milliseconds(300))
            if count == ticks { ticking?.stop() }
        }
        ticking?.start(immediately: false)

        reactor.deferToThread {
            countPrimes(below: 30_000)
        } then: { result in
            if case .success(let primes) = result { say("\(primes) primes below 30000, counted while ticking") }
            partEnded()
        }
        try reactor.run()
    }
}
