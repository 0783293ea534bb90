/// The reason why a file descriptor could not be adopted.
///
/// Adopting duplicates the descriptor: the caller owns the original after an error as well as after a success.
public enum AdoptError: Error, Equatable, Sendable {
    /// The descriptor is not open.
    case notOpen(descriptor: Int32)

    /// The descriptor is not a socket.
    case notASocket(descriptor: Int32)

    /// The socket's address family is neither IPv4, IPv6 nor UNIX; `family` is the system's constant, such as
    /// `AF_NETLINK`.
    case unknownFamily(descriptor: Int32, family: Int32)

    /// The socket is not a stream socket: a datagram socket, for instance.
    case notAStream(descriptor: Int32)

    /// A listening socket is required, and the stream socket does not listen.
    case notListening(descriptor: Int32)

    /// A connected socket is required, and the stream socket has no peer: it listens, or the peer has closed.
    case notConnected(descriptor: Int32)

    /// The same socket was adopted before, by this descriptor or another, and is still in use.
    ///
    /// A connection counts as adopted by any reactor of the process, since two protocols would each receive a part of
    /// the bytes; a listening socket counts per reactor.
    case alreadyAdopted(descriptor: Int32)

    /// There is nothing to adopt: no descriptor was given, or the inherited sockets were adopted or closed before.
    case nothing

    /// The reactor has no file descriptors: it is a simulated one.
    case unsupported

    /// The reactor was closed by ``ReactorBase/close()``.
    case reactorClosed

    /// A system call failed.
    case system(SystemError)
}

extension AdoptError: CustomStringConvertible {
    /// The error as a message.
    public var description: String { message.text }

    private var message: Message {
        switch self {
        case .notOpen(let fd): "cannot adopt descriptor \(fd): it is not open"
        case .notASocket(let fd): "cannot adopt descriptor \(fd): it is no socket"
        case .unknownFamily(let fd, let family):
            "cannot adopt descriptor \(fd): its address family \(family) is neither IPv4, IPv6 nor UNIX"
        case .notAStream(let fd): "cannot adopt descriptor \(fd): it is no stream socket"
        case .notListening(let fd): "cannot adopt descriptor \(fd): it does not listen"
        case .notConnected(let fd): "cannot adopt descriptor \(fd): it is not connected"
        case .alreadyAdopted(let fd): "cannot adopt descriptor \(fd): its socket has been adopted already"
        case .nothing: "there is no socket to adopt"
        case .unsupported: "this reactor has no descriptors, and can adopt none"
        case .reactorClosed: "cannot adopt a descriptor: the reactor is closed"
        case .system(let error): "cannot adopt a descriptor: \(error)"
        }
    }
}
