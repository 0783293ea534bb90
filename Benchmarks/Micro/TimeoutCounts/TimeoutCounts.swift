// One kind of work on common timeouts, once, in virtual time: for counting instructions under valgrind. Options:
//   --work W             none, arm, rearm, cancel, replace, look or expire
//   --count N            how many timeouts
//
// Prints a line of JSON: the operations, the turns that they took, and the timers fired, of which `look` sets 60,000. Two runs, with the work and with what it
// builds on, are subtracted: `rearm`, `cancel`, `replace` and `expire` begin with `arm`.

import EventReactor
import EventReactorTesting
import Glibc

final class Counter {
    let reactor = SimulatedReactor(seed: 1)
    let count: Int
    var armed: [ArmedTimeout] = []
    var expired = 0
    /// In mixed order.
    private var state: UInt64 = 88_172_645_463_325_252

    init(count: Int) {
        self.count = count
    }

    private func random() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }

    private func mixedOrder() -> [Int] {
        var order = Array(0..<count)
        for index in order.indices.reversed() { order.swapAt(index, Int(random() % UInt64(index + 1))) }
        return order
    }

    /// Arms all within a second.
    func arm(_ common: CommonTimeout, per step: Int) {
        armed.reserveCapacity(count)
        var left = count
        while left > 0 {
            for _ in 0..<min(step, left) { armed.append(common.arm { [unowned self] in expired += 1 }) }
            left -= step
            reactor.advance(by: .milliseconds(1))
        }
    }

    /// Each is re-armed every 30 seconds, in mixed order, for ten times its minute.
    func look() -> Int {
        let minute = reactor.commonTimeout(.seconds(60))
        let order = mixedOrder()
        arm(minute, per: max(1, count / 1000))
        let ticks = 3000
        var next = 0
        var due = 0
        for tick in 0..<20 * ticks {
            reactor.callLater(.milliseconds(10)) { [unowned self] in
                due = (tick + 1) * count / ticks
                while next < due {
                    armed[order[next % count]].rearm()
                    next += 1
                }
            }
            reactor.advance(by: .milliseconds(10))
        }
        return next
    }

    func run(_ work: String) -> Int? {
        let hour = reactor.commonTimeout(.seconds(3600))
        switch work {
        case "none":
            return 0
        case "arm":
            arm(hour, per: max(1, count / 1000))
            return count
        case "rearm":
            arm(hour, per: max(1, count / 1000))
            reactor.callSoon { [unowned self] in
                for _ in 0..<10 { for timeout in armed { timeout.rearm() } }
            }
            reactor.advance(by: .zero)
            return 10 * count
        case "cancel":
            let order = mixedOrder()
            arm(hour, per: max(1, count / 1000))
            for index in order { armed[index].cancel() }
            return count
        case "replace":
            // As connections that come and go do, beside those that stay.
            let order = mixedOrder()
            arm(hour, per: max(1, count / 1000))
            for (step, index) in order.enumerated() {
                armed[index].cancel()
                armed[index] = hour.arm {}
                if step % 1000 == 0 { reactor.advance(by: .milliseconds(1)) }
            }
            return count
        case "look":
            return look()
        case "expire":
            arm(hour, per: count)
            reactor.advance(by: .seconds(3601))
            return expired
        default:
            return nil
        }
    }
}

@main struct TimeoutCounts {
    static func main() {
        let arguments = CommandLine.arguments
        guard arguments.count == 5, arguments[1] == "--work", arguments[3] == "--count", let count = Int(arguments[4]),
            count > 0
        else {
            print("usage: TimeoutCounts --work W --count N")
            exit(2)
        }
        let counter = Counter(count: count)
        guard let operations = counter.run(arguments[2]) else {
            print("unknown work")
            exit(2)
        }
        let metrics = counter.reactor.metrics
        print(
            """
            {"operations": \(operations), "expired": \(counter.expired), "turns": \(metrics.loop.turns), \
            "timers": \(metrics.timers.fired)}
            """)
        // What goes with the process is not counted.
        fflush(nil)
        _exit(0)
    }
}
