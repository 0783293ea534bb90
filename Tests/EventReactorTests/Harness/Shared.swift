import EventReactor

/// A value that several threads change.
final class Shared<Value: Sendable>: Sendable {
    private let content: Locked<Value>

    init(_ value: Value) {
        content = Locked(value)
    }

    var value: Value { content.withLock { $0 } }

    func change(_ body: (inout Value) -> Void) {
        content.withLock(body)
    }
}
