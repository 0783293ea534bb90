/// A system call that failed: which step, at which address, and why.
///
/// Printed, it reads `bind 127.0.0.1:80: Permission denied (EACCES)`.
public struct SystemError: Error, Equatable, Sendable {
    /// The system's error number, `errno` as the call left it.
    public let code: Int32

    /// The call or step that failed, such as `bind`.
    public let operation: String

    /// The address that the step was about, if it was about one.
    public let address: SocketAddress?

    /// Makes an error from the number that the system gave.
    ///
    /// - Parameters:
    ///   - code: The error number. Read `errno` at once after the call: the next call may change it.
    ///   - operation: The call or step that failed.
    ///   - address: The address that the step was about.
    public init(code: Int32, operation: String, address: SocketAddress? = nil) {
        self.code = code
        self.operation = operation
        self.address = address
    }

    /// The system's words for the error number, such as `Address already in use`.
    public var message: String { ErrnoText.message(code) }

    /// The symbol of the error number, such as `EADDRINUSE`; `errno 123` for one that has no common symbol.
    public var name: String { ErrnoText.name(code) }
}

extension SystemError: CustomStringConvertible {
    /// One line for people and logs: the step, the address, the system's words and the symbol.
    public var description: String {
        let operation = MessageText.escaped(operation)
        let step = address.map { "\(operation) \($0)" } ?? operation
        return "\(step): \(message) (\(name))"
    }
}
