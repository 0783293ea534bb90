import CEventReactorShims
package import EventReactorCore
import Glibc

/// A listening socket: created, bound, and closed.
package struct ListeningSocket: ~Copyable {
    package let descriptor: Int32
    package let address: SocketAddress
    /// The socket's own file, so that no other is removed.
    private let file: SocketFile?
    /// The steps with which it is closed.
    package var duties: CloseActions
    /// The connections that waited at a socket as it was adopted.
    private var waiting: EarlierConnections?

    /// Binds and listens.
    ///
    /// Settings of the connections are applied here if accepted sockets inherit them, which saves a call for each.
    ///
    /// - Parameter letsOthersJoin: whether sockets with `reusePort` may listen at the address too once this one does; this
    ///   one binds exclusively, and fails if any other socket is bound there.
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
        let isFile = address.path != nil && !address.isAbstract
        var bound: SocketFile?
        var hasFile = false
        do throws(ListenError) {
            if address.family != .unix {
                StreamSocket.set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
                if options.reusePort { StreamSocket.set(descriptor, SOL_SOCKET, SO_REUSEPORT, 1) }
                if address.family == .ipv6 { StreamSocket.set(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1) }
            }
            StreamSocket.apply(options.stream, to: descriptor, family: address.family)
            // The kernel makes the file with the mode of the socket, as far as the umask lets it.
            if let mode, isFile { fchmod(descriptor, SocketFile.permissions(mode)) }
            try ListeningSocket.bind(descriptor, to: address)
            hasFile = isFile
            // The kernel looks at this as it binds, so as to say who may be there already, and as others bind.
            if letsOthersJoin { StreamSocket.set(descriptor, SOL_SOCKET, SO_REUSEPORT, 1) }
            if isFile { bound = try SocketFile(of: descriptor, at: address) }
            if let mode, let bound { try bound.setMode(mode, of: descriptor, at: address) }
            if Glibc.listen(descriptor, Int32(clamping: max(1, backlog))) != 0 {
                throw ListeningSocket.error("listen", address)
            }
        } catch {
            if let bound {
                bound.remove()
            } else if hasFile, let path = address.path {
                // Bound a moment ago, and there was no descriptor left to tell which file it is.
                unsafe unlink(path)
            }
            _ = Glibc.close(descriptor)
            throw error
        }
        file = bound
        self.descriptor = descriptor
        self.address = SocketAddress(of: descriptor)
        duties = .own
    }

    package init(from source: ListenerSource, options: ListenOptions) throws(ListenError) {
        switch source {
        case .address(let address, let backlog, let mode):
            try self.init(at: address, backlog: backlog, options: options, mode: mode)
        case .adopted(let descriptor):
            do throws(AdoptError) {
                try self.init(adopting: descriptor, options: options)
            } catch {
                throw .notAdoptable(error)
            }
        }
    }

    /// Listens at a socket that listens already, by a descriptor of its own: the given one stays the caller's.
    ///
    /// Other processes may share the socket, so it is closed here and never shut down.
    package init(adopting descriptor: Int32, options: ListenOptions) throws(AdoptError) {
        (self.descriptor, address) = try AdoptedSocket.listener(descriptor, options: options)
        file = nil
        duties = .close
        // Those that came before the options were set do not have them.
        waiting = address.family == .unix ? nil : EarlierConnections(at: self.descriptor, options: options.stream)
    }

    /// Applies the settings that a connection accepted here has not inherited from the socket.
    package mutating func prepare(_ accepted: Int32) {
        if waiting?.prepare(accepted, family: address.family) == false { waiting = nil }
    }

    deinit {
        if duties.contains(.removeFile) { file?.remove() }
        // A process that another thread is about to start has every descriptor until it runs its program: without the
        // shutdown the port would stay in use meanwhile.
        if duties.contains(.shutDown) { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }
        if duties.contains(.close) { _ = Glibc.close(descriptor) }
    }

    private static func bind(_ descriptor: Int32, to address: SocketAddress) throws(ListenError) {
        if isBound(descriptor, to: address) { return }
        guard errno == EADDRINUSE, let path = address.path, !address.isAbstract else { throw error("bind", address) }
        // A socket file that no socket is bound to is left over from a program that ended; one that is alive stays.
        let isReplaced = StaleSocketFile.replace(at: path, of: address) { isBound(descriptor, to: address) }
        guard isReplaced else {
            throw .addressInUse(SystemError(code: EADDRINUSE, operation: "bind", address: address))
        }
    }

    private static func isBound(_ descriptor: Int32, to address: SocketAddress) -> Bool {
        unsafe address.withKernelForm { unsafe Glibc.bind(descriptor, $0, $1) } == 0
    }

    @inline(never)
    private static func error(_ operation: String, _ address: SocketAddress) -> ListenError {
        let code = errno
        return ListenError(
            SystemError(code: code, operation: operation, address: address), isInUse: code == EADDRINUSE)
    }
}
