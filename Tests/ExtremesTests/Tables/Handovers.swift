import EventReactor
import EventReactorHandover
import Synchronization
import TestSupport

extension Parameter {
    /// Listening sockets that pass from one program to the next.
    static let handover: [Parameter] = [
        Parameter(plain: "Handover.take(path:)", Values.texts + Scratch.badPaths, .worksOrFails(HandoverError.self)) {
            _ = try Handover.take(path: $0)
        },
        Parameter(plain: "Handover.take(timeout:), no predecessor", Values.durations) {
            _ = try Handover.take(path: "/nothing/there", timeout: $0)
        },
        Parameter(
            "Handover.take(timeout:) and ready(timeout:)", Values.noTimes + Values.shortTimes, on: Engine.onKernel,
            .worksOrFails(HandoverError.self)
        ) {
            try distributor(on: $0, timeout: $1)
        },
        Parameter("Handover.take(timeout:) and ready(timeout:)", Values.longTimes, on: Engine.onKernel) {
            try distributor(on: $0, timeout: $1)
        },
        Parameter("offerHandover, drainingFor", Values.optionalDurations, on: Engine.onKernel) {
            try distributor(on: $0, drainingFor: $1)
        },
        Parameter(
            "offerHandover, readyWithin", Values.durations, on: Engine.onKernel, .worksOrFails(HandoverError.self)
        ) {
            try distributor(on: $0, readyWithin: $1)
        },
        Parameter("offerHandover, path that can be", Scratch.goodNames, on: Engine.onKernel) {
            try distributor(on: $0, at: Scratch.path($1))
        },
        Parameter(
            "offerHandover, path that cannot be", Scratch.badPaths, on: Engine.onKernel, .fails(HandoverError.self)
        ) {
            try distributor(on: $0, at: $1)
        },
        Parameter("offerHandover, name", Values.texts, on: Engine.onKernel, .worksOrFails(HandoverError.self)) {
            try distributor(on: $0, name: $1)
        },
        systemd("LISTEN_FDS") { ($0, "1", nil) },
        systemd("LISTEN_PID") { ("1", $0, nil) },
        systemd("LISTEN_FDNAMES") { ("1", "1", $0) },
        systemd("all variables") { ($0, $0, $0) },
    ]

    /// The environment of a service manager, with descriptors that are not open, so that none of this process's is
    /// adopted.
    private static func systemd(
        _ name: String, _ make: @escaping @Sendable (String) -> (descriptors: String?, process: String?, names: String?)
    ) -> Parameter {
        let numbers = Values.integers.map { "\($0)" } + ["01", "+1", "0x1", "1 ", " 1", "\u{661}", "1.0", "1e9"]
        return Parameter(plain: name, Values.texts + numbers, .worksOrFails(SystemdError.self)) { text in
            let said = make(text)
            _ = try SystemdSockets.parse(
                descriptors: said.descriptors, process: said.process, names: said.names, own: 1, first: 1 << 30)
        }
    }

    /// Hands a port over to a thread, which then reports that it serves.
    private static func distributor(
        on engine: Engine, at path: String = Scratch.path(), name: String = "name", timeout: Duration = .seconds(60),
        drainingFor drain: Duration? = .zero, readyWithin readiness: Duration = .seconds(60)
    ) throws {
        var configuration = ReactorConfiguration()
        configuration.stopSignals = []
        let reactor = try engine.makeReactor(configuration)
        defer { reactor.end() }
        let port = try engine.listen(reactor, at: .tcp(port: 0, host: "127.0.0.1"), Setup()) { nil }
        let offer = try reactor.offerHandover(
            path: path, ports: [name: port], after: nil, drainingFor: drain, readyWithin: readiness)
        offer.onFailure = { _ in }
        let successor = Successor(path: path, timeout: timeout, stops: RemoteHandle<ReactorBase>(reactor.queue))
        let thread = WorkerThread { successor.run() }
        try reactor.run()
        thread.join()
        if let error = successor.failure.withLock({ $0 }) { throw error }
    }
}

/// The program that takes over, on a thread.
private final class Successor: Sendable {
    let failure = Mutex<(any Error)?>(nil)
    private let path: String
    private let timeout: Duration
    private let predecessor: RemoteHandle<ReactorBase>

    init(path: String, timeout: Duration, stops predecessor: RemoteHandle<ReactorBase>) {
        self.path = path
        self.timeout = timeout
        self.predecessor = predecessor
    }

    func run() {
        do {
            let taken = try Handover.take(path: path, timeout: timeout)
            try taken?.ready(timeout: timeout)
        } catch {
            failure.withLock { $0 = error }
        }
        // One that drains for long ends all the same.
        predecessor.stop()
    }
}
