import Synchronization

/// The load of a reactor, for other threads to read: its connections, and those on their way to it.
///
/// Only the reactor's thread calls `update` and `arrived`.
package final class ReactorLoad: Sendable {
    private let live = Atomic<Int>(0)
    /// Live connections and those on their way in one count, so that an arriving one is counted exactly once.
    private let expecting = Atomic<Int>(0)
    private let isArriving = Atomic<Bool>(false)

    package init() {}

    /// The number of live connections.
    package var connections: Int { live.load(ordering: .relaxed) }

    /// The number of live connections, and of those handed to the reactor that have not arrived yet.
    package var expected: Int { expecting.load(ordering: .relaxed) }

    /// Sets the number of live connections.
    func update(_ count: Int) {
        var change = count - live.exchange(count, ordering: .relaxed)
        if change > 0 && isArriving.exchange(false, ordering: .relaxed) { change -= 1 }
        expecting.wrappingAdd(change, ordering: .relaxed)
    }

    /// Counts a connection that was handed to the reactor, on any thread.
    package func announce() {
        expecting.wrappingAdd(1, ordering: .relaxed)
    }

    /// Handles the arrival of an announced connection.
    ///
    /// - Parameter accept: Makes the connection, which calls `update`, or rejects it, and it is not expected any more.
    package func arrived(_ accept: () -> Void) {
        isArriving.store(true, ordering: .relaxed)
        accept()
        if isArriving.exchange(false, ordering: .relaxed) { expecting.wrappingSubtract(1, ordering: .relaxed) }
    }
}
