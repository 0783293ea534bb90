import EventReactor

/// Something that several threads count up or put down.
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
