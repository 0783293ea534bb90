public import EventReactorCore

extension ReactorGroup {
    /// The handles of the reactors, in order of their places; none while the group does not run.
    public var remotes: [ReactorRemote] {
        run?.members.map { ReactorRemote($0.queue) } ?? []
    }

    /// The addresses that the group listens at, in the order in which they were first listened at, with the real port
    /// where 0 was asked for.
    public var localAddresses: [SocketAddress] {
        guard let run else { return [] }
        return run.listeners.addresses.reduce(into: []) { list, address in
            if !list.contains(address) { list.append(address) }
        }
    }

    /// The connections that stand on all reactors.
    ///
    /// It is the sum of what each last told, without asking them.
    public var connectionCount: Int { connectionCounts.reduce(0, +) }

    /// The connections that stand on each reactor, in order of their places.
    public var connectionCounts: [Int] { run?.members.map(\.load.connections) ?? [] }

    /// Runs a closure on every reactor's thread, and returns at once.
    ///
    /// - Parameter body: what to run; it is given the reactor, and must not let it leave its thread.
    public func callOnEach(_ body: @escaping @Sendable (Reactor) -> Void) {
        for remote in remotes { remote.callFromThread(body) }
    }

    /// Runs a closure on every reactor's thread, and returns what they gave, in order of their places.
    ///
    /// A reactor that stops before it has run the closure is left out.
    ///
    /// - Parameter body: what to run; it is given the reactor, and must not let it leave its thread.
    public func collectFromEach<Value: Sendable>(_ body: @escaping @Sendable (Reactor) -> Value) async -> [Value] {
        var answers: [Outcome<Value?>] = []
        for remote in remotes {
            let answer = Answer<Value>()
            answers.append(answer.outcome)
            remote.callFromThread { answer.outcome.complete(body($0)) }
        }
        var values: [Value] = []
        for answer in answers {
            if let value = await answer.get() { values.append(value) }
        }
        return values
    }
}

/// An answer that comes in any case: nil where the question was let go unanswered.
private final class Answer<Value: Sendable>: Sendable {
    let outcome = Outcome<Value?>()

    deinit {
        outcome.complete(nil)
    }
}
