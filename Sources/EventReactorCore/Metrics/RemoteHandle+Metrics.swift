extension RemoteHandle {
    /// The reactor's figures, asked for from another thread or task.
    ///
    /// They are taken on the reactor's thread, in one of its next turns. Where the reactor is not running, they are
    /// taken in its next run, and the caller waits for that.
    ///
    /// ```swift
    /// let lag = try await remote.metrics().loop.lag
    /// ```
    ///
    /// - Throws: ``ReactorError/notRunning`` where the reactor is gone before it could answer, or a
    ///   `CancellationError` where the task is cancelled.
    public func metrics() async throws -> ReactorMetrics {
        let answer = MetricsAnswer()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                answer.await(continuation)
                // What is posted to a reactor that is gone is let go, and the answer with it.
                let ticket = MetricsAnswer.Ticket(answer)
                callFromThread { reactor in ticket.answer.give(.success(reactor.metrics)) }
            }
        } onCancel: {
            answer.give(.failure(CancellationError()))
        }
    }
}

/// The answer to one question, given once: by the reactor, by the caller's end, or by the reactor's.
private final class MetricsAnswer: Sendable {
    private enum State {
        case fresh
        case awaited(CheckedContinuation<ReactorMetrics, any Error>)
        // Kept elsewhere: the figures are large, and a state is copied.
        indirect case given(Result<ReactorMetrics, any Error>)
    }

    private let state = Locked(State.fresh)

    func await(_ continuation: CheckedContinuation<ReactorMetrics, any Error>) {
        let early: Result<ReactorMetrics, any Error>? = state.withLock { state in
            if case .given(let result) = state { return result }
            state = .awaited(continuation)
            return nil
        }
        if let early { continuation.resume(with: early) }
    }

    func give(_ result: Result<ReactorMetrics, any Error>) {
        let waiting: CheckedContinuation<ReactorMetrics, any Error>? = state.withLock { state in
            switch state {
            case .given: return nil
            case .fresh:
                state = .given(result)
                return nil
            case .awaited(let continuation):
                state = .given(result)
                return continuation
            }
        }
        waiting?.resume(with: result)
    }

    /// What the reactor holds of a question; let go of unanswered, it says that there is no reactor.
    final class Ticket: Sendable {
        let answer: MetricsAnswer

        init(_ answer: MetricsAnswer) {
            self.answer = answer
        }

        deinit {
            answer.give(.failure(ReactorError.notRunning))
        }
    }
}
