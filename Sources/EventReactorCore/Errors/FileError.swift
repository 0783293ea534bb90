/// The reason why a file could not be sent, or was sent in part.
public enum FileError: Error, Sendable {
    /// No file has this name.
    case notFound(file: String)

    /// It is a directory, a pipe, a device or a socket: only a regular file has a size and can be read at any offset.
    case notRegular(file: String)

    /// The range begins before the file's first byte, or ends after its last.
    case outOfRange(file: String, offset: Int, length: Int?, size: Int)

    /// The connection accepts no writes: it is closing, its write side is shut down, or it is not established.
    case closed(peer: SocketAddress)

    /// The transport cannot send files.
    case unsupported

    /// The file was truncated while it was sent: it ended after `sent` of `length` bytes.
    ///
    /// The connection ends with this error as its reason, since the peer waits for bytes that do not exist.
    case truncated(file: String, sent: Int, length: Int)

    /// The connection was lost after `sent` bytes of the file.
    case lost(sent: Int, ConnectionLostReason)

    /// A system call that opens or reads the file failed.
    case system(file: String, SystemError)
}

extension FileError: CustomStringConvertible {
    /// The error as a message.
    public var description: String { message.text }

    private var message: Message {
        switch self {
        case .notFound(let file): "there is no file \(MessageText.escaped(file))"
        case .notRegular(let file): "\(MessageText.escaped(file)) is not a regular file"
        case .outOfRange(let file, let offset, let length, let size):
            "\(MessageText.escaped(file)) has \(size) bytes, and no \(length.map { "\($0) bytes" } ?? "part") from \(offset) on"
        case .closed(let peer): "the connection to \(peer) takes no more bytes"
        case .unsupported: "the transport sends no files"
        case .truncated(let file, let sent, let length):
            "\(MessageText.escaped(file)) became shorter while it was sent: it ended after \(sent) of \(length) bytes"
        case .lost(let sent, let reason): "\(sent) bytes of the file were sent: \(reason.description)"
        case .system(let file, let error): "\(MessageText.escaped(file)): \(error)"
        }
    }
}
