import CEventReactorShims
package import EventReactorBasics
import Glibc

/// A socket that listens: made, bound, and taken away again.
package struct ListeningSocket: ~Copyable {
    package let descriptor: Int32
    package let address: SocketAddress
    /// Which file is the socket's, so that only that one is removed.
    private let file: FileIdentity?
    /// What is to be done at the end.
    package var duties: ListenerDuties
    /// The connections that waited at a socket as it was adopted.
    private var waiting: EarlierConnections?

    /// Binds and listens.
    ///
    /// The settings of the connections are set here where accepted sockets inherit them, to spare a call for each.
    ///
    /// - Parameter letsOthersJoin: whether sockets with `reusePort` may listen at the address too once this one does,
    ///   though it takes the address for itself: binding fails where any other socket is.
    package init(
        at address: SocketAddress, backlog: Int, options: ListenOptions, mode: UInt16?, letsOthersJoin: Bool = false
    ) throws(ListenError) {
        let domain: Int32 =
            switch address.family {
            case .ipv4: AF_INET
            case .ipv6: AF_INET6
            case .unix: AF_UNIX
            }
        let descriptor = er_socket(domain, Int32(SOCK_STREAM.rawValue))
        guard descriptor >= 0 else { throw ListeningSocket.error("socket", address) }
        var bound: FileIdentity?
        do throws(ListenError) {
            if address.family != .unix {
                StreamSocket.set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
                if options.reusePort { StreamSocket.set(descriptor, SOL_SOCKET, SO_REUSEPORT, 1) }
                if address.family == .ipv6 { StreamSocket.set(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1) }
            }
            StreamSocket.apply(options.stream, to: descriptor, family: address.family)
            try ListeningSocket.bind(descriptor, to: address)
            // The kernel looks at this as it binds, so as to say who may be there already, and as others bind.
            if letsOthersJoin { StreamSocket.set(descriptor, SOL_SOCKET, SO_REUSEPORT, 1) }
            if let path = address.path, !address.isAbstract { bound = FileIdentity(path: path) }
            if let mode, let bound, unsafe chmod(bound.path, mode_t(mode)) != 0 {
                throw ListeningSocket.error("chmod", address)
            }
            if Glibc.listen(descriptor, Int32(clamping: max(1, backlog))) != 0 {
                throw ListeningSocket.error("listen", address)
            }
        } catch {
            bound?.remove()
            _ = Glibc.close(descriptor)
            throw error
        }
        file = bound
        self.descriptor = descriptor
        self.address = SocketAddress(of: descriptor)
        duties = .own
    }

    /// Listens at a socket that listens already, by a descriptor of its own: the given one stays the caller's.
    ///
    /// Others may hold the socket, so that it is closed here and never shut down.
    package init(adopting descriptor: Int32, options: ListenOptions) throws(AdoptError) {
        (self.descriptor, address) = try AdoptedSocket.listener(descriptor, options: options)
        file = nil
        duties = .close
        // Those that came before the options were set do not have them.
        waiting = address.family == .unix ? nil : EarlierConnections(at: self.descriptor, options: options.stream)
    }

    /// Gives a connection that was accepted here the settings that it has not inherited from the socket.
    package mutating func prepare(_ accepted: Int32) {
        if waiting?.prepare(accepted, family: address.family) == false { waiting = nil }
    }

    deinit {
        if duties.contains(.removeFile) { file?.remove() }
        // A process that another thread is about to start holds every descriptor until it runs its program: closed here
        // alone, the port would stay taken meanwhile.
        if duties.contains(.shutDown) { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }
        if duties.contains(.close) { _ = Glibc.close(descriptor) }
    }

    private static func bind(_ descriptor: Int32, to address: SocketAddress) throws(ListenError) {
        if unsafe address.withKernelForm({ unsafe Glibc.bind(descriptor, $0, $1) }) == 0 { return }
        // A socket file that nobody listens at is left over from a program that ended; one that is alive stays.
        if errno == EADDRINUSE, let path = address.path, !address.isAbstract, isStale(address) {
            unsafe unlink(path)
            if unsafe address.withKernelForm({ unsafe Glibc.bind(descriptor, $0, $1) }) == 0 { return }
        }
        throw error("bind", address)
    }

    /// Whether no socket is bound to the file any more.
    ///
    /// A datagram socket asks: the kernel refuses it where nothing is bound, and calls it the wrong type where a stream
    /// is, one that does not listen yet or whose backlog is full as well. So a live server never sees the question.
    private static func isStale(_ address: SocketAddress) -> Bool {
        guard let path = address.path, let file = FileIdentity(path: path), file.isSocket else {
            errno = EADDRINUSE
            return false
        }
        let probe = er_socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue))
        guard probe >= 0 else { return false }
        let refused =
            unsafe address.withKernelForm { unsafe Glibc.connect(probe, $0, $1) } != 0 && errno == ECONNREFUSED
        _ = Glibc.close(probe)
        errno = EADDRINUSE
        return refused
    }

    private static func error(_ operation: String, _ address: SocketAddress) -> ListenError {
        let code = errno
        return ListenError(
            SystemError(code: code, operation: operation, address: address), isInUse: code == EADDRINUSE)
    }
}

/// A file as the system knows it, whatever its name comes to mean later.
private struct FileIdentity {
    let path: String
    let device: dev_t
    let number: ino_t
    let isSocket: Bool

    init?(path: String) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { return nil }
        self.path = path
        device = status.st_dev
        number = status.st_ino
        isSocket = status.st_mode & S_IFMT == S_IFSOCK
    }

    /// Removes the file if it is still the same one: a successor may have put its own there.
    func remove() {
        guard let now = FileIdentity(path: path), now.device == device, now.number == number else { return }
        unsafe unlink(path)
    }
}
