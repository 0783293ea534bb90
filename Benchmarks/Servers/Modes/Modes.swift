import EventReactorCore

/// The modes of the library's servers for `--mode`, apart from echo.
public enum Mode: String, Sendable {
    case echo, lines, sink, source

    /// The protocol for a connection of that mode; nil for `echo`, which each server writes out itself.
    public func makeProtocol(on reactor: ReactorBase) -> Protocol? {
        switch self {
        case .echo: nil
        case .lines: EchoLines()
        case .sink: Sink()
        case .source: Source(on: reactor)
        }
    }
}

/// Answers each line by a write of its own, as a server of pipelined requests would.
final class EchoLines: Protocol {
    private var unfinished: [UInt8] = []

    override func dataReceived(_ data: Span<UInt8>) {
        var start = 0
        while let end = data.firstIndex(of: UInt8(ascii: "\n"), from: start) {
            let line = data.extracting(start..<end + 1)
            if unfinished.isEmpty {
                transport.write(line)
            } else {
                append(line)
                transport.write(unfinished)
                unfinished.removeAll(keepingCapacity: true)
            }
            start = end + 1
        }
        if start < data.count {
            append(data.extracting(start..<data.count))
        }
    }

    private func append(_ bytes: Span<UInt8>) {
        for index in bytes.indices {
            unfinished.append(bytes[index])
        }
    }
}

/// Reads and forgets.
final class Sink: Protocol {}

/// Writes as long as the peer reads, a piece a turn of the loop.
final class Source: Protocol {
    private static let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 64 * 1024)
    private unowned let reactor: ReactorBase
    private var isPaused = false

    init(on reactor: ReactorBase) {
        self.reactor = reactor
    }

    override func connectionMade() { goOn() }
    override func pauseWriting() { isPaused = true }

    override func resumeWriting() {
        isPaused = false
        goOn()
    }

    private func goOn() {
        guard !isPaused, !transport.isClosing else { return }
        transport.write(Self.piece)
        reactor.callSoon { [self] in goOn() }
    }
}
