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
/// It belongs to the thread that uses it and is not `Sendable`; ``remote`` is for the others. What it can do is
/// documented at ``ReactorBase``.
public final class NativeReactor: ReactorBase {
    /// Settings of a reactor.
    public typealias Configuration = ReactorConfiguration

    /// Creates a reactor that does not run yet.
    ///
    /// - Throws: ``ReactorError/system(_:)`` where a descriptor cannot be had; it needs four.
    public init(configuration: Configuration = Configuration()) throws(ReactorError) {
        let native = try NativeEngine()
        super.init(engine: native, configuration: configuration)
        native.serve(self)
    }

    /// The handle for other threads.
    public var remote: RemoteHandle<NativeReactor> { RemoteHandle(queue) }
}
