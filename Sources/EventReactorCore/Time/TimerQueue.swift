/// The timers of a reactor, in order of deadline and then of creation.
///
/// Setting, cancelling and moving cost O(log n).
@safe
final class TimerQueue {
    private var heap = TimerHeap()
    private var nextSequence: UInt64 = 0
    let now: () -> ReactorInstant
    private let fires: (_ nanosecondsLate: Int64) -> Void
    /// Allocated for its effect on the allocator alone.
    private var mergingBlock: UnsafeMutableRawPointer?

    /// Creates an empty queue.
    ///
    /// - Parameters:
    ///   - fires: called before each call, with how late it is.
    ///   - now: reads the clock.
    init(
        fires: @escaping (_ nanosecondsLate: Int64) -> Void = { _ in }, now: @escaping () -> ReactorInstant
    ) {
        self.fires = fires
        self.now = now
    }

    deinit {
        removeAll()
        unsafe mergingBlock?.deallocate()
    }

    /// Called if a turn's share is used up and due calls are left, so that common timeouts, which have no order, are
    /// served beside them.
    var whenBehind: (() -> Void)?

    /// Cancels all of them.
    func removeAll() {
        // An object that a body captured may cancel other timers in its deinit; by then none is in the heap.
        let calls = heap.removeAll()
        headChanged()
        for call in calls { call.body = nil }
    }

    // Asked in every turn: one load, without the check that accesses to the heap make.
    private var uncheckedNext: ReactorInstant?

    /// When the next call is due, or nil if there is none.
    var nextDeadline: ReactorInstant? { uncheckedNext }

    var count: Int { heap.count }

    func add(at deadline: ReactorInstant, _ body: @escaping () -> Void) -> DelayedCall {
        let call = DelayedCall(deadline: deadline, sequence: nextSequence, queue: self, body: body)
        nextSequence += 1
        heap.insert(call)
        headChanged()
        return call
    }

    /// Makes a call that never fires.
    func makeInactive() -> DelayedCall {
        DelayedCall(deadline: now(), sequence: 0, queue: self, body: nil)
    }

    func remove(_ call: DelayedCall) {
        heap.remove(at: call.index)
        headChanged()
    }

    func move(_ call: DelayedCall, to deadline: ReactorInstant) {
        call.deadline = deadline
        heap.deadlineChanged(at: call.index)
        headChanged()
    }

    private func headChanged() {
        uncheckedNext = heap.first?.deadline
    }

    /// Fires what is due, as much as one turn may, but nothing that is set meanwhile: a timer that sets itself again
    /// starves nothing.
    ///
    /// The rest is still due: `nextDeadline` has passed, and it is fired first the next time.
    ///
    /// - Returns: now, if the clock was read and nothing was due.
    @discardableResult
    @inline(__always)
    func fireDue() -> ReactorInstant? {
        guard let next = nextDeadline else { return nil }
        let time = now()
        guard next <= time else { return time }
        fire(until: time)
        return nil
    }

    private func fire(until time: ReactorInstant) {
        let bound = nextSequence
        var share = TurnShare(from: time.nanoseconds)
        while let call = heap.first, call.deadline <= time, call.sequence < bound {
            remove(call)
            fires(time.nanoseconds &- call.deadline.nanoseconds)
            let body = call.body
            call.body = nil
            body?()
            if share.isUsedUp(now: { now().nanoseconds }) {
                mergeFreedBlocks()
                whenBehind?()
                return
            }
        }
    }

    /// Has the allocator merge the small blocks that this turn's calls have freed.
    ///
    /// glibc keeps them in lists, and merges all of them at the next allocation of over 1,024 bytes anywhere: with 300,000
    /// calls fired by then that took 30 to 70 ms at once. Here each turn of a storm does its own part.
    @inline(never)
    private func mergeFreedBlocks() {
        unsafe mergingBlock?.deallocate()
        unsafe mergingBlock = .allocate(byteCount: 2048, alignment: 16)
    }
}
