/// A value that comes once, for threads that block until it is there and for tasks that do not.
package final class Outcome<Value: Sendable>: Sendable {
    private struct State {
        var value: Value?
        var waiting: [@Sendable (Value) -> Void] = []
    }

    private let state = Locked(State())

    package init() {}

    /// Sets the value; the first one counts.
    package func complete(_ value: Value) {
        let waiting = state.withLock { state in
            guard state.value == nil else { return [] as [@Sendable (Value) -> Void] }
            state.value = value
            defer { state.waiting = [] }
            return state.waiting
        }
        state.broadcast()
        for body in waiting { body(value) }
    }

    /// Blocks this thread until the value is there.
    package func wait() -> Value {
        state.wait { $0.value }
    }

    /// The value if it is there.
    package var current: Value? {
        state.withLock { $0.value }
    }

    /// The value, for a task: its thread is free meanwhile.
    package func get() async -> Value {
        await withCheckedContinuation { continuation in
            whenComplete { continuation.resume(returning: $0) }
        }
    }

    private func whenComplete(_ body: @escaping @Sendable (Value) -> Void) {
        let value = state.withLock { state in
            if state.value == nil { state.waiting.append(body) }
            return state.value
        }
        if let value { body(value) }
    }
}
