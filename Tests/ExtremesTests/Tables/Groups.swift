import EventReactor
import Testing

extension Parameter {
    /// Groups of reactors.
    static let groups: [Parameter] = [
        Parameter(
            "ReactorGroup.count", Values.integers.filter { !(1...2 ~= $0) }, on: [.libevent],
            .fails(ReactorGroupError.self)
        ) {
            _ = try ReactorGroup(count: $1) { _ in }
        },
        group("count", [1, 2], .works) { _, _ in },
        group("pinning", Values.integers, .worksOrFails(ReactorGroupError.self)) { $0.pinning = .processors([$1]) },
        group("pinning of several", Values.integers, .worksOrFails(ReactorGroupError.self)) {
            $0.pinning = .processors([$1, 0, $1])
        },
        group("pinning of none", [0], .fails(ReactorGroupError.self)) { group, _ in group.pinning = .processors([]) },
        group("threadName", threadNames, .works) { $0.threadName = $1 },
        group("drainTime", Values.durations, .works) { $0.drainTime = $1 },
        group("reactor.receiveBufferSize", Values.integers, .works) { $0.reactor.receiveBufferSize = $1 },
        group("reactor.acceptsPerTurn", Values.integers, .works) { $0.reactor.acceptsPerTurn = $1 },
        group("reactor.stopSignals", Values.noDescriptors + [0, 9, 65], .fails(ReactorGroupError.self)) {
            $0.reactor.stopSignals = [$1]
        },
        Parameter("ReactorGroup.requestStop(drainingFor:)", Values.durations, on: [.libevent]) { _, value in
            try run(ReactorGroup.Configuration(), stoppingWithin: value)
        },
    ]

    private static let threadNames = [
        "", "\0", "a\0b", "\n", "\u{1F4A9}\u{1F4A9}\u{1F4A9}\u{1F4A9}", String(repeating: "a", count: 1_000_000),
        "e" + String(repeating: "\u{301}", count: 10_000),
    ]

    private static func group<Value: Sendable>(
        _ name: String, _ values: [Value], _ expectation: Expectation,
        _ set: @escaping @Sendable (inout ReactorGroup.Configuration, Value) -> Void
    ) -> Parameter {
        Parameter("ReactorGroup.\(name)", values, on: [.libevent], expectation) { _, value in
            var configuration = ReactorGroup.Configuration()
            configuration.reactor.stopSignals = []
            set(&configuration, value)
            try run(configuration, stoppingWithin: .zero)
        }
    }

    /// Runs a group until a reactor of it has stopped, or it is stopped from here.
    private static func run(_ configuration: ReactorGroup.Configuration, stoppingWithin time: Duration) throws {
        var configuration = configuration
        if time != .zero { configuration.reactor.stopSignals = [] }
        let group = try ReactorGroup(count: 2, configuration: configuration) { reactor in
            try reactor.listenTCP(port: 0, host: "127.0.0.1") { nil }
            if reactor.placeInGroup == 0, time == .zero { reactor.callSoon { try? reactor.stop() } }
        }
        try group.start()
        #expect(!group.localAddresses.isEmpty || time == .zero)
        if time != .zero {
            group.requestStop(drainingFor: time)
            group.requestStop(drainingFor: time)
        }
        try group.wait()
    }
}
