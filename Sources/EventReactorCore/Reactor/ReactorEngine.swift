/// The layer under a reactor: a clock, waiting for events, listening and connecting.
///
/// One conforming class is one kind of reactor. Those that wait in the kernel conform by `KernelEngine`, which asks for
/// less. What moves the bytes of a connection is a ``StreamEngine``.
package protocol ReactorEngine: AnyObject {
    /// The current time on a monotonic clock.
    var now: ReactorInstant { get }

    /// The stream engine for a kind of buffering; the one for `.direct` if the engine does not have the kind.
    func streams(for buffering: Buffering) -> any StreamEngine

    /// Finds the addresses of host names.
    var resolver: any NameResolver { get }

    /// Runs work that blocks.
    var workers: any BlockingWorkers { get }

    /// Sockets that have no connection, by their descriptors.
    var sockets: any SocketDescriptors { get }

    /// Reads files whose bytes are copied.
    var files: any FileReader { get }

    /// Makes `poll` return; may be called from any thread.
    var wake: @Sendable () -> Void { get }

    /// Waits for I/O, a wake-up, or the instant, whichever comes first, and handles one batch of events.
    ///
    /// - Parameter instant: `nil` waits without end; one that has passed does not wait.
    func poll(until instant: ReactorInstant?)

    /// Delivers signals until `endSignals`: the reactor's `signalled` is called for each.
    ///
    /// - Parameters:
    ///   - signals: those that have a handler.
    ///   - deadly: those that stop the reactor: a second one ends the process if the loop does not handle the first.
    func beginSignals(_ signals: [Int32], deadly: [Int32]) throws(SystemError)
    func endSignals()

    /// Listens, and calls the port's `accepted` for each connection.
    func listen(
        from source: ListenerSource, options: ListenOptions, for port: ListeningPort
    ) throws(ListenError) -> any ListenerEngine

    /// Starts one attempt to connect. The completion is called later, once, unless the attempt is cancelled.
    func connect(
        to address: SocketAddress, from local: SocketAddress?, options: StreamOptions,
        completion: @escaping (Result<Int32, ConnectError>) -> Void
    ) -> any ConnectAttempt

    /// Returns memory that is kept for reuse to the system, and has the allocator do the same.
    func releaseMemory()

    /// Closes what the engine opened for itself: the reactor was closed or released.
    ///
    /// No listener, attempt or connection is left. `sockets`, `releaseMemory` and queries may still be used, and this may
    /// be called again.
    func shut()
}

extension ReactorEngine {
    package var workers: any BlockingWorkers { PoolWorkers() }

    package var files: any FileReader { DirectFileReader() }

    package func releaseMemory() {}

    package func shut() {}
}
