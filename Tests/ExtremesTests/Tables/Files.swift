import EventReactor
import EventReactorTesting
import Glibc
import Testing

extension Parameter {
    /// Files and parts of them.
    static let files: [Parameter] = [
        Parameter(
            plain: "ReadableFile(path:)",
            Values.texts + Scratch.badPaths + ["/tmp/" + String(repeating: "../", count: 3_000)],
            .fails(FileError.self)
        ) {
            _ = try ReadableFile(path: $0)
        },
        Parameter(plain: "ReadableFile(adopting:)", Values.noDescriptors, .fails(FileError.self)) {
            _ = try ReadableFile(adopting: $0)
        },
        Parameter(plain: "ReadableFile(adopting:name:)", Values.texts, .fails(FileError.self)) {
            _ = try ReadableFile(adopting: -1, name: $0)
        },
        Parameter("sendFile, offset", Values.integers, .worksOrFails(FileError.self)) { engine, offset in
            try sendFile(on: engine, offset: offset, length: nil)
        },
        Parameter("sendFile, length", Values.integers, .worksOrFails(FileError.self)) { engine, length in
            try sendFile(on: engine, offset: 0, length: length)
        },
        Parameter("sendFile, offset and length", pairs, .worksOrFails(FileError.self)) { engine, pair in
            try sendFile(on: engine, offset: pair.0, length: pair.1)
        },
        Parameter(plain: "sendFile of a TestTransport", pairs, .worksOrFails(FileError.self)) { offset, length in
            let sender = Sender(offset: offset, length: length)
            let transport = TestTransport(for: sender)
            if let error = sender.error { throw error }
            transport.advance(by: .seconds(1))
            #expect(transport.written.count == length)
        },
        Parameter(
            exchange: "sendFile(path:)", Values.texts + Scratch.badPaths, .worksOrFails(FileError.self)
        ) { setup, path in
            setup.onEchoed = { transport, _ in try transport.sendFile(path: path) }
            // An error that is thrown in a callback ends the connection, and is thrown here again.
            _ = try ReadableFile(path: path)
        },
    ]

    private static let size = 65_536

    private static let pairs = Values.integers.flatMap { offset in Values.integers.map { (offset, $0) } }

    /// A file whose name is removed at once.
    fileprivate static func makeFile() throws -> ReadableFile {
        let path = Scratch.path("file")
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        try #require(descriptor >= 0)
        _ = unsafe unlink(path)
        try #require(ftruncate(descriptor, off_t(size)) == 0)
        return try ReadableFile(adopting: descriptor)
    }

    /// Sends a part of a file, if there is such a part, and receives it.
    private static func sendFile(on engine: Engine, offset: Int, length: Int?) throws {
        let file = try makeFile()
        var refusal: (any Error)?
        var sent: Int?
        var setup = Setup()
        setup.onEchoed = { transport, _ in
            do {
                try transport.sendFile(file, offset: offset, length: length) { result in
                    sent = try? result.get()
                }
            } catch {
                refusal = error
            }
        }
        try Exchange(engine, setup).run()
        if let refusal { throw refusal }
        #expect(sent == length ?? size - offset)
    }
}

private final class Sender: Protocol {
    private let offset: Int
    private let length: Int
    private(set) var error: (any Error)?

    init(offset: Int, length: Int) {
        self.offset = offset
        self.length = length
    }

    override func connectionMade() {
        do { try transport.sendFile(Parameter.makeFile(), offset: offset, length: length) } catch { self.error = error }
    }
}
