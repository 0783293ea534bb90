/// Calls for a reactor, in the order in which they were posted.
///
/// An array would do, but each call would be retained to be made and let go of twice; here it is moved in and out.
@safe
package struct JobList: ~Copyable {
    package typealias Job = @Sendable (ReactorBase) -> Void

    /// A closure that is an element itself is wrapped in another, allocated for it; one that is a field is not.
    private struct Entry {
        let body: Job
    }

    /// What is kept of the memory that a burst needed.
    private static let keptCapacity = 4096

    private var jobs: UnsafeMutablePointer<Entry>?
    private var capacity = 0
    /// The calls that were made already, at the front.
    private var made = 0
    /// How many calls are left to make.
    package private(set) var count = 0

    package init() {
        unsafe jobs = nil
    }

    deinit {
        unsafe jobs?.advanced(by: made).deinitialize(count: count)
        unsafe jobs?.deallocate()
    }

    package var isEmpty: Bool { count == 0 }

    package mutating func append(_ job: @escaping Job) {
        if made + count == capacity { grow() }
        unsafe jobs?.advanced(by: made + count).initialize(to: Entry(body: job))
        count += 1
    }

    private mutating func grow() {
        let larger = max(16, capacity * 2)
        let room = UnsafeMutablePointer<Entry>.allocate(capacity: larger)
        if let jobs = unsafe jobs {
            unsafe room.moveInitialize(from: jobs.advanced(by: made), count: count)
            unsafe jobs.deallocate()
        }
        unsafe jobs = room
        capacity = larger
        made = 0
    }

    /// Makes the calls, as many as one turn may, and releases each as it has returned; the others stay, in order.
    package mutating func call(with reactor: ReactorBase) {
        guard let jobs = unsafe jobs else { return }
        if TurnShare.isNeeded(for: count) {
            var share = TurnShare(from: reactor.engine.now.nanoseconds)
            while count > 0 {
                unsafe makeCall(of: jobs, with: reactor)
                if share.isUsedUp(now: { reactor.engine.now.nanoseconds }) { break }
            }
        } else {
            while count > 0 { unsafe makeCall(of: jobs, with: reactor) }
        }
        guard count == 0 else { return }
        made = 0
        if capacity > JobList.keptCapacity {
            unsafe jobs.deallocate()
            unsafe self.jobs = nil
            capacity = 0
        }
    }

    @inline(__always)
    private mutating func makeCall(of jobs: UnsafeMutablePointer<Entry>, with reactor: ReactorBase) {
        let job = unsafe jobs.advanced(by: made).move()
        made += 1
        count -= 1
        job.body(reactor)
    }
}
