import EventReactor
import Glibc
import Synchronization
import Testing

extension Parameter {
    /// Addresses and options of a listener.
    static let listening: [Parameter] = [
        Parameter(exchange: "listenTCP, port", [0], .works) { $0.listensAt = .tcp(port: $1, host: "127.0.0.1") },
        // Another process may listen at one of them.
        Parameter(exchange: "listenTCP, port", Values.integers, .worksOrFails(ListenError.self)) {
            $0.listensAt = .tcp(port: $1, host: "127.0.0.1")
        },
        Parameter(
            exchange: "listenTCP, port at all addresses", Values.integers, .worksOrFails(ListenError.self)
        ) {
            $0.listensAt = .tcp(port: $1, host: "")
        },
        Parameter(
            exchange: "listenTCP, host", Values.texts, .worksOrFails(ListenError.self, ConnectError.self)
        ) {
            $0.listensAt = .tcp(port: 0, host: $1)
        },
        Parameter(exchange: "listenTCP, backlog", Values.integers) { $0.backlog = $1 },
        Parameter(exchange: "listenUNIX, backlog", Values.integers) {
            $0.listensAt = .unix(path: Scratch.path())
            $0.backlog = $1
        },
        Parameter(exchange: "listenUNIX, mode", [0, 1, 0o600, 0o777, 0o7777, .max / 2, .max]) {
            $0.listensAt = .unix(path: Scratch.path())
            $0.mode = $1
        },
        Parameter(exchange: "listenUNIX, path that can be", Scratch.goodNames) {
            $0.listensAt = .unix(path: Scratch.path($1))
        },
        Parameter(
            exchange: "listenUNIX, path that cannot be", Scratch.badPaths, on: Engine.onKernel,
            .fails(ListenError.self)
        ) {
            $0.listensAt = .unix(path: $1)
        },
        Parameter(
            exchange: "listenUNIX, path on a simulated host", Values.texts + Scratch.badPaths, on: [.simulated],
            .worksOrFails(ListenError.self)
        ) {
            $0.listensAt = .unix(path: $1)
        },
        limit("total", Values.integers.filter { $0 > 0 } + [nil], .works) { $0.total = $1 },
        limit("total that takes none", noNumbers, .fails(Ended.self, ConnectError.self)) { $0.total = $1 },
        limit("perPeer", Values.integers.filter { $0 > 0 } + [nil], .works) { $0.perPeer = $1 },
        limit("perPeer that takes none", noNumbers, .fails(Ended.self, ConnectError.self)) { $0.perPeer = $1 },
        limit("ipv4PrefixLength", Values.integers, .works) {
            $0.perPeer = 1
            $0.ipv4PrefixLength = $1
        },
        // Machines without IPv6 exist.
        Parameter(
            exchange: "ConnectionLimits.ipv6PrefixLength", Values.integers, .worksOrFails(ListenError.self)
        ) {
            $0.listensAt = .tcp(port: 0, host: "::1")
            $0.listening.limits.perPeer = 1
            $0.listening.limits.ipv6PrefixLength = $1
        },
        limit("rate.count", Values.integers, .works) { $0.rate = ConnectionRate($1) },
        limit("rate.period", Values.durations, .works) { $0.rate = ConnectionRate(1, per: $1) },
        limit("rate.burst", Values.integers, .works) { $0.rate = ConnectionRate(1, burst: $1) },
        limit("rate, all three", Array(zip(Values.integers, Values.durations)), .works) {
            $0.rate = ConnectionRate($1.0, per: $1.1, burst: $1.0)
        },
        Parameter(
            exchange: "ConnectionLimits.excessConnections", Values.integers, .fails(Ended.self, ConnectError.self)
        ) { setup, value in
            setup.listening.limits.total = 0
            setup.listening.limits.excess = .close
            setup.listening.limits.excessConnections = value
            setup.onPort = { port, _ in port.onExcess = { _ in Busy() } }
        },
        Parameter("ConnectionLimits.total, where peers wait", noNumbers) { engine, value in
            var setup = Setup()
            setup.listening.limits.total = value
            var listener: ListeningPort?
            setup.onPort = { port, _ in listener = port }
            setup.onMade = { transport, reactor in
                // As many turns as it takes to be served if a peer is.
                afterTurns(16, on: reactor) { transport.abortConnection() }
            }
            #expect(throws: Ended.self) { try Exchange(engine, setup).run() }
            #expect(listener?.counters.accepted == 0)
        },
    ]

    private static let noNumbers = Values.integers.filter { $0 <= 0 }

    /// A limit beyond which connections are refused, and one beyond which they wait.
    private static func limit<Value: Sendable>(
        _ name: String, _ values: [Value], _ expectation: Expectation,
        _ set: @escaping @Sendable (inout ConnectionLimits, Value) -> Void
    ) -> Parameter {
        Parameter(exchange: "ConnectionLimits.\(name)", values, expectation) {
            $0.listening.limits.excess = .close
            set(&$0.listening.limits, $1)
        }
    }
}

/// Closes without sending a byte.
private final class Busy: Protocol {
    override func connectionMade() { transport.loseConnection() }
}

/// Calls a closure once some turns have passed.
func afterTurns(_ count: Int, on reactor: ReactorBase, _ body: @escaping () -> Void) {
    guard count > 0 else { return body() }
    reactor.callSoon { [unowned reactor] in afterTurns(count - 1, on: reactor, body) }
}

/// Paths of this process.
enum Scratch {
    private static let last = Atomic<Int>(0)

    /// A path that nothing else has; its name ends in the given one.
    static func path(_ name: String = "") -> String {
        let number = last.wrappingAdd(1, ordering: .relaxed).newValue
        let lead = name.utf8.first == 0 ? "\0" : "/tmp/"
        return lead + "extremes-\(getpid())-\(number)-" + (name.utf8.first == 0 ? String(name.dropFirst()) : name)
    }

    static let goodNames = [
        "x", "\n", "\u{1F4A9}", "%s", "..", "...", " ", "[::1", "\u{202E}", "\\", "\u{7F}",
        String(repeating: "x", count: 60), String(repeating: "\u{E9}", count: 30),
        "\0x", "\0\0\0", "\0\n", "\0" + String(repeating: "x", count: 70), "\0" + String(repeating: "\0", count: 60),
    ]

    static let badPaths: [String] =
        [
            "", "\0", "/", ".", "..", "/tmp", "/tmp/", "/nothing/there", "/dev/null/x", "/proc/self/x", "/tmp/a\0b",
            "/tmp/x\0",
        ]
        + [108, 255, 4096, 10_000].flatMap { count in
            let name = String(repeating: "x", count: count)
            return ["/tmp/" + name, "\0" + name, String(repeating: "/", count: count)]
        }
}
