import EventReactor
import EventReactorTLS

/// Sends a message, and counts what comes back until there is enough or the peer closes.
final class Client: Reporter {
    private let options: Options
    private let context: TLSClientContext
    private let done: (Bool) -> Void
    private var checksum = Checksum()
    private var greeting: [UInt8] = []
    private var isStarting: Bool
    private var hasAsked = false

    /// - Parameter done: called with whether the connection ended well.
    init(_ options: Options, _ context: TLSClientContext, done: @escaping (Bool) -> Void) {
        self.options = options
        self.context = context
        self.done = done
        isStarting = options.has("start-tls")
    }

    override func connectionMade() throws {
        if !isStarting { speak() }
    }

    private func speak() {
        reportAgreement()
        if let text = options["send"] { transport.write(text) }
        if let count = options.number("send-bytes") { transport.write(pattern(count)) }
        if options.has("half-close") { transport.loseWriteConnection() }
        if options.number("until") == 0 { transport.loseConnection() }
    }

    override func dataReceived(_ data: Span<UInt8>) throws {
        if isStarting { return try greetingReceived(data) }
        reportAgreement()
        checksum.add(data)
        if options.has("text") { say("text: " + String(decoding: data, as: UTF8.self)) }
        if let most = options.number("until"), checksum.count >= most { transport.loseConnection() }
    }

    /// The command to start TLS follows the greeting, and TLS the answer to it.
    private func greetingReceived(_ data: Span<UInt8>) throws {
        greeting.append(contentsOf: (0..<data.count).map { data[$0] })
        guard let first = greeting.firstIndex(of: 10) else { return }
        if !hasAsked {
            hasAsked = true
            transport.write("STARTTLS\r\n")
        }
        let answer = greeting[(first + 1)...]
        guard let end = answer.firstIndex(of: 10) else { return }
        isStarting = false
        try transport.startTLS(
            context, serverName: options["host"] ?? "localhost", unconsumed: answer.endIndex - end - 1)
        speak()
    }

    override func readConnectionLost() {
        say("end of input: \(checksum.count) bytes, checksum \(checksum.value)")
        transport.loseConnection()
    }

    override func connectionLost(_ reason: ConnectionLostReason) {
        say("received: \(checksum.count) bytes, checksum \(checksum.value)")
        super.connectionLost(reason)
        done(reason.isClean)
    }
}
