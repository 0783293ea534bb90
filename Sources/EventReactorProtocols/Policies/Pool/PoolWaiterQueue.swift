import EventReactorCore

/// The borrowers that wait, first in, first out.
///
/// One that gives up stays in the queue as an entry that is passed over. When these outnumber the others all of them are
/// removed, so that giving up is O(1), amortized.
struct PoolWaiterQueue<Session: Protocol> {
    private var entries = RingBuffer<PoolWaiter<Session>>()

    /// The number of those that wait.
    private(set) var count = 0

    mutating func append(_ waiter: PoolWaiter<Session>) {
        entries.append(waiter)
        count += 1
    }

    /// The waiter that is first in line; nil if none waits.
    mutating func first() -> PoolWaiter<Session>? {
        while entries.count > 0 {
            if entries[0].isWaiting { return entries[0] }
            _ = entries.popFirst()
        }
        return nil
    }

    /// Has none of them wait any more: the pool is being released.
    mutating func forgetAll() {
        for entry in entries.takeAll() { entry.forget() }
    }

    /// A waiter in the queue has been served, has failed or has given up.
    mutating func waiterEnded() {
        count -= 1
        guard entries.count > 2 * count + 16 else { return }
        for entry in entries.takeAll() where entry.isWaiting { entries.append(entry) }
    }
}
