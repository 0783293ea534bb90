public import EventReactorCore
import EventReactorPosix
import Glibc

/// Sockets that another process has passed on under one name: the listening sockets of one port as a rule.
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

    /// Has the descriptors adopted, and closes them where that succeeds: the reactor has its own.
    fileprivate func adopted(
        by reactor: ReactorBase, options: ListenOptions, factory: Factory
    ) throws(AdoptError) -> ListeningPort {
        if let dead = entries.first(where: { !$0.isAlive }) { throw .notOpen(descriptor: dead.descriptor) }
        let port = try reactor.adoptStreamPort(descriptors, options: options, factory: factory)
        closeAll()
        return port
    }
}

@available(*, unavailable)
extension InheritedSockets: Sendable {}

extension ReactorBase {
    /// Listens at inherited sockets as one port.
    ///
    /// - Parameters:
    ///   - sockets: stream sockets that listen; there is nothing left in the object once they have been adopted.
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
