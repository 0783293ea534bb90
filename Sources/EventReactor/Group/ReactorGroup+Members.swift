public import EventReactorCore

extension ReactorGroup {
    /// The handles of the reactors, by index; none while the group does not run.
    public var remotes: [ReactorRemote] {
        run?.members.map { ReactorRemote($0.queue) } ?? []
    }

    /// The addresses that the group listens at, in the order in which they were first listened at, with the actual port
    /// if 0 was asked for.
    public var localAddresses: [SocketAddress] {
        guard let run else { return [] }
        return run.listeners.addresses.reduce(into: []) { list, address in
            if !list.contains(address) { list.append(address) }
        }
    }

    /// The number of live connections of all reactors.
    ///
    /// The sum of the numbers that each last reported; it may be read from any thread.
    public var connectionCount: Int { connectionCounts.reduce(0, +) }

    /// The number of live connections of each reactor, by index.
    public var connectionCounts: [Int] { run?.members.map(\.load.connections) ?? [] }

    /// Runs a closure on every reactor's thread, and returns at once.
    ///
    /// - Parameter body: what to run; it is given the reactor, and must not let it leave its thread.
    public func callOnEach(_ body: @escaping @Sendable (Reactor) -> Void) {
        for remote in remotes { remote.callFromThread(body) }
    }

    /// Runs a closure on every reactor's thread, and returns their results, by index.
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

/// A result that arrives in any case: `nil` if the question was released without an answer.
private final class Answer<Value: Sendable>: Sendable {
    let outcome = Outcome<Value?>()

    deinit {
        outcome.complete(nil)
    }
}
