import CSystemFaults
import EventReactor
import EventReactorNative
import Glibc
import TestSupport

/// The connections of a run, on one reactor: those of clients, and the servers' ends.
final class Load {
    let reactor: ReactorBase
    let isBuffered: Bool
    let isUnix: Bool
    var random: Numbers
    private(set) var wrong: [String] = []
    /// The clients, by their ids.
    private(set) var clients: [Client] = []
    private let count: Int
    private var underWay = 0
    private(set) var failedConnects = 0
    /// Callbacks so far: a run that hangs has no more of them.
    var activity = 0
    private var lastActivity = -1
    private var patience: Duration = .seconds(60)
    let file: ReadableFile
    private var echo: ListeningPort!
    private var relaying: ListeningPort!
    var echoAddress: SocketAddress { echo.localAddress }
    /// The ends that were made and are not lost.
    var live = 0

    /// The breaches of the contract.
    static func run(
        engine: String, isUnix: Bool, seed: UInt64, count: Int, oneIn: Int32, patience: Duration
    ) throws -> [String] {
        // Descriptors that the process opens once.
        try Load(engine, isUnix: isUnix, seed: 1, count: 10).run(oneIn: Int32.max)
        let before = Load.descriptors
        var load: Load? = try Load(engine, isUnix: isUnix, seed: seed, count: count)
        load?.patience = patience
        try load?.run(oneIn: oneIn)
        var wrong = load?.wrong ?? []
        let ends = load?.clients.map { WeakEnd($0) } ?? []
        let text = load?.summary ?? ""
        load = nil
        let kept = ends.filter { $0.end != nil }.count
        if kept > 0 { wrong.append("\(kept) protocols are never freed") }
        let after = Load.descriptors
        if after != before { wrong.append("descriptors: \(before) before, \(after) after") }
        print(wrong.isEmpty ? "whole: \(text)" : "wrong: \(text)")
        return wrong
    }

    static var descriptors: [Int32] { (0..<20_000).filter { fcntl($0, F_GETFD) >= 0 } }

    init(_ engine: String, isUnix: Bool, seed: UInt64, count: Int) throws {
        reactor = engine == "native" ? try NativeReactor() : try Reactor()
        isBuffered = engine == "bufferevent"
        self.isUnix = isUnix
        self.count = count
        random = Numbers(seed: seed)
        file = try Bytes.makeFile()
        echo = try listen { [unowned self] in Server(self) }
        relaying = try listen { [unowned self] in Forwarder(self) }
        reactor.onDiagnostic = { _ in }
    }

    private func listen(_ makeProtocol: @escaping () -> Protocol?) throws -> ListeningPort {
        let options = ListenOptions(stream: streamOptions)
        if isUnix {
            let path = "/tmp/swift-event-reactor-faults-\(getpid())-\(random.next())"
            return try reactor.listenUNIX(path: path, options: options, makeProtocol)
        }
        return try reactor.listenTCP(port: 0, host: "127.0.0.1", options: options, makeProtocol)
    }

    private var streamOptions: StreamOptions { StreamOptions(buffering: isBuffered ? .bufferevent : .direct) }

    func connect(
        to address: SocketAddress, _ makeProtocol: @escaping () -> Protocol?,
        onFailure: @escaping (ConnectError) -> Void
    ) throws {
        if let path = address.path {
            try reactor.connectUNIX(path: path, options: streamOptions, makeProtocol, onFailure: onFailure)
        } else if let host = address.host, let port = address.port {
            try reactor.connectTCP(
                host: host, port: port, options: streamOptions, makeProtocol, onFailure: onFailure)
        }
    }

    // MARK: A run

    func run(oneIn: Int32) throws {
        reactor.callSoon { [unowned self] in
            faults_begin(random.next(), oneIn)
            fill()
        }
        lookForHang()
        try reactor.run()
        faults_end()
        judge()
    }

    /// Keeps a hundred connections under way.
    private func fill() {
        while underWay < 100, clients.count < count {
            underWay += 1
            let client = Client(self, number: clients.count)
            clients.append(client)
            do {
                try connect(to: client.work == .relayed ? relaying.localAddress : echo.localAddress) {
                    client
                } onFailure: { [unowned self] error in
                    client.failed(error)
                    failedConnects += 1
                    ended()
                }
            } catch {
                complain("client \(client.number): connect throws \(error)")
            }
        }
        finishIfDone()
    }

    /// A client's connection has ended, or could not be made.
    func ended() {
        underWay -= 1
        reactor.callSoon { [unowned self] in fill() }
    }

    func finishIfDone() {
        guard underWay == 0, clients.count == count, live == 0 else { return }
        try? reactor.stop()
    }

    func complain(_ text: String) {
        wrong.append(text)
    }

    /// Ends a run that makes no more callbacks.
    private func lookForHang() {
        reactor.callLater(patience) { [weak self] in
            guard let self else { return }
            guard activity != lastActivity else {
                complain("nothing happens any more, \(underWay) clients under way, \(live) ends live")
                for client in clients where !client.isOver { complain("\(client): \(client.state)") }
                faults_end()
                try? reactor.stop()
                return
            }
            lastActivity = activity
            lookForHang()
        }
    }

    private func judge() {
        for client in clients { client.judge() }
        if reactor.connectionCount != 0 { complain("\(reactor.connectionCount) connections are left") }
        // A connection takes some dozens of turns alone, and shares them with others.
        let turns = Int(reactor.turnNumber)
        if turns > 1000 + 10 * count { complain("\(turns) turns for \(count) connections") }
    }

    private var summary: String {
        var text = "\(count) connections, \(failedConnects) not made, \(reactor.turnNumber) turns;"
        var index: Int32 = 0
        while let name = unsafe faults_call(index) {
            let (calls, failures) = (faults_calls(index), faults_failures(index))
            if calls > 0 { text += " \(unsafe String(cString: name)) \(failures)/\(calls)" }
            index += 1
        }
        return text
    }
}

private struct WeakEnd {
    weak var end: Client?
    init(_ end: Client) { self.end = end }
}
