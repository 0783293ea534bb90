/// A value that comes once, for threads that block until it is there and for tasks that do not.
package final class Outcome<Value: Sendable>: Sendable {
    // Kept as `Any`: for each type of value the state, its lock and the closures would be compiled again, 2 to 3 KB.
    private let state = OutcomeState()

    package init() {}

    /// Sets the value; the first one counts.
    package func complete(_ value: Value) {
        state.complete(value)
    }

    /// Blocks this thread until the value is there.
    package func wait() -> Value { Outcome.value(state.wait()) }

    /// The value if it is there.
    package var current: Value? { state.current.map { Outcome.value($0) } }

    /// The value, for a task: its thread is free meanwhile.
    package func get() async -> Value {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            state.whenComplete { continuation.resume() }
        }
        return wait()
    }

    /// Only `complete` sets the value.
    private static func value(_ value: any Sendable) -> Value { value as! Value }
}
