package import EventReactorScheduling

extension ReactorBase {
    /// Runs work that blocks on a thread of a pool, and brings its result back to the reactor's thread.
    ///
    /// ```swift
    /// reactor.deferToThread { try readWholeFile(path) } then: { result in
    ///     self.transport.write((try? result.get()) ?? [])
    /// }
    /// ```
    ///
    /// The pool is the process's and has 16 threads at most; more work waits its turn.
    ///
    /// - Parameters:
    ///   - work: what to do on the other thread. It can reach nothing that is the reactor's.
    ///   - completion: called once on the reactor's thread with what `work` returned or threw; never before this call
    ///     has returned. Where the reactor is not running then, it is called in the next run.
    public func deferToThread<Value: Sendable>(
        _ work: @escaping @Sendable () throws -> Value,
        then completion: @escaping (Result<Value, any Error>) -> Void
    ) {
        deferToThread(of: .work, work, then: completion)
    }

    package func deferToThread<Value: Sendable>(
        of pool: ThreadPool,
        _ work: @escaping @Sendable () throws -> Value,
        then completion: @escaping (Result<Value, any Error>) -> Void
    ) {
        guard !isClosed else { return }
        // The completion stays on this thread; its number makes the journey.
        let number = nextDeferred
        nextDeferred += 1
        let taker = DeferredResult { result in
            if let result = result as? Result<Value, any Error> { completion(result) }
        }
        deferred.add(taker, as: number)
        let queue = self.queue
        engine.submit(
            {
                let result = Result { try work() }
                queue.post { $0.deferred.remove(number)?.take(result) }
            }, to: pool)
    }
}

/// What is to be done with the result of work that another thread does.
final class DeferredResult {
    let take: (Any) -> Void

    init(_ take: @escaping (Any) -> Void) {
        self.take = take
    }
}
