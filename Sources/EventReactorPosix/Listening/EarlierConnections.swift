import EventReactorCore
import Glibc

/// The connections that waited at a listening socket as it was adopted: they have the options that it had before.
struct EarlierConnections {
    private let options: StreamOptions
    /// How many of those that are accepted next they are at most; others who hold the socket may accept some of them.
    private var left: Int

    /// - Returns: nil where none waits.
    init?(at listener: Int32, options: StreamOptions) {
        var info = tcp_info()
        var length = socklen_t(MemoryLayout<tcp_info>.size)
        // Of a socket that listens it is the length of the backlog.
        guard unsafe getsockopt(listener, Int32(IPPROTO_TCP), TCP_INFO, &info, &length) == 0, info.tcpi_unacked > 0
        else { return nil }
        left = Int(info.tcpi_unacked)
        self.options = options
    }

    /// Sets the next one up, and says whether there may be more.
    mutating func prepare(_ accepted: Int32, family: SocketAddress.Family) -> Bool {
        StreamSocket.applyAll(options, to: accepted, family: family)
        left -= 1
        return left > 0
    }
}
