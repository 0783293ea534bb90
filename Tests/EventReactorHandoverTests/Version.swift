import EventReactor
import EventReactorHandover
import EventReactorNative
import EventReactorPosix
import Glibc
import TestSupport
import Testing

/// What happens on other threads, in order, for a test to wait for.
///
/// `@unchecked Sendable`: the list is locked, and the pipe's ends are constant.
final class Events: @unchecked Sendable {
    private let list = Locked<[String]>([])
    private let ends: (reading: Int32, writing: Int32)

    init() {
        var ends: [Int32] = [0, 0]
        let code = unsafe pipe(&ends)
        precondition(code == 0, "no pipe could be had")
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        self.ends = (ends[0], ends[1])
    }

    deinit {
        close(ends.reading)
        close(ends.writing)
    }

    func post(_ event: String) {
        list.withLock { $0.append(event) }
        var byte: UInt8 = 0
        _ = unsafe write(ends.writing, &byte, 1)
    }

    /// Waits for the next event; one that never comes ends the test.
    func next(sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
        var question = pollfd(fd: ends.reading, events: Int16(POLLIN), revents: 0)
        let came = unsafe poll(&question, 1, 60_000)
        try #require(came == 1, "the awaited event did not come", sourceLocation: sourceLocation)
        var byte: UInt8 = 0
        _ = unsafe read(ends.reading, &byte, 1)
        return list.withLock { $0.removeFirst() }
    }

    /// Waits until an event has come, and returns what came before it.
    @discardableResult
    func wait(for wanted: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> [String] {
        var before: [String] = []
        while true {
            let event = try next(sourceLocation: sourceLocation)
            if event == wanted { return before }
            before.append(event)
            if event.hasPrefix("error") || event == "ended" {
                Issue.record("\(wanted) did not come, but \(before)", sourceLocation: sourceLocation)
                return before
            }
        }
    }
}

enum Kind: String, CaseIterable, Sendable {
    case libevent, native

    func makeReactor() throws -> ReactorBase {
        var configuration = ReactorConfiguration()
        // Tests run beside one another: a signal for one process is none of theirs.
        configuration.stopSignals = []
        return switch self {
        case .libevent: try Reactor(configuration: configuration)
        case .native: try NativeReactor(configuration: configuration)
        }
    }
}

/// Answers each byte with the name of its version, and says when it is the last answer of a connection.
final class Answerer: Protocol {
    private let name: String
    private unowned let reactor: ReactorBase

    init(_ name: String, _ reactor: ReactorBase) {
        self.name = name
        self.reactor = reactor
    }

    override func dataReceived(_ data: Span<UInt8>) {
        transport.write(reactor.isDraining ? "\(name) last\n" : "\(name)\n")
        if reactor.isDraining { transport.loseConnection() }
    }
}

/// A version of a server on a thread of its own, which takes over from the one before.
///
/// Its events: "serves" with its addresses in `addresses`, "handed over", "failed: ..." for each failed handover, and
/// "ended", or "error: ..." where it could not be set up.
final class Version {
    typealias SetUp = @Sendable (ReactorBase, Handover?, String) throws -> [String: ListeningPort]

    let events = Events()
    let addresses = Locked<[String: [SocketAddress]]>([:])
    private let remote = Locked<RemoteHandle<ReactorBase>?>(nil)
    private var thread: WorkerThread?

    init(
        _ name: String, _ kind: Kind = .libevent, path: String, takingFrom old: String? = nil,
        readyWithin: Duration = .seconds(60),
        setUp: @escaping SetUp = Version.onePort, beforeOffering: @escaping @Sendable () -> Void = {}
    ) {
        thread = WorkerThread { [events, addresses, remote] in
            do {
                let reactor = try kind.makeReactor()
                reactor.onDiagnostic = { events.post("diagnostic: \($0)") }
                let before = try Handover.take(path: old ?? path, timeout: .seconds(30))
                let ports = try setUp(reactor, before, name)
                let listening = ports.mapValues(\.localAddresses)
                addresses.withLock { $0 = listening }
                beforeOffering()
                let offer = try reactor.offerHandover(
                    path: path, ports: ports, after: before, drainingFor: .seconds(1_000_000), readyWithin: readyWithin)
                offer.onHandedOver = { events.post("handed over") }
                offer.onFailure = { events.post("failed: \($0)") }
                let own = RemoteHandle<ReactorBase>(reactor.queue)
                remote.withLock { $0 = own }
                reactor.callSoon { events.post("serves") }
                try reactor.run()
                events.post("ended")
            } catch {
                events.post("error: \(error)")
            }
        }
    }

    /// A test that failed does not wait for ever.
    deinit { stop() }

    static let onePort: SetUp = { reactor, before, name in
        let port = try reactor.listen(.tcp(port: 0, host: "127.0.0.1"), adopting: before?["main"]) {
            [unowned reactor] in Answerer(name, reactor)
        }
        return ["main": port]
    }

    func address(_ name: String = "main") -> SocketAddress { addresses.withLock { $0[name]![0] } }

    /// Stops it as a signal would.
    func stop() {
        remote.withLock { $0 }?.stop()
    }

    /// Stops it and waits for its end.
    func end() throws {
        stop()
        try events.wait(for: "ended")
    }
}

/// One who asks, by a socket of the system's that waits.
final class Client {
    let descriptor: Int32
    /// Why it could not connect, or 0.
    let failure: Int32

    init(to address: SocketAddress) {
        let domain = address.family == .unix ? AF_UNIX : address.family == .ipv6 ? AF_INET6 : AF_INET
        let descriptor = socket(domain, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        self.descriptor = descriptor
        let code = unsafe address.withKernelForm { unsafe connect(descriptor, $0, $1) }
        failure = code == 0 ? 0 : errno
    }

    deinit { close(descriptor) }

    /// Sends a byte and waits for a line: the line, or nil and an errno, 0 where the connection ended in order.
    func ask() -> (line: String?, code: Int32) {
        if failure != 0 { return (nil, failure) }
        var byte = UInt8(ascii: "?")
        guard unsafe send(descriptor, &byte, 1, Int32(MSG_NOSIGNAL)) == 1 else { return (nil, errno) }
        var line: [UInt8] = []
        while true {
            let count = unsafe recv(descriptor, &byte, 1, 0)
            if count != 1 { return (nil, count == 0 ? 0 : errno) }
            if byte == UInt8(ascii: "\n") { return (String(decoding: line, as: UTF8.self), 0) }
            line.append(byte)
        }
    }

    static func ask(_ address: SocketAddress) -> String? { Client(to: address).ask().line }
}

/// A path that no other test has, removed with its folder at the end.
final class FreshPath {
    let folder: String
    var path: String { folder + "/handover" }

    init() {
        var name = [CChar]("/tmp/swift-event-reactor-XXXXXX".utf8CString)
        _ = unsafe mkdtemp(&name)
        folder = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for name in ["/handover", "/web", "/other"] { unsafe unlink(folder + name) }
        unsafe rmdir(folder)
    }
}
