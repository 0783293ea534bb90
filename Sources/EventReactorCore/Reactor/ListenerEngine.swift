/// A listening socket.
package protocol ListenerEngine: AnyObject {
    /// The bound address, with the port that the system chose if 0 was asked for.
    var address: SocketAddress { get }

    /// Accepts connections again after `disable`.
    func enable()

    /// Leaves connections in the backlog.
    func disable()

    /// Refuses new connections and passes those in the backlog to the port's `arrivedLate`, if the socket's close actions
    /// include that. It is called before `close`.
    func serveBacklog()

    func close()

    /// The kernel's descriptor; `nil` if the engine has no kernel or the socket is closed.
    var descriptor: Int32? { get }

    /// The steps with which the socket is closed; an engine without a kernel ignores them.
    var duties: CloseActions { get set }
}

extension ListenerEngine {
    package func serveBacklog() {}

    package var descriptor: Int32? { nil }

    package var duties: CloseActions {
        get { .none }
        set {}
    }
}
