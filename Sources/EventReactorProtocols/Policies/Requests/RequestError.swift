public import EventReactorCore

/// The reason why a request has no response, or could not be made.
public enum RequestError: Error, Sendable {
    /// No response came within the time.
    case timedOut(after: Duration)

    /// The connection was lost before the response came, or before the request was made.
    case connectionLost(ConnectionLostReason)

    /// As many requests as the limit allows are outstanding: nothing was registered.
    case tooManyOutstanding(limit: Int)

    /// Another request with the same key is outstanding: nothing was registered.
    case duplicateKey
}

extension RequestError: CustomStringConvertible {
    /// The error as a message.
    public var description: String {
        switch self {
        case .timedOut(let time): "no response within \(time)"
        case .connectionLost(let reason): "no response: \(reason)"
        case .tooManyOutstanding(let limit): "too many requests are outstanding, the limit is \(limit)"
        case .duplicateKey: "a request with the same key is outstanding"
        }
    }
}
