import CEventReactorShims
import EventReactorCore
import Glibc

/// System calls that connect a socket.
enum ConnectingSocket {
    /// The result of a call to `connect`.
    enum Start {
        /// Established, as UNIX sockets are at once.
        case connected(Int32)
        /// The descriptor becomes writable when the peer has answered.
        case underWay(Int32)
        /// A UNIX server's backlog is full: to be retried later.
        case full(Int32)
        case failed(ConnectError)
    }

    /// `IP_BIND_ADDRESS_NO_PORT`, of IPv6 too: the C library's header may not have it.
    private static let bindAddressNoPort: Int32 = 24

    static func start(
        to address: SocketAddress, from local: SocketAddress?, options: StreamOptions
    ) -> Start {
        let domain: Int32 =
            switch address.family {
            case .ipv4: AF_INET
            case .ipv6: AF_INET6
            case .unix: AF_UNIX
            }
        let descriptor = er_socket(domain, Int32(SOCK_STREAM.rawValue))
        guard descriptor >= 0 else { return .failed(error(errno, "socket", address)) }
        StreamSocket.apply(options, to: descriptor, family: address.family)
        if let local {
            if local.port != 0 {
                StreamSocket.set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
            } else if local.family != .unix {
                // A port chosen by `bind` is in use for all destinations; one chosen by `connect`, for this one alone.
                StreamSocket.set(descriptor, Int32(IPPROTO_IP), bindAddressNoPort, 1)
            }
            if unsafe local.withKernelForm({ unsafe Glibc.bind(descriptor, $0, $1) }) != 0 {
                let code = errno
                _ = close(descriptor)
                return .failed(.bindFailed(SystemError(code: code, operation: "bind", address: local)))
            }
        }
        return attempt(descriptor, to: address)
    }

    /// Calls `connect`, the first time or again after a full backlog.
    static func attempt(_ descriptor: Int32, to address: SocketAddress) -> Start {
        while true {
            if unsafe address.withKernelForm({ unsafe Glibc.connect(descriptor, $0, $1) }) == 0 {
                return finish(descriptor, to: address)
            }
            switch errno {
            case EINTR: continue
            case EINPROGRESS: return .underWay(descriptor)
            case EAGAIN where address.family == .unix: return .full(descriptor)
            default:
                let code = errno
                _ = close(descriptor)
                return .failed(error(code, "connect", address))
            }
        }
    }

    /// The result once the descriptor is writable: established, or the error.
    static func finish(_ descriptor: Int32, to address: SocketAddress) -> Start {
        var code = StreamSocket.pendingError(descriptor)
        // A port chosen for this end may be the very one that is connected to: TCP then talks to itself.
        if code == 0 && address.family != .unix && SocketAddress(of: descriptor) == address {
            code = ECONNREFUSED
        }
        guard code != 0 else { return .connected(descriptor) }
        StreamSocket.close(descriptor, reset: true)
        return .failed(error(code, "connect", address))
    }

    @inline(never)
    private static func error(_ code: Int32, _ operation: String, _ address: SocketAddress) -> ConnectError {
        let error = SystemError(code: code, operation: operation, address: address)
        switch code {
        case ECONNREFUSED, ENOENT: return .refused(error)
        case ENETUNREACH, EHOSTUNREACH, ENETDOWN, EHOSTDOWN: return .unreachable(error)
        case ETIMEDOUT: return .timedOut(after: nil, to: address.description)
        default: return .system(error)
        }
    }
}
