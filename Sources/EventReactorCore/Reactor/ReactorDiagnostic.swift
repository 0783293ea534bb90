/// A failure for which no caller waits, as ``ReactorBase/onDiagnostic`` gets it.
public enum ReactorDiagnostic: Sendable, CustomStringConvertible {
    /// An `onStartup` or `onShutdown` hook threw.
    case hookFailed(any Error)

    /// A listener could not accept, and no ``ListeningPort/onAcceptFailure`` is set.
    ///
    /// It is reported for the first failure of a series; ``acceptFailedAgain(_:times:)`` counts later ones.
    case acceptFailed(SystemError)

    /// A listener failed to accept further times since the last report, and no ``ListeningPort/onAcceptFailure`` is
    /// set.
    ///
    /// It is reported ten seconds after the last report, if there were any by then. The error is the latest.
    case acceptFailedAgain(SystemError, times: Int)

    /// The engine logged a warning of its own: libevent does if one of its system calls fails.
    ///
    /// The consequence is reported separately, as an error that is thrown or as the end of a connection.
    case engineMessage(String)

    /// The kernel refused to register an accepted connection, which was closed.
    case connectionFailed(SystemError)

    /// A factory returned a protocol object that serves, or served, another connection: each connection needs one of its
    /// own, and this one was reset. A connector's `onFailure` is called too, with `EISCONN`.
    case protocolReused(peer: SocketAddress)

    /// A connect failed, and was made without `onFailure`.
    case connectFailed(ConnectError)

    /// The PROXY headers of so many peers were refused since the last report; the error and the peer are the latest.
    ///
    /// A listener reports the first, and then at most every ten seconds.
    case proxyHeaderRefused(any Error, peer: SocketAddress, times: Int)

    /// A handover failed, and its offer has no `onFailure`; the program goes on.
    case handoverFailed(any Error)

    /// No reactor adopted the sockets that were handed over under a name: they are closed, and this program does not
    /// listen at these addresses.
    case notAdopted(name: String, addresses: [SocketAddress])

    /// The failure in words.
    public var description: String { message.text }

    private var message: Message {
        switch self {
        case .hookFailed(let error): "a hook of the reactor failed: \(MessageText.escaped(error))"
        case .acceptFailed(let error): "a connection could not be accepted: \(error)"
        case .acceptFailedAgain(let error, let times): "connections could not be accepted \(times) more times: \(error)"
        case .engineMessage(let text): "\(MessageText.escaped(text))"
        case .connectionFailed(let error): "a connection could not be watched: \(error)"
        case .protocolReused(let peer):
            "the connection from \(peer) was given a protocol object that serves another connection, and was reset"
        case .connectFailed(let error): "\(error.description)"
        case .proxyHeaderRefused(let error, let peer, 1):
            "the connection from \(peer) was refused: \(MessageText.escaped(error))"
        case .proxyHeaderRefused(let error, let peer, let times):
            "\(times) connections were refused, the last from \(peer): \(MessageText.escaped(error))"
        case .handoverFailed(let error): "\(MessageText.escaped(error))"
        case .notAdopted(let name, let addresses):
            "nothing adopted the sockets handed over as \(MessageText.quoted(name)), which are closed: \(addresses.map { $0.description }.joined(separator: ", "))"
        }
    }
}
