/// The completion of an asynchronous shutdown hook: call ``finish()`` when the hook's work is done.
///
/// See ``ReactorBase/onShutdown(_:)-((ShutdownCompletion)->Void)``. Releasing it unfinished finishes it. It is used on
/// the reactor's thread.
public final class ShutdownCompletion {
    private var pending: PendingHooks?

    init(_ pending: PendingHooks) {
        self.pending = pending
    }

    deinit {
        // A hook that never finishes must not keep the reactor running.
        finish()
    }

    /// Marks the hook as finished; further calls do nothing.
    public func finish() {
        pending?.count -= 1
        pending = nil
    }
}

@available(*, unavailable)
extension ShutdownCompletion: Sendable {}
