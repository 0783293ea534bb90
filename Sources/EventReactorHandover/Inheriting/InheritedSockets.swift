public import EventReactorCore
import EventReactorSockets
import Glibc

/// Sockets that another process has passed on under one name: the listening sockets of one port as a rule.
///
/// They are this object's until a reactor adopts them; what nobody has adopted is closed with the object. Closing never
/// shuts a socket down, since others may hold it too.
public final class InheritedSockets {
    /// The name under which they were passed on.
    public let name: String

    /// Their descriptors; none once they have been adopted or taken.
    public private(set) var descriptors: [Int32]

    /// The addresses they are bound to.
    public var addresses: [SocketAddress] { descriptors.map { SocketAddress(of: $0) } }

    package init(name: String, descriptors: [Int32]) {
        self.name = name
        self.descriptors = descriptors
    }

    deinit {
        closeAll()
    }

    /// Closes what has not been adopted.
    package func closeAll() {
        for descriptor in takeDescriptors() { _ = close(descriptor) }
    }

    /// Gives the descriptors to the caller, who has to close them: for those that are no listening sockets.
    public func takeDescriptors() -> [Int32] {
        defer { descriptors = [] }
        return descriptors
    }

    package func append(_ descriptor: Int32) {
        descriptors.append(descriptor)
    }

    /// Has the descriptors adopted, and lets go of them where that succeeds.
    fileprivate func adopted(
        by reactor: ReactorBase, options: ListenOptions, factory: Factory
    ) throws(AdoptError) -> ListeningPort {
        let port = try reactor.adoptStreamPort(descriptors, options: options, factory: factory)
        descriptors = []
        return port
    }
}

@available(*, unavailable)
extension InheritedSockets: Sendable {}

extension ReactorBase {
    /// Listens at inherited sockets as one port.
    ///
    /// - Parameters:
    ///   - sockets: stream sockets that listen; they are the reactor's from here on.
    ///   - options: settings of the listener and of its connections.
    ///   - makeProtocol: called for each connection on the reactor's thread; nil refuses it.
    /// - Returns: the listener; the reactor keeps it.
    /// - Throws: ``AdoptError``, ``AdoptError/nothing`` where they have been adopted before; they stay where they were.
    @discardableResult
    public func adoptStreamPort(
        _ sockets: InheritedSockets, options: ListenOptions = ListenOptions(),
        _ makeProtocol: @escaping () -> Protocol?
    ) throws(AdoptError) -> ListeningPort {
        try sockets.adopted(by: self, options: options, factory: ClosureFactory(makeProtocol))
    }

    /// Listens at inherited sockets where there are any, and for TCP connections at an address of its own otherwise.
    ///
    /// ```swift
    /// let before = try Handover.take(path: "/run/echo/handover")
    /// let port = try reactor.listenTCP(port: 8007, adopting: before?["echo"]) { Echo() }
    /// ```
    ///
    /// - Parameters:
    ///   - sockets: what to listen at, or nil. Where they are given, port, host and backlog are not looked at.
    ///   - port: 0 to 65,535; 0 has the system choose.
    ///   - host: an address of this machine, or a name for one; empty listens on IPv4 and IPv6 at once.
    ///   - backlog: how many peers may wait to be accepted.
    ///   - options: settings of the listener and of its connections.
    ///   - makeProtocol: called for each connection on the reactor's thread; nil refuses it.
    /// - Returns: the listener; the reactor keeps it.
    /// - Throws: ``ListenError``, ``ListenError/notAdoptable(_:)`` for inherited sockets.
    @discardableResult
    public func listenTCP(
        port: Int, host: String = "", backlog: Int = 4096, adopting sockets: InheritedSockets?,
        options: ListenOptions = ListenOptions(), _ makeProtocol: @escaping () -> Protocol?
    ) throws(ListenError) -> ListeningPort {
        guard let sockets else {
            return try listenTCP(port: port, host: host, backlog: backlog, options: options, makeProtocol)
        }
        return try adopt(sockets, options, makeProtocol)
    }

    /// Listens at inherited sockets where there are any, and at a UNIX socket of its own otherwise.
    ///
    /// The parameters are those of ``listenTCP(port:host:backlog:adopting:options:_:)``, and a mode for the file of a
    /// socket of its own. The file of an inherited socket is not removed when listening stops.
    @discardableResult
    public func listenUNIX(
        path: String, mode: UInt16? = nil, backlog: Int = 4096, adopting sockets: InheritedSockets?,
        options: ListenOptions = ListenOptions(), _ makeProtocol: @escaping () -> Protocol?
    ) throws(ListenError) -> ListeningPort {
        guard let sockets else {
            return try listenUNIX(path: path, mode: mode, backlog: backlog, options: options, makeProtocol)
        }
        return try adopt(sockets, options, makeProtocol)
    }

    private func adopt(
        _ sockets: InheritedSockets, _ options: ListenOptions, _ makeProtocol: @escaping () -> Protocol?
    ) throws(ListenError) -> ListeningPort {
        do throws(AdoptError) {
            return try adoptStreamPort(sockets, options: options, makeProtocol)
        } catch {
            throw .notAdoptable(error)
        }
    }
}
