/// The completion of work that another thread does.
final class DeferredResult {
    let complete: (Any) -> Void
    /// The work, once it has been submitted.
    var work: (any CancellableWork)?

    init(_ complete: @escaping (Any) -> Void) {
        self.complete = complete
    }
}
