#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A regular file, open for reading: what ``Transport/sendFile(_:offset:length:progress:completion:)`` sends.
///
/// Nothing of its position is used, so one may be sent to any number of connections at once, on any threads. The
/// descriptor is closed once, when the last reference is released; a transfer retains the file until it ends.
public final class ReadableFile: Sendable {
    /// The path that was given, or the descriptor's number: for people.
    public let name: String

    /// The file's size in bytes when it was opened.
    public let size: Int

    /// The file's descriptor, which stays the file's own.
    public let descriptor: Int32

    /// Reads this file in place of the engine's reader: for tests of what waits for a disk.
    let reader: (any FileReader)?

    /// Opens a file.
    ///
    /// - Throws: ``FileError/notFound(file:)``, ``FileError/notRegular(file:)``, or ``FileError/system(file:_:)`` for
    ///   what else the system refuses.
    public convenience init(path: String) throws(FileError) {
        try self.init(path: path, reader: nil)
    }

    /// Opens a file that is read by a reader of its own.
    package convenience init(path: String, reader: (any FileReader)?) throws(FileError) {
        // The system would cut the path there, and open another file.
        guard !ByteText.hasNUL(path) else { throw .notFound(file: path) }
        // Not to wait for the writer of a pipe, nor to take a terminal for this process's own.
        let descriptor = unsafe open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let code = errno
            if code == ENOENT || code == ENOTDIR { throw .notFound(file: path) }
            throw .system(file: path, SystemError(code: code, operation: "open"))
        }
        try self.init(adopting: descriptor, name: path, reader: reader)
    }

    /// Takes over a descriptor that is open for reading, and closes it in the end, even if this throws.
    ///
    /// - Parameters:
    ///   - descriptor: of a regular file.
    ///   - name: what errors call the file; the descriptor's number unless given.
    /// - Throws: ``FileError/notRegular(file:)``, or ``FileError/system(file:_:)`` if it is not an open
    ///   descriptor.
    public convenience init(adopting descriptor: Int32, name: String? = nil) throws(FileError) {
        try self.init(adopting: descriptor, name: name, reader: nil)
    }

    private init(adopting descriptor: Int32, name: String?, reader: (any FileReader)?) throws(FileError) {
        self.reader = reader
        self.name = name ?? "descriptor \(descriptor)"
        self.descriptor = descriptor
        var facts = stat()
        guard unsafe fstat(descriptor, &facts) == 0 else {
            throw .system(file: self.name, SystemError(code: errno, operation: "fstat"))
        }
        size = Int(facts.st_size)
        guard facts.st_mode & S_IFMT == S_IFREG else { throw .notRegular(file: self.name) }
    }

    deinit {
        if descriptor >= 0 { _ = close(descriptor) }
    }

    /// The length of a range, if it is within the size at opening.
    func length(from offset: Int, _ length: Int?) throws(FileError) -> Int {
        guard 0...size ~= offset, length.map({ 0...(size - offset) ~= $0 }) ?? true else {
            throw .outOfRange(file: name, offset: offset, length: length, size: size)
        }
        return length ?? size - offset
    }
}
