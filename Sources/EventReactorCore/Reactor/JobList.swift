/// A queue of calls for a reactor, first in, first out.
///
/// An array would retain each call once more to make it, and release it twice; here a call is moved in and out.
@safe
struct JobList: ~Copyable {
    typealias Job = @Sendable (ReactorBase) -> Void

    /// A closure as a generic element is wrapped in an allocated thunk; a closure in a field is not.
    private struct Entry {
        let body: Job
    }

    /// The greatest capacity that is kept after a burst.
    private static let keptCapacity = 4096

    private var jobs: UnsafeMutablePointer<Entry>?
    private var capacity = 0
    /// The number of slots at the front whose calls were made.
    private var made = 0
    /// The number of calls left to make.
    private(set) var count = 0

    init() {
        unsafe jobs = nil
    }

    deinit {
        unsafe jobs?.advanced(by: made).deinitialize(count: count)
        unsafe jobs?.deallocate()
    }

    var isEmpty: Bool { count == 0 }

    mutating func append(_ job: @escaping Job) {
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

    /// Makes the calls within one turn's share of time, and releases each when it has returned; the others stay queued.
    mutating func call(with reactor: ReactorBase) {
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
