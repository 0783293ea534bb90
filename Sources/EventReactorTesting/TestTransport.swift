public import EventReactorCore

/// The other end of one protocol's connection, in the hands of a test: no sockets, no network.
///
/// The protocol is connected when the transport is made. It is fed bytes in the pieces that the test chooses, and what
/// it wrote is read back. Underneath is the state machine that all reactors have, so closing, pausing and marks behave
/// as in the contract.
///
/// ```swift
/// @Test func answersAPing() {
///     let transport = TestTransport(for: PingServer())
///     transport.receive("PING\r\n", oneByteAtATime: true)
///     #expect(transport.takeWrittenText() == "PONG\r\n")
///     transport.receiveEnd()
///     #expect(transport.isClosed)
/// }
/// ```
///
/// What a protocol does later, by timers of ``reactor``, happens when the test calls ``advance(by:)``.
public final class TestTransport {
    /// The reactor whose clock the protocol's timers follow.
    public let reactor: SimulatedReactor

    private let streams: TestStreamEngine

    /// Connects a protocol.
    ///
    /// - Parameters:
    ///   - protocol: the protocol under test; its `connectionMade` has been called when this returns.
    ///   - reactor: the reactor that the protocol sets its timers on, if it has one; several transports may share it.
    ///   - options: settings of the connection.
    ///   - localAddress: the address of the protocol's end; `192.0.2.1:80` unless given.
    ///   - peerAddress: the address of the test's end; `192.0.2.2:50000` unless given.
    public init(
        for protocol: Protocol, on reactor: SimulatedReactor? = nil, options: StreamOptions = StreamOptions(),
        localAddress: SocketAddress? = nil, peerAddress: SocketAddress? = nil
    ) {
        let reactor = reactor ?? SimulatedReactor(seed: 0)
        self.reactor = reactor
        streams = TestStreamEngine(local: localAddress ?? SocketAddress(ipv4Bits: 0xC000_0201, port: 80))
        let connection = StreamConnection(
            descriptor: -1, peer: peerAddress ?? SocketAddress(ipv4Bits: 0xC000_0202, port: 50_000),
            protocol: `protocol`,
            settings: StreamSettings(engine: streams, options: options, reactor: reactor))
        act { _ in connection.start() }
    }

    // MARK: What the peer does

    /// Has bytes arrive in one piece.
    ///
    /// While the protocol has paused reading they wait, as in the kernel.
    public func receive(_ bytes: [UInt8]) {
        act { $0.receive(bytes) }
    }

    /// Has the UTF-8 bytes of a text arrive.
    ///
    /// - Parameter oneByteAtATime: whether each byte is a piece of its own; one piece unless set.
    public func receive(_ text: String, oneByteAtATime: Bool = false) {
        let bytes = [UInt8](text.utf8)
        if oneByteAtATime { receive(bytes, oneByteAtATime: true) } else { receive(bytes) }
    }

    /// Has bytes arrive, each as a piece of its own.
    public func receive(_ bytes: [UInt8], oneByteAtATime: Bool) {
        if oneByteAtATime { receive(bytes, splitInto: Array(repeating: 1, count: bytes.count)) } else { receive(bytes) }
    }

    /// Has bytes arrive in pieces of the given sizes; what they do not cover is the last piece.
    ///
    /// Sizes of 0 or less are no piece.
    public func receive(_ bytes: [UInt8], splitInto sizes: [Int]) {
        var rest = bytes[...]
        for size in sizes where !rest.isEmpty {
            receive([UInt8](rest.prefix(max(0, size))))
            rest = rest.dropFirst(max(0, size))
        }
        if !rest.isEmpty { receive([UInt8](rest)) }
    }

    /// Has the UTF-8 bytes of a text arrive in pieces of the given sizes; what they do not cover is the last piece.
    public func receive(_ text: String, splitInto sizes: [Int]) {
        receive([UInt8](text.utf8), splitInto: sizes)
    }

    /// Has the peer end its side: after what it has sent, no more bytes come.
    public func receiveEnd() {
        act { $0.receiveEnd() }
    }

    /// Has the peer reset the connection, or something else end it.
    ///
    /// - Parameter code: the `errno` that `connectionLost` reports; `ECONNRESET` unless given, and for 0.
    public func reset(code: Int32? = nil) {
        act { $0.reset(code.flatMap { $0 == 0 ? nil : $0 } ?? Code.reset) }
    }

    /// Takes no more of what the protocol writes, as a peer does that reads nothing and whose buffers are full.
    public func stopTaking() {
        streams.stopTaking()
    }

    /// Takes at most `count` queued bytes; none if it is negative.
    public func take(_ count: Int) {
        act { $0.take(count) }
    }

    /// Takes all that waits, and whatever is written from now on.
    public func resumeTaking() {
        act { $0.resumeTaking() }
    }

    /// Lets virtual time pass, so that the protocol's timers fire.
    public func advance(by duration: Duration) {
        reactor.advance(by: duration)
    }

    // MARK: What the protocol did

    /// The bytes that the protocol wrote and that were taken, since the last ``takeWritten()``.
    public var written: [UInt8] {
        settle()
        return streams.written
    }

    /// ``written`` read as UTF-8.
    public var writtenText: String { String(decoding: written, as: UTF8.self) }

    /// Gives the bytes that were written, and forgets them.
    public func takeWritten() -> [UInt8] {
        defer { streams.written = [] }
        return written
    }

    /// Gives what was written, read as UTF-8, and forgets it.
    public func takeWrittenText() -> String { String(decoding: takeWritten(), as: UTF8.self) }

    /// The bytes that the protocol wrote and that were not taken.
    public var waitingByteCount: Int {
        settle()
        return streams.queuedCount
    }

    /// The bytes that arrived while the protocol had paused reading.
    public var unreadByteCount: Int { streams.unreadCount }

    /// Whether the protocol has ended its side: by `loseWriteConnection`, or by closing in order.
    public var hasEnded: Bool {
        settle()
        return streams.hasEnded
    }

    /// Whether `connectionLost` has been called.
    public var isClosed: Bool {
        settle()
        return streams.isClosed
    }

    /// Whether the protocol's end dropped the connection instead of closing it in order: the peer sees a reset.
    public var wasReset: Bool {
        settle()
        return streams.wasReset
    }

    /// Does something in a turn of the reactor, as a real one would; called in a callback, in the turn after.
    private func act(_ body: @escaping (TestStreamEngine) -> Void) {
        reactor.callSoon { [streams] in body(streams) }
        settle()
    }

    /// Does what follows from the last calls, as the end of a reactor's turn does.
    private func settle() {
        reactor.host.rest()
        reactor.advance(by: .zero)
    }
}

@available(*, unavailable)
extension TestTransport: Sendable {}
