import EventReactor
import EventReactorProtocols

/// One client's connection: it looks commands up, checks them, and has them answered or queued.
///
/// The commands are methods, by topic in the files of this folder. Each gets its frame, of which ``arg`` has the ranges
/// of the arguments: nothing is copied before it is stored.
final class Session: Framed<RESPFramer> {
    struct Transaction {
        var commands: [(command: Command, arguments: Arguments, frame: [UInt8])] = []
        var byteCount = 0
        var hasErrors = false
    }

    let server: Server
    let out: Output
    let arg: Arguments
    let id: Int
    var keys: Keyspace
    var database = 0
    var isRESP3 = false
    var transaction: Transaction?
    var subscriptionCount = 0
    var name = ""
    var channels: Set<[UInt8]> = []
    var patterns: Set<[UInt8]> = []
    var watched: [(keys: Keyspace, key: [UInt8])] = []
    var watchedHaveChanged = false
    private var words: [UInt8] = []

    init(of server: Server) {
        self.server = server
        out = server.out
        keys = server.databases[0]
        server.connectionCount += 1
        id = server.connectionCount
        let framer = RESPFramer()
        arg = framer.arguments
        super.init(framer)
    }

    override func connectionMade() {
        server.sessions[id] = self
    }

    override func dataReceived(_ data: Span<UInt8>) throws {
        out.isRESP3 = isRESP3
        try receive(data)
        out.flush(to: transport)
    }

    override func frameReceived(_ frame: Span<UInt8>) {
        if arg.isInline { return splitAndExecute(frame) }
        if arg.count > 0 { execute(frame) }
    }

    private func splitAndExecute(_ line: Span<UInt8>) {
        guard splitWords(of: line, into: &words, arg) else {
            return close("ERR Protocol error: unbalanced quotes in request")
        }
        let line = words
        if arg.count > 0 { execute(line.span) }
    }

    override func frameRejected(_ error: FramingError) {
        guard case .malformed(let text) = error else { return transport.abortConnection() }
        close("ERR " + text)
    }

    private func close(_ error: String) {
        out.error(error)
        out.flush(to: transport)
        transport.loseConnection()
    }

    /// Closes on what a browser sends: its page may have been made by an attacker.
    func refuse() {
        out.clear()
        transport.abortConnection()
    }

    // Half a command at the end is no error to Redis.
    override func frameCut(_ rest: Span<UInt8>) {}

    func quit() {
        out.ok()
        out.flush(to: transport)
        transport.loseConnection()
    }

    // A client that does not read its replies is not read either.
    override func pauseWriting() {
        if subscriptionCount == 0 { transport.pauseReading() }
    }

    override func resumeWriting() {
        transport.resumeReading()
    }

    override func connectionLost(_ reason: ConnectionLostReason) {
        server.sessions[id] = nil
        leave()
    }

    /// Gives up subscriptions, watched keys and the transaction.
    func leave() {
        for channel in channels { removeSubscription(channel, isPattern: false) }
        for pattern in patterns { removeSubscription(pattern, isPattern: true) }
        transaction = nil
        unwatchAll()
    }

    // MARK: Executing

    @inline(__always) private func execute(_ frame: Span<UInt8>) {
        server.commandCount &+= 1
        guard let command = server.commands.find(frame.extracting(arg[0])) else { return reject(unknown(frame)) }
        let count = arg.count
        guard command.arity == count || command.arity < 0 && count >= -command.arity else {
            guard command.name == "exec" else { return reject(.arity(of: command.name)) }
            transaction = nil
            return out.error("EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command")
        }
        if subscriptionCount > 0 && !isRESP3 && !command.flags.contains(.whileSubscribed) {
            return reject(
                .other(
                    "ERR Can't execute '\(command.name)': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET "
                        + "are allowed in this context"))
        }
        if transaction != nil, !command.flags.contains(.neverQueued) { return queue(command, frame) }
        run(command, frame)
    }

    @inline(__always) func run(_ command: Command, _ frame: Span<UInt8>) {
        do {
            try command.run(self, frame)
        } catch {
            out.error("\(error)")
        }
        if out.count > 1 << 16 {
            out.flush(to: transport)
            // The next commands wait until the client has read: a few bytes may ask for gigabytes.
            if transport.bufferedByteCount > 1 << 20 { pauseWriting() }
        }
    }

    private func reject(_ error: ReplyError) {
        transaction?.hasErrors = true
        out.error("\(error)")
    }

    private func unknown(_ frame: Span<UInt8>) -> ReplyError {
        var arguments = ""
        for index in 1..<max(arg.count, 1) where arguments.utf8.count < 128 {
            arguments += "'\(text(frame, index, first: 128 - arguments.utf8.count))' "
        }
        return .other("ERR unknown command '\(text(frame, 0, first: 128))', with args beginning with: \(arguments)")
    }

    // MARK: Arguments

    /// An argument as text, up to a zero byte.
    func text(_ frame: Span<UInt8>, _ index: Int, first count: Int = 1024) -> String {
        let text = String(decoding: frame.extracting(arg[index]).extracting(first: count), as: UTF8.self)
        return String(text.unicodeScalars.prefix { $0 != "\0" })
    }

    func bytes(_ frame: Span<UInt8>, _ index: Int) -> [UInt8] { [UInt8](frame.extracting(arg[index])) }

    func integer(
        _ frame: Span<UInt8>, _ index: Int, orThrow error: ReplyError = .notAnInteger
    ) throws(ReplyError) -> Int {
        guard let value = Int(strictly: frame.extracting(arg[index])) else { throw error }
        return value
    }

    /// An argument as a word of a command, in capital letters.
    func word(_ frame: Span<UInt8>, _ index: Int) -> String { text(frame, index, first: 16).uppercased() }
}
