import EventReactorCore

extension ReactorGroup {
    /// Starts the group and returns when every reactor is set up.
    ///
    /// - Throws: as ``run(whenStarted:)``.
    public func start() async throws(ReactorGroupError) {
        if let error = try await beginSupervised().started.get() { throw error }
    }

    /// Stops the group as ``requestStop(drainingFor:)`` does, and returns when its last thread has ended.
    ///
    /// Awaited in work that a reactor of the group waits for, it would wait for ever.
    public func stop(drainingFor time: Duration = .zero) async {
        guard let run else { return }
        run.requestStop(drainingFor: time)
        _ = await run.ended.get()
    }

    /// Returns when the group has stopped; at once if it does not run.
    ///
    /// - Throws: what ended the last run, if that was an error.
    public func wait() async throws(ReactorGroupError) {
        if let error = await run?.ended.get() ?? nil { throw error }
    }

    /// Starts the group and returns when it has stopped: by a signal, by a call, or because the task was cancelled.
    ///
    /// A cancelled task stops it with ``Configuration/drainTime``, which is no error.
    ///
    /// - Parameter whenStarted: called when every reactor is set up, on a thread that is none of theirs.
    /// - Throws: as the form that blocks.
    public func run(whenStarted: @escaping @Sendable () -> Void = {}) async throws(ReactorGroupError) {
        let run = try beginSupervised(whenStarted)
        let drainTime = run.settings.configuration.drainTime
        let error = await withTaskCancellationHandler {
            await run.ended.get()
        } onCancel: {
            run.requestStop(drainingFor: drainTime)
        }
        if let error { throw error }
    }
}
