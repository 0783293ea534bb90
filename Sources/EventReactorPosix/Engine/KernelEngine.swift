import CEventReactorShims
package import EventReactorCore

/// A reactor's engine that waits in the kernel.
///
/// One conforming class is one poller: libevent or epoll; kqueue or io_uring would be another. It implements the
/// requirements below, `poll(until:)` and `streams`, and calls `loop.shut()` in its `shut()` while it can still unregister
/// descriptors. The extension has everything that does not depend on the poller.
package protocol KernelEngine: ReactorEngine {
    var loop: KernelLoop { get }

    /// Registers interest in a descriptor that has no connection.
    ///
    /// - Parameters:
    ///   - toWrite: whether writability is reported, at least once; otherwise each arrival of bytes, edge-triggered, so
    ///     that none has to be read.
    ///   - action: called on the reactor's thread.
    /// - Returns: the registration: releasing it ends it, and has to happen before the descriptor is closed.
    func watch(
        _ descriptor: Int32, toWrite: Bool, _ action: @escaping () -> Void
    ) throws(SystemError) -> AnyObject

    /// Accepts connections at a socket that listens.
    func makeListener(
        _ socket: consuming ListeningSocket, for port: ListeningPort
    ) throws(ListenError) -> any ListenerEngine
}

extension KernelEngine {
    package var now: ReactorInstant { LoopAlarm.now }

    package var resolver: any NameResolver { unsafe SystemResolver(reactor: loop.reactor) }

    package var sockets: any SocketDescriptors { KernelSockets() }

    package var files: any FileReader { KernelFileReader() }

    package var wake: @Sendable () -> Void { loop.alarm.wake }

    package func beginSignals(_ signals: [Int32], deadly: [Int32]) throws(SystemError) {
        try loop.alarm.beginSignals(signals, deadly: deadly)
    }

    package func endSignals() {
        loop.alarm.endSignals()
    }

    package func listen(
        from source: ListenerSource, options: ListenOptions, for port: ListeningPort
    ) throws(ListenError) -> any ListenerEngine {
        try makeListener(try ListeningSocket(from: source, options: options), for: port)
    }

    package func connect(
        to address: SocketAddress, from local: SocketAddress?, options: StreamOptions,
        completion: @escaping (Result<Int32, ConnectError>) -> Void
    ) -> any ConnectAttempt {
        unsafe SocketConnectAttempt(
            reactor: loop.reactor, to: address, from: local, options: options,
            watch: { [unowned self] descriptor, isWritable throws(SystemError) in
                try watch(descriptor, toWrite: true, isWritable)
            }, completion: completion)
    }

    package func releaseMemory() {
        er_release_memory()
    }
}
