/// A failed system call: its name, its address and its error code.
///
/// Its description reads `bind 127.0.0.1:80: Permission denied (EACCES)`.
public struct SystemError: Error, Equatable, Sendable {
    /// The error code: `errno` after the call.
    public let code: Int32

    /// The call or step that failed, such as `bind`.
    public let operation: String

    /// The address that was passed to the call; nil if it takes none.
    public let address: SocketAddress?

    /// Creates an error from an error code.
    ///
    /// - Parameters:
    ///   - code: The error code. Read `errno` directly after the call: the next call may change it.
    ///   - operation: The call or step that failed, such as `bind`.
    ///   - address: The address that was passed to the call, if any.
    public init(code: Int32, operation: String, address: SocketAddress? = nil) {
        self.code = code
        self.operation = operation
        self.address = address
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
