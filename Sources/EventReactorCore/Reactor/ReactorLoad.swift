import Synchronization

/// How much a reactor has to do, for other threads to see.
///
/// Its reactor's thread alone calls `update` and `arrived`.
package final class ReactorLoad: Sendable {
    private let live = Atomic<Int>(0)
    /// Those that stand and those on their way in one number: one that arrives is never counted twice, nor left out.
    private let expecting = Atomic<Int>(0)
    private let isArriving = Atomic<Bool>(false)

    package init() {}

    /// The connections that stand.
    package var connections: Int { live.load(ordering: .relaxed) }

    /// The same, and those that were handed to the reactor and that it has not taken yet.
    package var expected: Int { expecting.load(ordering: .relaxed) }

    /// So many connections stand now.
    package func update(_ count: Int) {
        var change = count - live.exchange(count, ordering: .relaxed)
        if change > 0 && isArriving.exchange(false, ordering: .relaxed) { change -= 1 }
        expecting.wrappingAdd(change, ordering: .relaxed)
    }

    /// A connection is on its way to the reactor.
    package func announce() {
        expecting.wrappingAdd(1, ordering: .relaxed)
    }

    /// A connection that was announced has come.
    ///
    /// - Parameter take: takes it, and `update` is called; or not, and it is expected no more.
    package func arrived(_ take: () -> Void) {
        isArriving.store(true, ordering: .relaxed)
        take()
        if isArriving.exchange(false, ordering: .relaxed) { expecting.wrappingSubtract(1, ordering: .relaxed) }
    }
}
