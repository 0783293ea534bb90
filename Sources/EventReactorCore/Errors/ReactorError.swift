/// What the reactor itself can refuse or fail at.
public enum ReactorError: Error, Equatable, Sendable {
    /// `stop()` was called on a reactor that is not running.
    case notRunning

    /// `stop()` was called on a reactor that is stopping already.
    case alreadyStopping

    /// `run()` was called inside `run()`.
    case alreadyRunning

    /// The reactor was ended for good by `close()`.
    case closed

    /// The system refused something that the reactor cannot do without, a descriptor for one.
    case system(SystemError)
}

extension ReactorError: CustomStringConvertible {
    /// The error in words.
    public var description: String {
        switch self {
        case .notRunning: "the reactor is not running"
        case .alreadyStopping: "the reactor is stopping already"
        case .alreadyRunning: "the reactor is running already"
        case .closed: "the reactor is closed"
        case .system(let error): "the reactor cannot work: \(error)"
        }
    }
}
