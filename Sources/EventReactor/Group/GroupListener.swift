import EventReactorCore

/// A listener of a reactor in a group, registered with the group as long as it listens.
final class GroupListener: ListenerEngine {
    private let inner: any ListenerEngine
    /// Leaves the round of those that connections are distributed over.
    private let leaveRound: () -> Void
    /// Ends the registration.
    private let leaveGroup: () -> Void
    private var isRegistered = true

    var address: SocketAddress { inner.address }

    init(_ inner: any ListenerEngine, leaveRound: @escaping () -> Void, leaveGroup: @escaping () -> Void) {
        self.inner = inner
        self.leaveRound = leaveRound
        self.leaveGroup = leaveGroup
    }

    deinit {
        close()
    }

    func enable() { inner.enable() }
    func disable() { inner.disable() }

    /// This reactor serves the connections in the backlog of its socket: the others may be about to stop, too.
    func serveBacklog() {
        leaveRound()
        inner.serveBacklog()
    }

    func close() {
        guard isRegistered else { return }
        isRegistered = false
        leaveRound()
        inner.close()
        leaveGroup()
    }
}
