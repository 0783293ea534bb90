import EventReactorCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Small files, read whole: certificates and keys.
enum FileBytes {
    /// More than any chain of certificates.
    private static let limit = 16 * 1024 * 1024

    /// The bytes of a file, or the reason why they cannot be read.
    static func contents(of path: String) -> Result<[UInt8], Failure> {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return .failure(Failure(path, errno)) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 * 1024)
        while bytes.count < limit {
            let count = unsafe read(descriptor, &piece, piece.count)
            if count < 0 { return .failure(Failure(path, errno)) }
            if count == 0 { return .success(bytes) }
            bytes += piece[..<count]
        }
        return .failure(Failure(path, EFBIG))
    }

    /// A file could not be read.
    struct Failure: Error {
        let message: String

        init(_ path: String, _ code: Int32) {
            message = "cannot read \(path): \(ErrnoText.message(code))"
        }
    }
}
