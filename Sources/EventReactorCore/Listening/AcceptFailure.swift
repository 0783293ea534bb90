/// A failure to accept connections, as ``ListeningPort/onAcceptFailure`` gets it.
public struct AcceptFailure: Error, Equatable, Sendable {
    /// The error of the system, such as `EMFILE`, and the listener's address.
    public let error: SystemError

    /// Number of peers that were accepted by the reserve descriptor and closed at once; 0 if they wait in the backlog.
    public let closedPeers: Int

    init(error: SystemError, closedPeers: Int) {
        self.error = error
        self.closedPeers = closedPeers
    }
}
