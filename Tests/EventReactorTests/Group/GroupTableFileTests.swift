import EventReactor
import EventReactorNative
import Glibc
import TestSupport
import Testing

/// Each runs in a process of its own, as those of `GroupTableTests` do.
@Suite("Files of threads whose descriptor tables differ")
struct GroupTableFileTests {
    /// The pool's threads do not have the file, and its number is another file's there.
    @Test func aFileThatIsCopiedIsReadByTheThreadThatHasIt() async {
        await #expect(processExitsWith: .success) {
            let path = "/tmp/swift-event-reactor-table-\(getpid()).file"
            let size = 300_000
            let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
            let bytes = [UInt8](repeating: 65, count: size)
            try #require(unsafe write(descriptor, bytes, size) == size)
            #expect(fdatasync(descriptor) == 0)
            close(descriptor)
            let group = try ReactorGroup(count: 1, configuration: .withPrivateTables) { reactor in
                try reactor.listenTCP(port: 0, host: "127.0.0.1") { FileSender(path) }
            }
            try await group.start()
            for _ in 0..<256 { _ = unsafe open("/dev/zero", O_RDONLY | O_CLOEXEC) }
            let port = try #require(group.localAddresses.first?.port)
            let client = try NativeReactor()
            let collector = Collector()
            try client.connectTCP(host: "127.0.0.1", port: port) { [unowned client] in
                collector.onLost = { try? client.stop() }
                return collector
            } onFailure: { error in
                Issue.record(error)
            }
            try client.run()
            #expect(collector.received == bytes)
            await group.stop()
            _ = unsafe unlink(path)
        }
    }

    private final class FileSender: Protocol {
        private let path: String

        init(_ path: String) {
            self.path = path
        }

        override func connectionMade() throws {
            // Under a limit the bytes are copied.
            transport.setRateLimit(RateLimit(writeRate: 1 << 34, burst: 1 << 30))
            let file = try ReadableFile(path: path)
            #expect(posix_fadvise(file.descriptor, 0, 0, POSIX_FADV_DONTNEED) == 0)
            try transport.sendFile(file)
            transport.loseConnection()
        }
    }

    private final class Collector: Protocol {
        private(set) var received: [UInt8] = []
        var onLost: () -> Void = {}

        override func dataReceived(_ data: Span<UInt8>) {
            for index in data.indices { received.append(data[index]) }
        }

        override func connectionLost(_ reason: ConnectionLostReason) {
            #expect(reason.isClean)
            onLost()
        }
    }
}
