import EventReactorCore
import Glibc

/// Connections that were in the backlog of a listening socket when it was adopted: they have the socket's former options.
///
/// An object, since a listening socket that had the options in itself would take 2 KB more code to move.
final class EarlierConnections {
    private let options: StreamOptions
    /// The largest number of them among the next to be accepted; other processes that share the socket may accept some.
    private var left: Int

    /// - Returns: `nil` if none waits.
    init?(at listener: Int32, options: StreamOptions) {
        var info = tcp_info()
        var length = socklen_t(MemoryLayout<tcp_info>.size)
        // Of a socket that listens it is the length of the backlog.
        guard unsafe getsockopt(listener, Int32(IPPROTO_TCP), TCP_INFO, &info, &length) == 0, info.tcpi_unacked > 0
        else { return nil }
        left = Int(info.tcpi_unacked)
        self.options = options
    }

    /// Sets the next one up.
    ///
    /// - Returns: whether there may be more.
    func prepare(_ accepted: Int32, family: SocketAddress.Family) -> Bool {
        StreamSocket.applyAll(options, to: accepted, family: family)
        left -= 1
        return left > 0
    }
}
