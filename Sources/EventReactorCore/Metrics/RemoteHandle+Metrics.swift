extension RemoteHandle {
    /// Returns the reactor's figures, from any thread or task.
    ///
    /// The figures are taken on the reactor's thread, in one of its next turns. If the reactor is not running, the
    /// caller waits for its next run.
    ///
    /// ```swift
    /// let lag = try await remote.metrics().loop.lag
    /// ```
    ///
    /// - Returns: The figures at the time of that turn.
    /// - Throws: ``ReactorError/notRunning`` if the reactor is released or closed before it answers,
    ///   `CancellationError` if the task is cancelled.
    public func metrics() async throws -> ReactorMetrics {
        let answer = Outcome<Result<ReactorMetrics, any Error>>()
        // A scope of its own: the queue alone shall retain the ticket.
        do {
            let ticket = MetricsTicket(answer)
            callFromThread { reactor in ticket.answer.complete(.success(reactor.metrics)) }
        }
        return try await withTaskCancellationHandler {
            try await answer.get().get()
        } onCancel: {
            answer.complete(.failure(CancellationError()))
        }
    }
}

/// A posted request for figures.
///
/// Calls to a released reactor are dropped: a request that is released unanswered answers that there is no reactor.
private final class MetricsTicket: Sendable {
    let answer: Outcome<Result<ReactorMetrics, any Error>>

    init(_ answer: Outcome<Result<ReactorMetrics, any Error>>) {
        self.answer = answer
    }

    deinit {
        answer.complete(.failure(ReactorError.notRunning))
    }
}
