// This library's reactors: timers, calls from other threads, and libevent's chain. Options: see MicroOptions;
// --engine native uses NativeReactor.

import EventReactor
import EventReactorNative
import Glibc
import MicroOptions

@main struct ReactorMicro {
    static func main() throws {
        let options = MicroOptions()
        if options.engine == "native" {
            let reactor = try NativeReactor()
            try work(on: reactor, reactor.remote, options)
        } else {
            let reactor = try Reactor()
            try work(on: reactor, reactor.remote, options)
        }
    }

    static func work<R: ReactorBase>(on reactor: R, _ remote: RemoteHandle<R>, _ options: MicroOptions) throws {
        switch options.work {
        case "timers": try timers(on: reactor, options)
        case "schedule": schedule(on: reactor, options)
        case "calls": try calls(on: reactor, remote, options)
        case "wakes": try wakes(on: reactor, remote, options)
        case "chain": try chain(on: reactor, options)
        default: MicroOptions.fail("no work called \(options.work)")
        }
    }

    // MARK: Timers

    static func timers(on reactor: ReactorBase, _ options: MicroOptions) throws {
        var steps = Steps()
        var delays = Delays()
        let count = options.count
        var fired = 0
        var began = 0

        reactor.callSoon {
            var calls: [DelayedCall] = []
            calls.reserveCapacity(count)
            steps.take("set", each: count) {
                for _ in 0..<count {
                    calls.append(reactor.callLater(.milliseconds(delays.next(60_000...120_000))) { fired += 1 })
                }
            }
            steps.take("re-arm", each: count) {
                for call in calls { call.reset(to: .milliseconds(delays.next(60_000...120_000))) }
            }
            steps.take("cancel", each: count) {
                for call in calls { call.cancel() }
            }
            calls = []
            began = nanoseconds(CLOCK_THREAD_CPUTIME_ID)
            for _ in 0..<count {
                reactor.callLater(.milliseconds(delays.next(1...200))) {
                    fired += 1
                    if fired == count { finish() }
                }
            }
        }

        func finish() {
            steps.add("set and fire", nanoseconds(CLOCK_THREAD_CPUTIME_ID) - began, each: count)
            try? reactor.stop()
        }
        try reactor.run()
        steps.printOut()
    }

    /// Timers set and left, as in SwiftNIO's own benchmark of scheduleTask.
    static func schedule(on reactor: ReactorBase, _ options: MicroOptions) {
        var steps = Steps()
        steps.take("set", each: options.count) {
            for _ in 0..<options.count { reactor.callLater(.seconds(3600)) {} }
        }
        steps.printOut()
    }

    // MARK: Calls from other threads

    static func calls<R: ReactorBase>(on reactor: R, _ remote: RemoteHandle<R>, _ options: MicroOptions) throws {
        let each = options.count / options.threads
        let all = each * options.threads
        let counter = Counter()
        var steps = Steps()
        reactor.onStartup {
            for _ in 0..<options.threads {
                startThread {
                    for _ in 0..<each {
                        remote.callFromThread { reactor in
                            counter.ran += 1
                            if counter.ran == all { try? reactor.stop() }
                        }
                    }
                }
            }
        }
        let start = nanoseconds(CLOCK_MONOTONIC)
        try reactor.run()
        steps.add("call", nanoseconds(CLOCK_MONOTONIC) - start, each: all)
        steps.printOut()
    }

    // MARK: Waking a loop that sleeps

    static func wakes<R: ReactorBase>(on reactor: R, _ remote: RemoteHandle<R>, _ options: MicroOptions) throws {
        let answered = Semaphore()
        var steps = Steps()
        reactor.onStartup {
            startThread {
                for _ in 0..<options.count {
                    remote.callFromThread { _ in answered.post() }
                    answered.wait()
                }
                remote.stop()
            }
        }
        let start = nanoseconds(CLOCK_MONOTONIC)
        try reactor.run()
        steps.add("there and back", nanoseconds(CLOCK_MONOTONIC) - start, each: options.count)
        steps.printOut()
    }
}
