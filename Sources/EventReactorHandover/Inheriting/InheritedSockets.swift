public import EventReactorCore
import EventReactorPosix
import Glibc

/// Sockets that another process has passed on under one name: mostly the listening sockets of one port.
///
/// They are this object's: a reactor that adopts them works on duplicates, and the object then closes its own. Sockets
/// that are not adopted are closed with the object. Closing never shuts a socket down, since others may hold it too.
///
/// A descriptor that other code has closed is noticed, though its number may mean another file by then: that file is
/// neither adopted nor closed.
public final class InheritedSockets {
    /// A descriptor, and what it was open on as it came.
    private struct Entry {
        let descriptor: Int32
        let socket: SocketIdentity?

        init(_ descriptor: Int32) {
            self.descriptor = descriptor
            socket = AdoptedSocket.identity(of: descriptor)
        }

        var isAlive: Bool { socket != nil && AdoptedSocket.identity(of: descriptor) == socket }
    }

    /// The name under which they were passed on.
    public let name: String

    private var entries: [Entry]

    /// Their descriptors; none once they have been adopted or taken.
    ///
    /// They are for looking at, and remain this object's: ``takeDescriptors()`` gives them away.
    public var descriptors: [Int32] { entries.map(\.descriptor) }

    /// The addresses they are bound to.
    public var addresses: [SocketAddress] { descriptors.map { SocketAddress(of: $0) } }

    package init(name: String, descriptors: [Int32]) {
        self.name = name
        entries = descriptors.map { Entry($0) }
    }

    deinit {
        closeAll()
    }

    /// Closes what has not been adopted.
    package func closeAll() {
        for descriptor in takeDescriptors() { _ = close(descriptor) }
    }

    /// Gives the descriptors to the caller, who has to close them: for those that are no listening sockets.
    ///
    /// - Returns: those that are still open.
    public func takeDescriptors() -> [Int32] {
        defer { entries = [] }
        return entries.filter(\.isAlive).map(\.descriptor)
    }

    package func append(_ descriptor: Int32) {
        entries.append(Entry(descriptor))
    }

    /// Listens at the descriptors, and closes them if that succeeds: the reactor has its own.
    ///
    /// - Parameter endpoint: in whose place the sockets are; its layers, such as TLS, are theirs.
    fileprivate func adopt(
        by reactor: ReactorBase, for endpoint: ServerEndpoint? = nil, options: ListenOptions, factory: Factory
    ) throws(ListenError) -> ListeningPort {
        if let dead = entries.first(where: { !$0.isAlive }) {
            throw .notAdoptable(.notOpen(descriptor: dead.descriptor))
        }
        var inherited = ServerEndpoint.inherited(descriptors)
        inherited.layers = endpoint?.layers ?? []
        let port = try reactor.listen(inherited, options: options, factory: factory)
        closeAll()
        return port
    }
}

@available(*, unavailable)
extension InheritedSockets: Sendable {}

extension ReactorBase {
    /// Listens at inherited sockets as one port.
    ///
    /// ```swift
    /// guard let sockets = try SystemdSockets.take()?["echo.socket"] else { exit(1) }
    /// try reactor.listen(adopting: sockets) { Echo() }
    /// ```
    ///
    /// - Parameters:
    ///   - sockets: stream sockets that listen; the object is empty once they have been adopted.
    ///   - options: settings of the listener and of its connections.
    ///   - makeProtocol: called for each connection, on the reactor's thread; `nil` refuses it.
    /// - Returns: the listener; the reactor keeps it.
    /// - Throws: ``ListenError/notAdoptable(_:)``, with ``AdoptError/nothing`` if they have been adopted before; on an
    ///   error they stay in the object.
    @discardableResult
    public func listen(
        adopting sockets: InheritedSockets, options: ListenOptions = ListenOptions(),
        _ makeProtocol: @escaping () -> Protocol?
    ) throws(ListenError) -> ListeningPort {
        try sockets.adopt(by: self, options: options, factory: ClosureFactory(makeProtocol))
    }

    /// Listens at inherited sockets if there are any, and at an endpoint otherwise.
    ///
    /// ```swift
    /// let before = try Handover.take(path: "/run/echo/handover")
    /// let port = try reactor.listen(.tcp(port: 8007), adopting: before?["echo"]) { Echo() }
    /// ```
    ///
    /// The file of an inherited UNIX socket is not removed when listening stops.
    ///
    /// - Parameters:
    ///   - endpoint: where to listen without inherited sockets. With them its address is ignored; TLS and the PROXY
    ///     protocol are spoken all the same.
    ///   - sockets: stream sockets that listen, or `nil`; the object is empty once they have been adopted.
    ///   - options: settings of the listener and of its connections.
    ///   - makeProtocol: called for each connection, on the reactor's thread; `nil` refuses it.
    /// - Returns: the listener; the reactor keeps it.
    /// - Throws: ``ListenError``, ``ListenError/notAdoptable(_:)`` for inherited sockets.
    @discardableResult
    public func listen(
        _ endpoint: ServerEndpoint, adopting sockets: InheritedSockets?, options: ListenOptions = ListenOptions(),
        _ makeProtocol: @escaping () -> Protocol?
    ) throws(ListenError) -> ListeningPort {
        guard let sockets else { return try listen(endpoint, options: options, makeProtocol) }
        return try sockets.adopt(by: self, for: endpoint, options: options, factory: ClosureFactory(makeProtocol))
    }
}
