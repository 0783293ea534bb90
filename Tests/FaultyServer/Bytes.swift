import EventReactor
import Glibc
import TestSupport

/// The bytes that clients and servers send: endless, and known at each offset.
enum Bytes {
    static let period = 65_521

    private static let block: [UInt8] = {
        var numbers = Numbers(seed: 42)
        return (0..<period).map { _ in UInt8(truncatingIfNeeded: numbers.next()) }
    }()

    static func from(_ offset: Int, _ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let start = (offset + bytes.count) % period
            bytes += block[start..<min(period, start + count - bytes.count)]
        }
        return bytes
    }

    static func areFound(in data: Span<UInt8>, from offset: Int) -> Bool {
        let wanted = from(offset, data.count)
        return unsafe wanted.withUnsafeBytes { wanted in
            unsafe data.withUnsafeBytes { found in
                unsafe found.isEmpty || memcmp(found.baseAddress!, wanted.baseAddress!, found.count) == 0
            }
        }
    }

    /// Five periods of them in a file without a name.
    static func makeFile() throws -> ReadableFile {
        let path = "/tmp/swift-event-reactor-faults-\(getpid()).file"
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        defer { unsafe unlink(path) }
        let bytes = from(0, 5 * period)
        guard descriptor >= 0, unsafe write(descriptor, bytes, bytes.count) == bytes.count else {
            fatalError("no file can be made")
        }
        return try ReadableFile(adopting: descriptor, name: path)
    }
}
