import EventReactor
import Glibc
import Testing

/// A file of this test alone, that goes with it: the stream of the pattern, from its beginning.
final class PatternFile {
    let path: String
    let size: Int

    init(_ world: World, _ size: Int) throws {
        path = world.freshPath() + ".file"
        self.size = size
        try PatternFile.write(size, to: path)
    }

    deinit {
        _ = unsafe unlink(path)
    }

    func open() throws -> ReadableFile { try ReadableFile(path: path) }

    /// Cuts the file short, or makes it longer by a hole.
    func truncate(to size: Int) {
        #expect(unsafe Glibc.truncate(path, off_t(size)) == 0)
    }

    private static func write(_ size: Int, to path: String) throws {
        let descriptor = unsafe Glibc.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        try #require(descriptor >= 0)
        defer { _ = close(descriptor) }
        var written = 0
        while written < size {
            let piece = Pattern.bytes(min(size - written, 1 << 20), from: written)
            try #require(unsafe Glibc.write(descriptor, piece, piece.count) == piece.count)
            written += piece.count
        }
    }
}

/// Takes a long stream of the pattern and keeps none of it.
final class Taker: Protocol {
    private(set) var count = 0
    private(set) var isIntact = true
    private(set) var reason: ConnectionLostReason?
    var onMade: (Taker) -> Void = { _ in }
    var onData: (Taker) -> Void = { _ in }
    var onLost: (Taker) -> Void = { _ in }

    override func connectionMade() {
        onMade(self)
    }

    override func dataReceived(_ data: Span<UInt8>) {
        isIntact = isIntact && Pattern.isFound(in: [UInt8](data), from: count)
        count += data.count
        onData(self)
    }

    override func connectionLost(_ reason: ConnectionLostReason) {
        self.reason = reason
        let told = onLost
        onMade = { _ in }
        onData = { _ in }
        onLost = { _ in }
        told(self)
    }
}

extension Recorder {
    /// What the engine holds for the connection, which costs memory; files and relays take none of it for long.
    var engineByteCount: Int {
        guard let connection = transport as? StreamConnection, reason == nil else { return 0 }
        return connection.queue?.byteCount ?? 0
    }
}

extension FileError {
    /// How many bytes had been sent when the connection was lost, and why it was.
    var loss: (sent: Int, reason: ConnectionLostReason)? {
        if case .lost(let sent, let reason) = self { (sent, reason) } else { nil }
    }
}
