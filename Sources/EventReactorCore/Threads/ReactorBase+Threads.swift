extension ReactorBase {
    /// Runs work that blocks on a thread of a pool, and brings its result back to the reactor's thread.
    ///
    /// ```swift
    /// reactor.deferToThread { try readWholeFile(path) } then: { result in
    ///     self.transport.write((try? result.get()) ?? [])
    /// }
    /// ```
    ///
    /// The pool is the process's and has 16 threads; more work waits, and reactors take turns. Work that waits when its
    /// reactor is released is dropped, and neither runs nor completes; work that has begun runs to its end. A stop drops
    /// nothing: the reactor may be run again, and gets the results then.
    ///
    /// - Parameters:
    ///   - work: the work, called on the other thread. It can access nothing that belongs to the reactor.
    ///   - completion: called once on the reactor's thread with the value that `work` returned or the error that it
    ///     threw; never before this call has returned. If the reactor is not running then, it is called in the next run.
    public func deferToThread<Value: Sendable>(
        _ work: @escaping @Sendable () throws -> Value,
        then completion: @escaping (Result<Value, any Error>) -> Void
    ) {
        guard !isClosed else { return }
        let (pending, deliver) = awaitResult(then: completion)
        pending.setWork(engine.workers.submit({ deliver(Result { try work() }) }, to: .work, for: queue))
    }

    /// Registers a completion for a result of another thread.
    ///
    /// - Returns: the registration, and a closure that brings the result from any thread.
    package func awaitResult<Value: Sendable>(
        then completion: @escaping (Result<Value, any Error>) -> Void
    ) -> (PendingResult, deliver: @Sendable (Result<Value, any Error>) -> Void) {
        // The completion stays on this thread; its id goes to the other and comes back.
        let id = makeID()
        let deferredResult = DeferredResult { result in
            if let result = result as? Result<Value, any Error> { completion(result) }
        }
        // A closed reactor awaits no result.
        if !isClosed { deferred.add(deferredResult, as: id) }
        let queue = self.queue
        let deliver = { @Sendable (result: Result<Value, any Error>) in
            queue.post { $0.deferred.remove(id)?.complete(result) }
        }
        return (PendingResult(id, of: self), deliver)
    }

    /// Has all work skipped that has not begun, since its results cannot be delivered any more.
    ///
    /// - Returns: the completions, to be released when objects that they captured may call the reactor.
    final func cancelDeferredWork() -> OrderedRegistry<DeferredResult> {
        let results = deferred
        deferred = OrderedRegistry()
        for id in results.ids { results[id]?.work?.cancel() }
        return results
    }
}
