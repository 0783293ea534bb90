import CEventReactorShims
import EventReactorCore
import Glibc

/// The system calls of connections on their descriptors, the same over every engine.
package enum StreamSocket {
    /// Receives once: returns the number of bytes, 0 at the end of the stream, or -1 with an errno.
    package static func receive(_ descriptor: Int32, _ start: UnsafeMutableRawPointer?, _ count: Int) -> Int {
        unsafe recv(descriptor, start, count, 0)
    }

    /// Offers bytes to the kernel: how many it took, 0 if it takes none now, or a negative errno.
    @inline(__always)
    package static func send(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        let count = unsafe Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
        return count >= 0 ? count : refusal()
    }

    /// The answer to a send that was refused.
    ///
    /// Apart, and without parameters, so that the path of most messages saves no registers for it. A call that a signal
    /// interrupted is repeated when the kernel reports room, which it does at once.
    @inline(never)
    private static func refusal() -> Int {
        errno == EAGAIN || errno == EINTR ? 0 : -Int(errno)
    }

    /// Offers several pieces in one call; answers as `send` does.
    package static func send(_ descriptor: Int32, pieces: UnsafeBufferPointer<UnsafeRawBufferPointer>) -> Int {
        unsafe withUnsafeTemporaryAllocation(of: iovec.self, capacity: pieces.count) { vectors in
            for index in pieces.indices {
                // The kernel reads from the pieces only, though its type says otherwise.
                let base = unsafe UnsafeMutableRawPointer(mutating: pieces[index].baseAddress)
                unsafe vectors.initializeElement(at: index, to: iovec(iov_base: base, iov_len: pieces[index].count))
            }
            var message = unsafe msghdr()
            unsafe message.msg_iov = vectors.baseAddress
            unsafe message.msg_iovlen = vectors.count
            while true {
                let count = unsafe sendmsg(descriptor, &message, Int32(MSG_NOSIGNAL))
                if count >= 0 { return count }
                if errno == EINTR { continue }
                return errno == EAGAIN ? 0 : -Int(errno)
            }
        }
    }

    /// Offers a part of a file to the kernel.
    static func sendFile(_ descriptor: Int32, _ file: Int32, offset: Int, count: Int) -> FileStep {
        let sent = Int(er_sendfile(descriptor, file, Int64(offset), Int64(count)))
        if sent > 0 { return .sent(sent) }
        switch Int32(-sent) {
        case 0: return .fileEnded
        case EAGAIN: return .noRoom
        // The file system has no pages to lend.
        case EINVAL, ENOSYS, EOPNOTSUPP: return .unsupported
        case let code where isConnectionError(code): return .connectionFailed(code)
        // File systems have errors of their own, such as EUCLEAN and EREMOTEIO.
        case let code: return .fileFailed(code)
        }
    }

    /// Whether an errno says that a connected socket cannot send: tcp(7), ip(7) and the ICMP errors that Linux reports.
    private static func isConnectionError(_ code: Int32) -> Bool {
        switch code {
        case EPIPE, ECONNRESET, ECONNABORTED, ECONNREFUSED, ENOTCONN, ESHUTDOWN, ETIMEDOUT, EHOSTUNREACH, EHOSTDOWN,
            ENETUNREACH, ENETDOWN, ENETRESET, ENONET, ENOBUFS, EMSGSIZE, EPROTO, ENOPROTOOPT, ENOTSOCK:
            true
        default: false
        }
    }

    /// The error that the kernel holds against the socket, or 0; asking clears it.
    package static func pendingError(_ descriptor: Int32) -> Int32 {
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length) == 0 ? code : errno
    }

    /// The bytes that have arrived and were not read; 0 if that cannot be found out.
    static func unreadByteCount(_ descriptor: Int32) -> Int { max(0, Int(er_unread(descriptor))) }

    /// Reads and drops what has arrived, to find out whether closing now could destroy bytes on their way.
    ///
    /// The kernel answers unread bytes, and those that arrive after the close, with a reset, and a reset drops what the
    /// peer has not acknowledged.
    ///
    /// - Parameters:
    ///   - family: of the connection. A UNIX socket has put all that was sent into the peer's hands.
    ///   - endSent: whether the end of the stream has been sent. A peer that has acknowledged it has all, and may send
    ///     indefinitely without delaying the close.
    static func drainInput(
        _ descriptor: Int32, family: SocketAddress.Family, endSent: Bool, scratch: UnsafeMutableRawBufferPointer
    ) -> InputDrain {
        for _ in 0..<4 {
            let count = unsafe recv(descriptor, scratch.baseAddress, scratch.count, Int32(MSG_DONTWAIT))
            // The peer's end has arrived: it sends nothing that could be answered with a reset.
            if count == 0 { return .delivered }
            if count < 0 {
                if errno == EINTR { continue }
                return errno == EAGAIN ? acknowledged(descriptor, family) : .failed(errno)
            }
        }
        return endSent ? acknowledged(descriptor, family) : .pending
    }

    private static func acknowledged(_ descriptor: Int32, _ family: SocketAddress.Family) -> InputDrain {
        family != .unix && er_unacknowledged(descriptor) != 0 ? .pending : .delivered
    }

    /// Closes the descriptor; with a reset in place of an orderly end if requested.
    ///
    /// - Parameter endsForAll: whether the connection ends though there may be other descriptors of the socket, as of
    ///   one that was adopted: its peer would otherwise see no end before the last of them is closed. The same holds
    ///   once the process has forked.
    static func close(_ descriptor: Int32, reset: Bool, endsForAll: Bool = false) {
        if endsForAll || er_has_forked() != 0 { end(descriptor, reset: reset) }
        if reset {
            var now = linger(l_onoff: 1, l_linger: 0)
            unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
        }
        _ = Glibc.close(descriptor)
    }

    /// Ends a connection for every process with a descriptor of its socket, and closes none.
    private static func end(_ descriptor: Int32, reset: Bool) {
        // Connecting to no address has TCP send a reset and drop what it has; UNIX sockets refuse.
        var none = sockaddr()
        none.sa_family = sa_family_t(AF_UNSPEC)
        if reset, unsafe connect(descriptor, &none, socklen_t(MemoryLayout<sockaddr>.size)) == 0 { return }
        _ = shutdown(descriptor, Int32(SHUT_RDWR))
    }

    static func shutdownWrite(_ descriptor: Int32) {
        _ = shutdown(descriptor, Int32(SHUT_WR))
    }

    @discardableResult
    static func setNoDelay(_ descriptor: Int32, _ enabled: Bool) -> Bool {
        set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, enabled ? 1 : 0)
    }

    @discardableResult
    static func setKeepAlive(_ descriptor: Int32, _ keepAlive: StreamOptions.KeepAlive) -> Bool {
        let tcp = Int32(IPPROTO_TCP)
        return set(descriptor, tcp, TCP_KEEPIDLE, min(32_767, keepAlive.idle.wholeSeconds))
            && set(descriptor, tcp, TCP_KEEPINTVL, min(32_767, keepAlive.interval.wholeSeconds))
            && set(descriptor, tcp, TCP_KEEPCNT, Int32(min(127, max(1, keepAlive.count))))
            && set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1)
    }

    /// The settings of a new connection.
    static func apply(_ options: StreamOptions, to descriptor: Int32, family: SocketAddress.Family) {
        // A negative size would be taken for a very large one.
        if let size = options.kernelReceiveBuffer {
            set(descriptor, SOL_SOCKET, SO_RCVBUF, Int32(clamping: max(0, size)))
        }
        if let size = options.kernelSendBuffer { set(descriptor, SOL_SOCKET, SO_SNDBUF, Int32(clamping: max(0, size))) }
        guard family != .unix else { return }
        if options.noDelay { setNoDelay(descriptor, true) }
        if let keepAlive = options.keepAlive { setKeepAlive(descriptor, keepAlive) }
    }

    @discardableResult
    static func set(_ descriptor: Int32, _ level: Int32, _ name: Int32, _ value: Int32) -> Bool {
        var value = value
        return unsafe setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size)) == 0
    }
}
