/// A result that is awaited and can be given up; it belongs to the reactor's thread.
package final class PendingResult {
    // Weak: it may be given up while the reactor is released, which cancels all work itself.
    private weak var reactor: ReactorBase?
    private let id: UInt64

    init(_ id: UInt64, of reactor: ReactorBase) {
        self.id = id
        self.reactor = reactor
    }

    /// Sets the work that makes the result, to be cancelled with it.
    package func setWork(_ work: any CancellableWork) {
        reactor?.deferred[id]?.work = work
    }

    /// Releases the completion, which is called no more, and has the work skipped if it has not begun.
    package func cancel() {
        reactor?.deferred.remove(id)?.work?.cancel()
    }
}
