import Synchronization

/// How much a reactor has to do, for other threads to see.
package final class ReactorLoad: Sendable {
    private let standing = Atomic<Int>(0)
    private let coming = Atomic<Int>(0)

    package init() {}

    /// The connections that stand.
    package var connections: Int { standing.load(ordering: .relaxed) }

    /// The same, and those that were handed to the reactor and that it has not taken yet.
    package var expected: Int { connections + coming.load(ordering: .relaxed) }

    func tell(_ count: Int) {
        standing.store(count, ordering: .relaxed)
    }

    package func announce() {
        coming.wrappingAdd(1, ordering: .relaxed)
    }

    package func arrived() {
        coming.wrappingSubtract(1, ordering: .relaxed)
    }
}
