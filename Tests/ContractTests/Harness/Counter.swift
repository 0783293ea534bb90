import Glibc
import Synchronization

/// A number that several threads count up.
final class Counter: Sendable {
    private let number = Atomic<Int>(0)

    var value: Int { number.load(ordering: .sequentiallyConsistent) }

    /// Adds one, and returns the sum.
    @discardableResult
    func increment() -> Int { number.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue }

    /// Blocks the calling thread until the number is reached.
    func wait(for number: Int) {
        while value < number { sched_yield() }
    }
}
