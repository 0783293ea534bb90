// The cost of re-arming a timeout, with many of them armed. Options:
//   --count N            how many timeouts
//
// Prints "ready", and for each line on its standard input a line of JSON: nanoseconds each. Plain stores into as many
// objects of the same size, in the same order, show how much of it is the cost of memory.

import EventReactor
import Glibc

/// As large as a timeout.
final class Plain {
    var stamp: Int64 = 0
    var rest = (0, 0, 0, 0, 0, 0)
}

@main struct Timeouts {
    /// Re-arms in one slice, or one of each if there are more.
    static let slice = 1_000_000

    static func nanoseconds() -> Int64 {
        unsafe withUnsafeTemporaryAllocation(of: timespec.self, capacity: 1) { time in
            unsafe time.initialize(repeating: timespec())
            unsafe clock_gettime(CLOCK_MONOTONIC, time.baseAddress!)
            return unsafe Int64(time[0].tv_sec) * 1_000_000_000 + Int64(time[0].tv_nsec)
        }
    }

    /// Nanoseconds of each call of many, without retaining and releasing the objects.
    @inline(__always)
    static func time<Element: AnyObject>(_ all: [Element], _ body: (Element) -> Void) -> Double {
        let all = unsafe all.map { unsafe Unmanaged.passUnretained($0) }
        return unsafe all.withUnsafeBufferPointer { all in
            let passes = max(1, slice / all.count)
            let start = nanoseconds()
            for _ in 0..<passes {
                for index in 0..<all.count { unsafe all[index]._withUnsafeGuaranteedRef { body($0) } }
            }
            return Double(nanoseconds() - start) / Double(passes * all.count)
        }
    }

    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 3, arguments[1] == "--count", let count = Int(arguments[2]), count > 0 else {
            print("usage: Timeouts --count N")
            exit(2)
        }
        let reactor = try Reactor()
        let idle = reactor.commonTimeout(.seconds(3600))
        var armed: [ArmedTimeout] = []
        armed.reserveCapacity(count)
        let start = nanoseconds()
        for _ in 0..<count { armed.append(idle.arm { fatalError("an hour has passed") }) }
        let arming = Double(nanoseconds() - start) / Double(count)
        let plain = (0..<count).map { _ in Plain() }
        let timers = (0..<count).map { _ in reactor.callLater(.seconds(3600)) {} }
        // The same order for both.
        let order = (0..<count).shuffled()
        let (armedMixed, plainMixed) = (order.map { armed[$0] }, order.map { plain[$0] })

        print("ready")
        fflush(nil)
        func next() {
            guard readLine() != nil else { return reactor.remote.stop() }
            let rearm = time(armed) { $0.rearm() }
            let store = time(plain) { $0.stamp = 1 }
            let rearmMixed = time(armedMixed) { $0.rearm() }
            let storeMixed = time(plainMixed) { $0.stamp = 1 }
            let reset = time(timers) { $0.reset(to: .seconds(3600)) }
            print(
                """
                {"rearm": \(rearm), "store": \(store), "rearm_mixed": \(rearmMixed), "store_mixed": \(storeMixed), \
                "reset": \(reset), "arm": \(arming)}
                """)
            fflush(nil)
            reactor.callSoon(next)
        }
        reactor.callSoon(next)
        try reactor.run()
    }
}
