/// What is to be done with the result of work that another thread does.
final class DeferredResult {
    let take: (Any) -> Void
    /// The work, once it has been submitted.
    var work: (any CancellableWork)?

    init(_ take: @escaping (Any) -> Void) {
        self.take = take
    }
}

/// A result that is awaited and can be given up; it belongs to the reactor's thread.
package final class PendingResult {
    // Weak: it may be given up as the reactor goes, which cancels all work itself.
    private weak var reactor: ReactorBase?
    private let id: UInt64

    init(_ id: UInt64, of reactor: ReactorBase) {
        self.id = id
        self.reactor = reactor
    }

    /// Says who does the work.
    package func isMade(by work: any CancellableWork) {
        reactor?.deferred[id]?.work = work
    }

    /// Releases the completion, which is called no more, and has the work skipped if it has not begun.
    package func cancel() {
        reactor?.deferred.remove(id)?.work?.cancel()
    }
}
