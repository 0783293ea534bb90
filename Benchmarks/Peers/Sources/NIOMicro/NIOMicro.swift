// SwiftNIO's event loop: timers by scheduleTask, calls from other threads by execute. Options: see MicroOptions.

import Glibc
import MicroOptions
import NIOCore
import NIOPosix

@main struct NIOMicro {
    static func main() throws {
        let options = MicroOptions()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        switch options.work {
        case "timers": timers(on: loop, options)
        case "schedule": schedule(on: loop, options)
        case "calls": calls(on: loop, options)
        case "wakes": wakes(on: loop, options)
        default: MicroOptions.fail("no work called \(options.work)")
        }
        try group.syncShutdownGracefully()
    }

    /// A task cannot be moved: it is cancelled and another scheduled.
    static func timers(on loop: any EventLoop, _ options: MicroOptions) {
        let count = options.count
        let ended = Semaphore()
        let counter = Counter()
        loop.execute {
            var steps = Steps()
            var delays = Delays()
            var tasks: [Scheduled<Void>] = []
            tasks.reserveCapacity(count)
            steps.take("set", each: count) {
                for _ in 0..<count {
                    tasks.append(
                        loop.scheduleTask(in: .milliseconds(Int64(delays.next(60_000...120_000)))) { counter.ran += 1 })
                }
            }
            steps.take("re-arm", each: count) {
                for index in tasks.indices {
                    tasks[index].cancel()
                    tasks[index] =
                        loop.scheduleTask(in: .milliseconds(Int64(delays.next(60_000...120_000)))) { counter.ran += 1 }
                }
            }
            steps.take("cancel", each: count) {
                for task in tasks { task.cancel() }
            }
            tasks = []
            let began = nanoseconds(CLOCK_THREAD_CPUTIME_ID)
            let kept = steps
            for _ in 0..<count {
                loop.scheduleTask(in: .milliseconds(Int64(delays.next(1...200)))) {
                    counter.ran += 1
                    guard counter.ran == count else { return }
                    var steps = kept
                    steps.add("set and fire", nanoseconds(CLOCK_THREAD_CPUTIME_ID) - began, each: count)
                    steps.printOut()
                    ended.post()
                }
            }
        }
        ended.wait()
    }

    static func schedule(on loop: any EventLoop, _ options: MicroOptions) {
        let ended = Semaphore()
        loop.execute {
            var steps = Steps()
            steps.take("set", each: options.count) {
                for _ in 0..<options.count { loop.scheduleTask(in: .hours(1)) {} }
            }
            steps.printOut()
            ended.post()
        }
        ended.wait()
    }

    static func calls(on loop: any EventLoop, _ options: MicroOptions) {
        let each = options.count / options.threads
        let all = each * options.threads
        let counter = Counter()
        let ended = Semaphore()
        var steps = Steps()
        let start = nanoseconds(CLOCK_MONOTONIC)
        for _ in 0..<options.threads {
            startThread {
                for _ in 0..<each {
                    loop.execute {
                        counter.ran += 1
                        if counter.ran == all { ended.post() }
                    }
                }
            }
        }
        ended.wait()
        steps.add("call", nanoseconds(CLOCK_MONOTONIC) - start, each: all)
        steps.printOut()
    }

    static func wakes(on loop: any EventLoop, _ options: MicroOptions) {
        let answered = Semaphore()
        var steps = Steps()
        let start = nanoseconds(CLOCK_MONOTONIC)
        for _ in 0..<options.count {
            loop.execute { answered.post() }
            answered.wait()
        }
        steps.add("there and back", nanoseconds(CLOCK_MONOTONIC) - start, each: options.count)
        steps.printOut()
    }
}
