/// Why a descriptor could not be adopted.
///
/// The descriptor is the caller's in any case, after an error as after a success.
public enum AdoptError: Error, Equatable, Sendable {
    /// No file is open under this number.
    case notOpen(descriptor: Int32)

    /// It is open on something else than a socket.
    case notASocket(descriptor: Int32)

    /// It is a socket of a family that is neither IPv4, IPv6 nor UNIX; the number is the system's, `AF_NETLINK` for one.
    case unknownFamily(descriptor: Int32, family: Int32)

    /// It is a socket for datagrams or the like.
    case notAStream(descriptor: Int32)

    /// It is a stream socket that does not listen, where one that listens was wanted.
    case notListening(descriptor: Int32)

    /// It is a stream socket that has no peer, where a connection was wanted: it listens, or the peer has gone.
    case notConnected(descriptor: Int32)

    /// Its socket has been adopted already, under this number or another, and is still in use: a connection by any
    /// reactor of the process, since two protocols would each get a part of the bytes, or a listening socket by this
    /// reactor.
    case alreadyAdopted(descriptor: Int32)

    /// There is nothing to adopt: no descriptor was given, or what was inherited has been adopted or closed already.
    case nothing

    /// The reactor has no kernel under it, and so no descriptors, as a simulated one.
    case unsupported

    /// The reactor was ended for good by `close()`.
    case reactorClosed

    /// The system refused.
    case system(SystemError)
}

extension AdoptError: CustomStringConvertible {
    /// The error in words.
    public var description: String {
        switch self {
        case .notOpen(let number): "cannot adopt descriptor \(number): it is not open"
        case .notASocket(let number): "cannot adopt descriptor \(number): it is no socket"
        case .unknownFamily(let number, let family):
            "cannot adopt descriptor \(number): its address family \(family) is neither IPv4, IPv6 nor UNIX"
        case .notAStream(let number): "cannot adopt descriptor \(number): it is no stream socket"
        case .notListening(let number): "cannot adopt descriptor \(number): it does not listen"
        case .notConnected(let number): "cannot adopt descriptor \(number): it is not connected"
        case .alreadyAdopted(let number): "cannot adopt descriptor \(number): its socket has been adopted already"
        case .nothing: "there is no socket to adopt"
        case .unsupported: "this reactor has no descriptors, and can adopt none"
        case .reactorClosed: "cannot adopt a descriptor: the reactor is closed"
        case .system(let error): "cannot adopt a descriptor: \(error)"
        }
    }
}
