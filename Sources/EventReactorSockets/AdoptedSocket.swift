package import EventReactorBasics
import Glibc

/// What has to be true of a descriptor that others made, and is made true where it can be.
package enum AdoptedSocket {
    /// Checks and sets up a socket that is to listen here, and tells its address.
    package static func listener(
        _ descriptor: Int32, options: ListenOptions
    ) throws(AdoptError) -> SocketAddress {
        try checkListener(descriptor)
        let address = SocketAddress(of: descriptor)
        try prepare(descriptor, address)
        StreamSocket.apply(options.stream, to: descriptor, family: address.family)
        return address
    }

    /// Checks and sets up a socket that is connected, and tells its peer's address.
    package static func connection(
        _ descriptor: Int32, options: StreamOptions
    ) throws(AdoptError) -> SocketAddress {
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
        try prepare(descriptor, peer)
        StreamSocket.apply(options, to: descriptor, family: peer.family)
        return peer
    }

    /// Checks that a descriptor is a stream socket that listens, and changes nothing.
    package static func checkListener(_ descriptor: Int32) throws(AdoptError) {
        try checkStream(descriptor)
        guard option(SO_ACCEPTCONN, of: descriptor) == 1 else { throw .notListening(descriptor: descriptor) }
    }

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

    private static func option(_ name: Int32, of descriptor: Int32) -> Int32? {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return unsafe getsockopt(descriptor, SOL_SOCKET, name, &value, &length) == 0 ? value : nil
    }

    /// Whether a process waits is a property of the socket, which others may share: they find it non-blocking too.
    private static func prepare(_ descriptor: Int32, _ address: SocketAddress) throws(AdoptError) {
        let flags = fcntl(descriptor, F_GETFL)
        guard
            flags >= 0, fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) == 0,
            fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0
        else { throw .system(SystemError(code: errno, operation: "fcntl", address: address)) }
    }
}

extension AdoptError {
    /// What an engine says of a socket that it cannot watch.
    package init(_ error: ListenError) {
        switch error {
        case .system(let cause), .addressInUse(let cause): self = .system(cause)
        case .notAdoptable(let cause): self = cause
        case .invalidAddress, .unresolvable: self = .unsupported
        }
    }
}
