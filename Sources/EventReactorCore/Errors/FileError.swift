/// Why a file cannot be sent, or was not sent whole.
public enum FileError: Error, Sendable {
    /// There is no file of this name.
    case notFound(file: String)

    /// It is a directory, a pipe, a device or a socket: only regular files have a size and can be read anywhere.
    case notRegular(file: String)

    /// The range begins before the file, or reaches beyond its end.
    case outOfRange(file: String, offset: Int, length: Int?, size: Int)

    /// The connection takes no writes: it is closing, its write side is ended, or it never was one.
    case closed(peer: SocketAddress)

    /// The transport sends no files.
    case unsupported

    /// The file became shorter while it was sent: it ended after so many bytes of those that were asked for.
    ///
    /// The connection ends with this as its reason, since the peer waits for bytes that do not exist.
    case truncated(file: String, sent: Int, length: Int)

    /// The connection was lost after so many bytes of the file.
    case lost(sent: Int, ConnectionLostReason)

    /// The system refused to open or to read the file.
    case system(file: String, SystemError)
}

extension FileError: CustomStringConvertible {
    /// The error in words.
    public var description: String {
        switch self {
        case .notFound(let file): "there is no file \(MessageText.escaped(file))"
        case .notRegular(let file): "\(MessageText.escaped(file)) is not a regular file"
        case .outOfRange(let file, let offset, let length, let size):
            "\(MessageText.escaped(file)) has \(size) bytes, and no \(length.map { "\($0) bytes" } ?? "part") from \(offset) on"
        case .closed(let peer): "the connection to \(peer) takes no more bytes"
        case .unsupported: "the transport sends no files"
        case .truncated(let file, let sent, let length):
            "\(MessageText.escaped(file)) became shorter while it was sent: it ended after \(sent) of \(length) bytes"
        case .lost(let sent, let reason): "\(sent) bytes of the file were sent: \(reason)"
        case .system(let file, let error): "\(MessageText.escaped(file)): \(error)"
        }
    }
}
