/// The use that a request matcher had for a response.
public enum ResponseOutcome: Hashable, Sendable {
    /// It was passed to its request.
    case delivered

    /// Its request had timed out or was cancelled: the response was dropped.
    case dropped

    /// No request was outstanding: the peer has sent a response that was not asked for.
    case unexpected
}
