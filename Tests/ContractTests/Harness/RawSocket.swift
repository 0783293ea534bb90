import Dispatch
import EventReactor
import EventReactorPosix
import Glibc
import TestSupport
import Testing

/// A plain socket of the system, for the lines of the contract that are about the kernel.
final class RawSocket {
    let descriptor: Int32

    init(_ family: SocketAddress.Family, type: __socket_type = SOCK_STREAM) throws {
        let domain: Int32 =
            switch family {
            case .ipv4: AF_INET
            case .ipv6: AF_INET6
            case .unix: AF_UNIX
            }
        descriptor = socket(domain, Int32(type.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        try #require(descriptor >= 0)
    }

    deinit {
        _ = close(descriptor)
    }

    func bind(to address: SocketAddress) -> Bool {
        unsafe address.withKernelForm { unsafe Glibc.bind(descriptor, $0, $1) } == 0
    }

    func listen(backlog: Int32) -> Bool {
        Glibc.listen(descriptor, backlog) == 0
    }

    /// Connects and waits for the answer; an errno if there is no connection.
    func connectAndWait(to address: SocketAddress) -> Int32 {
        unsafe address.withKernelForm { unsafe Glibc.connect(descriptor, $0, $1) } == 0 ? 0 : errno
    }

    /// Begins to connect, without waiting.
    func connect(to address: SocketAddress) -> Int32 {
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        return unsafe address.withKernelForm { unsafe Glibc.connect(descriptor, $0, $1) } == 0 ? 0 : errno
    }

    var address: SocketAddress { SocketAddress(of: descriptor) }
}
