/// Work on another thread that can be given up.
package protocol CancellableWork: AnyObject, Sendable {
    /// Has the work skipped if it has not begun.
    ///
    /// Work that has begun goes on to its end, and its thread no longer counts for the limit of its pool. It may be
    /// called from any thread, any number of times.
    func cancel()
}
