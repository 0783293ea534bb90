import Synchronization

/// A number that several threads count up.
final class Counter: Sendable {
    private let number = Atomic<Int>(0)

    var value: Int { number.load(ordering: .sequentiallyConsistent) }

    /// Adds one, and returns what it is then.
    @discardableResult
    func increment() -> Int { number.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue }
}
