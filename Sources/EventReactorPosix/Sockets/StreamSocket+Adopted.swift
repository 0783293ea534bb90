import EventReactorCore
import Glibc

/// Options of sockets that other code created and may have changed: options that are off here are turned off.
///
/// A socket of the library's own has the system's defaults and does not need these calls.
extension StreamSocket {
    /// Gives a socket the settings of a connection, whatever it had before.
    ///
    /// The connections that are accepted at a listening socket have its settings.
    static func applyAll(_ options: StreamOptions, to descriptor: Int32, family: SocketAddress.Family) {
        unlockBuffers(options, of: descriptor, family)
        apply(options, to: descriptor, family: family)
        // Otherwise a close could keep the reactor waiting, though the socket is non-blocking, or reset the connection.
        var off = linger(l_onoff: 0, l_linger: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &off, socklen_t(MemoryLayout<linger>.size))
        guard family != .unix else { return }
        if !options.noDelay { setNoDelay(descriptor, false) }
        if options.keepAlive == nil { set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 0) }
    }

    /// `SO_BUF_LOCK` of <asm-generic/socket.h>: which buffers have a size that was set, and so do not grow by themselves.
    private static let bufferLock: Int32 = 72
    private static let sendLock: Int32 = 1
    private static let receiveLock: Int32 = 2

    /// Gives buffers that are left to the system, and whose size was set, the size that a new socket has.
    ///
    /// Linux reports such buffers since 5.14; before that they are left unchanged.
    private static func unlockBuffers(
        _ options: StreamOptions, of descriptor: Int32, _ family: SocketAddress.Family
    ) {
        let locks = value(descriptor, bufferLock) ?? 0
        let freesSend = options.kernelSendBuffer == nil && locks & sendLock != 0
        let freesReceive = options.kernelReceiveBuffer == nil && locks & receiveLock != 0
        guard freesSend || freesReceive else { return }
        let fresh = socket(domain(of: family), Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { if fresh >= 0 { _ = Glibc.close(fresh) } }
        // The kernel doubles a size that is set, for its own needs, and reports the double.
        if freesSend, let size = value(fresh, SO_SNDBUF) { set(descriptor, SOL_SOCKET, SO_SNDBUF, size / 2) }
        if freesReceive, let size = value(fresh, SO_RCVBUF) { set(descriptor, SOL_SOCKET, SO_RCVBUF, size / 2) }
        let left = locks & ~((freesSend ? sendLock : 0) | (freesReceive ? receiveLock : 0))
        set(descriptor, SOL_SOCKET, bufferLock, left)
    }

    private static func domain(of family: SocketAddress.Family) -> Int32 {
        switch family {
        case .ipv4: AF_INET
        case .ipv6: AF_INET6
        case .unix: AF_UNIX
        }
    }

    private static func value(_ descriptor: Int32, _ name: Int32) -> Int32? {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return unsafe getsockopt(descriptor, SOL_SOCKET, name, &value, &length) == 0 ? value : nil
    }
}
