/// An error of the reactor itself, thrown when it is run or stopped.
public enum ReactorError: Error, Equatable, Sendable {
    /// A stop was requested, and the reactor is not running.
    case notRunning

    /// A stop was requested, and the reactor is stopping already.
    case alreadyStopping

    /// ``ReactorBase/run()`` was called inside a callback of the same reactor.
    case alreadyRunning

    /// The reactor was closed by ``ReactorBase/close()``.
    case closed

    /// A system call failed that the reactor depends on: no file descriptor was free, for instance.
    case system(SystemError)
}

extension ReactorError: CustomStringConvertible {
    /// The error as a message.
    public var description: String { message.text }

    private var message: Message {
        switch self {
        case .notRunning: "the reactor is not running"
        case .alreadyStopping: "the reactor is stopping already"
        case .alreadyRunning: "the reactor is running already"
        case .closed: "the reactor is closed"
        case .system(let error): "the reactor cannot work: \(error)"
        }
    }
}
