/// What a reactor needs of the machinery below it: waiting, listening, connecting, and a clock.
package protocol ReactorEngine: AnyObject {
    var now: ReactorInstant { get }

    /// The stream engine for a kind of buffering; the one for `.direct` if the engine does not have the kind.
    func streams(for buffering: Buffering) -> any StreamEngine

    /// Wakes `poll` from any thread.
    var wake: @Sendable () -> Void { get }

    /// Waits for I/O, a wake-up, or the instant, whichever comes first, and handles what came.
    ///
    /// - Parameter instant: nil waits without end; one that has passed does not wait.
    func poll(until instant: ReactorInstant?)

    /// Watches signals from here to `endSignals`; `signalled` of the reactor is called for each that arrives.
    ///
    /// - Parameters:
    ///   - signals: those that have a handler.
    ///   - deadly: those that stop the reactor: a second one ends the process if the loop does not take the first.
    func beginSignals(_ signals: [Int32], deadly: [Int32]) throws(SystemError)
    func endSignals()

    /// Listens, and calls `accepted` of the port for each connection.
    func listen(
        at address: SocketAddress, backlog: Int, options: ListenOptions, mode: UInt16?, for port: ListeningPort
    ) throws(ListenError) -> any ListenerEngine

    /// Checks a socket that listens already and listens at it, by a descriptor of the engine's own.
    func adoptListener(
        _ descriptor: Int32, options: ListenOptions, for port: ListeningPort
    ) throws(AdoptError) -> any ListenerEngine

    /// Checks a socket that is connected already, and sets it up.
    ///
    /// - Returns: a new descriptor of it, which is the reactor's, and the peer's address.
    func adoptConnection(
        _ descriptor: Int32, options: StreamOptions
    ) throws(AdoptError) -> (descriptor: Int32, peer: SocketAddress)

    /// Which socket a descriptor is open on; nil where it is open on nothing.
    func identity(of descriptor: Int32) -> SocketIdentity?

    /// Ends a connection that was adopted and never began, and closes the reactor's descriptor of it.
    func endAdopted(descriptor: Int32)

    /// The addresses of a host, found off the reactor's thread.
    ///
    /// - Parameter completion: called later, once, unless what is returned is cancelled.
    /// - Returns: what the caller gives up by; nil if that would spare nothing.
    func resolve(
        host: String, port: UInt16,
        completion: @escaping (Result<[SocketAddress], ConnectError>) -> Void
    ) -> PendingResult?

    /// The addresses to listen at for a host, found at once.
    func resolveToListen(host: String, port: UInt16) throws(ListenError) -> [SocketAddress]

    /// The addresses to listen at for a host, found off the reactor's thread, as `resolve` finds those to connect to.
    func resolveToListen(
        host: String, port: UInt16, completion: @escaping (Result<[SocketAddress], ListenError>) -> Void
    ) -> PendingResult?

    /// Starts one attempt to connect. The completion is called later, once, unless the attempt is cancelled.
    func connect(
        to address: SocketAddress, from local: SocketAddress?, options: StreamOptions,
        completion: @escaping (Result<Int32, ConnectError>) -> Void
    ) -> any ConnectAttempt

    /// Has work that may block done, off the reactor's thread where the engine lives among threads.
    ///
    /// - Parameter owner: whose work it is: owners take turns.
    func submit(
        _ work: @escaping @Sendable () -> Void, to pool: ThreadPool, for owner: AnyObject
    ) -> any CancellableWork

    /// How much work waits for a thread of a pool.
    func waitingCount(in pool: ThreadPool) -> Int

    /// Closes a descriptor for which there is no connection.
    func discard(descriptor: Int32)

    /// The reactor's buffer for receiving has another size.
    func receiveBufferChanged()

    /// Gives what is kept for reuse back to the system, and has the allocator do the same.
    func releaseMemory()

    /// Closes a descriptor for which there is no connection with a reset, where its transport has one.
    func refuse(descriptor: Int32)

    /// Closes what the engine opened for itself: the reactor has gone or was closed.
    ///
    /// Nothing listens, connects or is connected any more. `discard`, `refuse`, `releaseMemory` and questions may still
    /// come, and this again.
    func shut()
}

extension ReactorEngine {
    package func adoptListener(
        _ descriptor: Int32, options: ListenOptions, for port: ListeningPort
    ) throws(AdoptError) -> any ListenerEngine {
        throw .unsupported
    }

    package func adoptConnection(
        _ descriptor: Int32, options: StreamOptions
    ) throws(AdoptError) -> (descriptor: Int32, peer: SocketAddress) {
        throw .unsupported
    }

    package func identity(of descriptor: Int32) -> SocketIdentity? { nil }

    package func endAdopted(descriptor: Int32) { discard(descriptor: descriptor) }

    package func submit(
        _ work: @escaping @Sendable () -> Void, to pool: ThreadPool, for owner: AnyObject
    ) -> any CancellableWork {
        pool.submit(for: owner, work)
    }

    package func releaseMemory() {}

    package func receiveBufferChanged() {}

    package func shut() {}

    package func refuse(descriptor: Int32) { discard(descriptor: descriptor) }

    package func waitingCount(in pool: ThreadPool) -> Int { pool.waitingCount }
}

/// A listening socket.
package protocol ListenerEngine: AnyObject {
    var address: SocketAddress { get }
    func enable()
    func disable()
    func close()

    /// Takes no new peers, and gives those that wait to `arrivedLate` of the port, unless that is none of its duties.
    ///
    /// It is called before `close`.
    func serveBacklog()

    /// The kernel's number for it; nil where there is no kernel under it, or it is closed.
    var descriptor: Int32? { get }

    /// What becomes of the socket when it is closed here; an engine without a kernel has no use for them.
    var duties: CloseActions { get set }
}

extension ListenerEngine {
    package func serveBacklog() {}

    package var descriptor: Int32? { nil }

    package var duties: CloseActions {
        get { [] }
        set {}
    }
}

/// One attempt to connect to one address.
package protocol ConnectAttempt: AnyObject {
    func cancel()
}
