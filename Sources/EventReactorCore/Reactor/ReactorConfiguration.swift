#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Settings of a reactor.
public struct ReactorConfiguration: Hashable, Sendable {
    /// The signals that stop the reactor as `stop()` does while it runs; `SIGINT` and `SIGTERM` unless set.
    ///
    /// A second one while the reactor is stopping cuts short the wait for shutdown hooks. One that comes before the loop
    /// has taken the one before it, because a callback does not return, ends the process as the signal does by default,
    /// unless the loop takes it within half a second. What the signals did before is restored when `run()` returns, except
    /// for those that other code has installed a handler for meanwhile. If several reactors of a process run, each gets
    /// them.
    public var stopSignals: Set<Int32> = [SIGINT, SIGTERM]

    /// The largest size in bytes of the buffer that all connections of the reactor share for receiving; 256 KiB unless
    /// set.
    ///
    /// It is the most that one `dataReceived` is given. The buffer begins with 64 KiB, or this if it is less, and grows
    /// while nearly all reads fill it. Values are kept within 1 KiB and 16 MiB.
    public var receiveBufferSize = 256 * 1024

    /// The most connections that one listener accepts in a turn, so that a flood starves nobody; 64 unless set.
    ///
    /// Less than 1 counts as 1. Fewer where they take long: past fifty microseconds, accepting gets no more than a
    /// fifth of the loop's time. Four may be accepted however long they take.
    public var acceptsPerTurn = 64

    /// Whether the loop measures how long its turns take, for ``ReactorMetrics/Loop/lag``; it does unless set.
    ///
    /// It looks at the clock twice a turn, which takes some tens of nanoseconds, and several times that on a machine whose
    /// clock the kernel alone can read.
    public var measuresLoopLag = true

    /// Creates the default settings.
    public init() {}
}

/// Something that went wrong where no caller waits for an answer.
public enum ReactorDiagnostic: Sendable, CustomStringConvertible {
    /// An `onStartup` or `onShutdown` hook threw.
    case hookFailed(any Error)

    /// A listener could not accept, and no ``ListeningPort/onAcceptFailure`` is set.
    ///
    /// It comes for the first failure of a row; ``acceptFailedAgain(_:times:)`` counts those that follow.
    case acceptFailed(SystemError)

    /// A listener failed to accept further times since the last report, and no ``ListeningPort/onAcceptFailure`` is
    /// set.
    ///
    /// It comes ten seconds after the last report, if there were any by then. The error is the latest.
    case acceptFailedAgain(SystemError, times: Int)

    /// The engine logged a warning of its own: libevent, where a system call that it makes has failed.
    ///
    /// What failed because of it is reported apart, as an error that is thrown or as the end of a connection.
    case engineMessage(String)

    /// An accepted connection could not be watched and was closed.
    case connectionFailed(SystemError)

    /// A factory gave a protocol object that serves, or served, another connection: each connection needs one of its
    /// own, and this one was reset. A connector's `onFailure` is told besides, with `EISCONN`.
    case protocolReused(peer: SocketAddress)

    /// A connect failed, and was made without `onFailure`.
    case connectFailed(ConnectError)

    /// A handover failed, and its offer has no `onFailure`; the program goes on.
    case handoverFailed(any Error)

    /// No reactor adopted the sockets that were handed over under a name: they have been closed, and this program does
    /// not listen at these addresses.
    case notAdopted(name: String, addresses: [SocketAddress])

    /// What happened, in words.
    public var description: String {
        switch self {
        case .hookFailed(let error): "a hook of the reactor failed: \(MessageText.escaped(error))"
        case .acceptFailed(let error): "a connection could not be accepted: \(error)"
        case .acceptFailedAgain(let error, let times): "connections could not be accepted \(times) more times: \(error)"
        case .engineMessage(let text): MessageText.escaped(text)
        case .connectionFailed(let error): "a connection could not be watched: \(error)"
        case .protocolReused(let peer):
            "the connection from \(peer) was given a protocol object that serves another connection, and was reset"
        case .connectFailed(let error): "\(error)"
        case .handoverFailed(let error): MessageText.escaped(error)
        case .notAdopted(let name, let addresses):
            "nothing adopted the sockets handed over as \(MessageText.quoted(name)), which are closed: "
                + addresses.map(\.description).joined(separator: ", ")
        }
    }
}
