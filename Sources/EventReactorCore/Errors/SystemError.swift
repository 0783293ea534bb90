/// A failed system call: its name, its address and its error code.
///
/// Its description reads `bind 127.0.0.1:80: Permission denied (EACCES)`.
public struct SystemError: Error, Equatable, Sendable {
    // An object, since errors of most types contain one: copying an error is one retain then, and a tenth of the code.
    private final class Storage: Sendable {
        let code: Int32
        let operation: String
        let address: SocketAddress?

        init(code: Int32, operation: String, address: SocketAddress?) {
            self.code = code
            self.operation = operation
            self.address = address
        }
    }

    private let storage: Storage

    /// The error code: `errno` after the call.
    public var code: Int32 { storage.code }

    /// The call or step that failed, such as `bind`.
    public var operation: String { storage.operation }

    /// The address that was passed to the call; nil if it takes none.
    public var address: SocketAddress? { storage.address }

    /// Creates an error from an error code.
    ///
    /// - Parameters:
    ///   - code: The error code. Read `errno` directly after the call: the next call may change it.
    ///   - operation: The call or step that failed, such as `bind`.
    ///   - address: The address that was passed to the call, if any.
    @inline(never)
    public init(code: Int32, operation: String, address: SocketAddress? = nil) {
        storage = Storage(code: code, operation: operation, address: address)
    }

    /// Whether two errors have the same code, operation and address.
    public static func == (left: SystemError, right: SystemError) -> Bool {
        left.code == right.code && left.operation == right.operation && left.address == right.address
    }

    /// The system's message for the error code, such as `Address already in use`.
    public var message: String { ErrnoText.message(code) }

    /// The symbol of the error code, such as `EADDRINUSE`; `errno 123` for one without a common symbol.
    public var name: String { ErrnoText.name(code) }
}

extension SystemError: CustomStringConvertible {
    /// One line for people and logs: the call, the address, the message and the symbol.
    public var description: String {
        let place: Message = if let address { " \(address)" } else { "" }
        let line: Message = "\(MessageText.escaped(operation))\(place.text): \(message) (\(name))"
        return line.text
    }
}
