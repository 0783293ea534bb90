public import EventReactorCore
import EventReactorPosix

/// A reactor on epoll alone: one loop, one thread, and the connections of its listeners and connectors.
///
/// It keeps the same contract as the reactor on libevent, with nothing but the kernel below it.
///
/// ```swift
/// let reactor = try NativeReactor()
/// try reactor.listenTCP(port: 8007) { Echo() }
/// try reactor.run()
/// ```
///
/// It belongs to the thread that uses it and is not `Sendable`; ``remote`` is for other threads. Its members are
/// documented at ``ReactorBase``. It has no ``Buffering`` but ``Buffering/direct``.
public final class NativeReactor: ReactorBase {
    /// Settings of a reactor.
    public typealias Configuration = ReactorConfiguration

    /// Creates a reactor that does not run yet.
    ///
    /// - Parameter configuration: settings of the reactor.
    /// - Throws: ``ReactorError/system(_:)`` if descriptors are exhausted; it needs four.
    public init(configuration: Configuration = Configuration()) throws(ReactorError) {
        let native = try NativeEngine()
        super.init(engine: native, configuration: configuration)
        try native.serve(self)
    }

    /// The handle for other threads, which may be kept and used on any of them.
    public var remote: RemoteHandle<NativeReactor> { RemoteHandle(queue) }
}
