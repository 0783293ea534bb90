import Glibc

/// The command line of the programs in `Micro/`, and the line of figures that each prints.
///
///     --work timers|calls|wakes|chain   what to do, once
///     --count N                         timers, calls, or bytes sent on along the chain
///     --threads N                       that call (calls)
///     --pipes N --active N              length of the chain, bytes under way at a time (chain)
///     --engine NAME                     which reactor, if there are several
public struct MicroOptions: Sendable {
    /// The kind of work.
    public var work = ""

    /// The number of repetitions.
    public var count = 1_000_000

    /// Threads that call.
    public var threads = 1

    /// Socket pairs of the chain.
    public var pipes = 100

    /// Bytes under way at a time in the chain.
    public var active = 1

    /// Which reactor.
    public var engine = ""

    /// Reads the arguments of the program.
    public init() {
        var arguments = CommandLine.arguments.dropFirst()
        while let name = arguments.popFirst(), let value = arguments.popFirst() {
            switch name {
            case "--work": work = value
            case "--engine": engine = value
            case "--count": count = MicroOptions.number(name, value)
            case "--threads": threads = MicroOptions.number(name, value)
            case "--pipes": pipes = MicroOptions.number(name, value)
            case "--active": active = MicroOptions.number(name, value)
            default: MicroOptions.fail("unknown option \(name)")
            }
        }
    }

    private static func number(_ name: String, _ value: String) -> Int {
        guard let number = Int(value), number > 0 else { fail("\(name) takes a number, not \(value)") }
        return number
    }

    /// Prints an error and ends the program.
    public static func fail(_ text: String) -> Never {
        let line = "\(text)\n"
        _ = write(2, line, line.utf8.count)
        exit(2)
    }
}

/// Nanoseconds of a clock.
public func nanoseconds(_ clock: clockid_t) -> Int {
    var time = timespec()
    clock_gettime(clock, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
}

/// Measures the steps of some work: processor time of this thread, which other load on the machine does not change.
public struct Steps: Sendable {
    private var figures: [(String, Double)] = []

    /// No steps yet.
    public init() {}

    /// Runs a step and records its time, divided by a count.
    public mutating func take(_ name: String, each count: Int, _ body: () throws -> Void) rethrows {
        let start = nanoseconds(CLOCK_THREAD_CPUTIME_ID)
        try body()
        add(name, nanoseconds(CLOCK_THREAD_CPUTIME_ID) - start, each: count)
    }

    /// Records the time of a step, divided by a count.
    public mutating func add(_ name: String, _ nanoseconds: Int, each count: Int) {
        figures.append((name, Double(nanoseconds) / Double(count)))
    }

    /// One JSON object: nanoseconds by step.
    public func printOut() {
        print("{" + figures.map { "\"\($0.0)\": \($0.1)" }.joined(separator: ", ") + "}")
    }
}

/// Delays in a scattered but fixed order, the same for every program.
public struct Delays: Sendable {
    private var state: UInt64 = 0x9E37_79B9_7F4A_7C15

    /// From the beginning.
    public init() {}

    /// Milliseconds in a range.
    public mutating func next(_ range: ClosedRange<Int>) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return range.lowerBound + Int((state >> 33) % UInt64(range.count))
    }
}
