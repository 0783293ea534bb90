import EventReactor
import Glibc
import Testing

/// A file with the pattern from its beginning, for one test, removed with this object.
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
