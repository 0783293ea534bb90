/// The part of every `Outcome` that does not depend on the type of its value.
final class OutcomeState: Sendable {
    private struct State {
        var value: (any Sendable)?
        var waiting: [@Sendable () -> Void] = []
    }

    private let state = Locked(State())

    func complete(_ value: any Sendable) {
        let waiting = state.withLock { state in
            guard state.value == nil else { return [] as [@Sendable () -> Void] }
            state.value = value
            defer { state.waiting = [] }
            return state.waiting
        }
        state.broadcast()
        for body in waiting { body() }
    }

    func wait() -> any Sendable { state.wait { $0.value } }

    var current: (any Sendable)? { state.withLock { $0.value } }

    /// Calls a closure once the value is there, at once if it is.
    func whenComplete(_ body: @escaping @Sendable () -> Void) {
        let isThere = state.withLock { state in
            if state.value == nil { state.waiting.append(body) }
            return state.value != nil
        }
        if isThere { body() }
    }
}
