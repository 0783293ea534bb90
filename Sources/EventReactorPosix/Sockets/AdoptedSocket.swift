package import EventReactorCore
import Glibc

/// Checks, duplicates and sets up sockets that other code created.
///
/// The library works on a descriptor of its own: it never closes one of the caller's, nor the caller one of the library's.
package enum AdoptedSocket {
    /// Checks a socket that is to listen here, duplicates its descriptor, and sets the socket up.
    ///
    /// - Returns: a new descriptor, which the caller has to close, and the address.
    static func listener(
        _ descriptor: Int32, options: ListenOptions
    ) throws(AdoptError) -> (descriptor: Int32, address: SocketAddress) {
        try checkListener(descriptor)
        let address = SocketAddress(of: descriptor)
        return (try duplicate(descriptor, address, options.stream), address)
    }

    /// Checks a socket that is connected, duplicates its descriptor, and sets the socket up.
    ///
    /// - Returns: a new descriptor, which the caller has to close, and the peer's address.
    static func connection(
        _ descriptor: Int32, options: StreamOptions
    ) throws(AdoptError) -> (descriptor: Int32, peer: SocketAddress) {
        try checkStream(descriptor)
        var form = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let peer: SocketAddress? = unsafe withUnsafeMutablePointer(to: &form) { form in
            unsafe form.withMemoryRebound(to: sockaddr.self, capacity: 1) { form in
                let code = unsafe getpeername(descriptor, form, &length)
                return code == 0 ? unsafe SocketAddress(kernelForm: form, length: length) : nil
            }
        }
        guard let peer else { throw .notConnected(descriptor: descriptor) }
        return (try duplicate(descriptor, peer, options), peer)
    }

    /// Checks that a descriptor is a stream socket that listens, and changes nothing.
    package static func checkListener(_ descriptor: Int32) throws(AdoptError) {
        try checkStream(descriptor)
        guard option(SO_ACCEPTCONN, of: descriptor) == 1 else { throw .notListening(descriptor: descriptor) }
    }

    /// The identity of the socket or other file that a descriptor refers to; `nil` if it is not open.
    package static func identity(of descriptor: Int32) -> SocketIdentity? {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { return nil }
        return SocketIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    }

    @inline(never)
    private static func checkStream(_ descriptor: Int32) throws(AdoptError) {
        guard fcntl(descriptor, F_GETFD) >= 0 else { throw .notOpen(descriptor: descriptor) }
        guard let family = option(SO_DOMAIN, of: descriptor), let type = option(SO_TYPE, of: descriptor) else {
            throw .notASocket(descriptor: descriptor)
        }
        guard family == AF_INET || family == AF_INET6 || family == AF_UNIX else {
            throw .unknownFamily(descriptor: descriptor, family: family)
        }
        guard type == Int32(SOCK_STREAM.rawValue) else { throw .notAStream(descriptor: descriptor) }
    }

    @inline(never)
    private static func option(_ name: Int32, of descriptor: Int32) -> Int32? {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return unsafe getsockopt(descriptor, SOL_SOCKET, name, &value, &length) == 0 ? value : nil
    }

    /// Creates a descriptor of the library's own.
    ///
    /// Non-blocking mode and options are properties of the socket: other processes that share it see the change.
    @inline(never)
    private static func duplicate(
        _ descriptor: Int32, _ address: SocketAddress, _ options: StreamOptions
    ) throws(AdoptError) -> Int32 {
        let own = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard own >= 0 else {
            throw .system(SystemError(code: errno, operation: "fcntl F_DUPFD_CLOEXEC", address: address))
        }
        let flags = fcntl(own, F_GETFL)
        guard flags >= 0, fcntl(own, F_SETFL, flags | O_NONBLOCK) == 0 else {
            let code = errno
            _ = close(own)
            throw .system(SystemError(code: code, operation: "fcntl F_SETFL", address: address))
        }
        StreamSocket.applyAll(options, to: own, family: address.family)
        return own
    }
}
