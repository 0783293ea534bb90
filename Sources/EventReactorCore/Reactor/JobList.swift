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
    package private(set) var count = 0

    package init() {
        unsafe jobs = nil
    }

    deinit {
        unsafe jobs?.deinitialize(count: count)
        unsafe jobs?.deallocate()
    }

    package var isEmpty: Bool { count == 0 }

    package mutating func append(_ job: @escaping Job) {
        if count == capacity { grow() }
        unsafe jobs?.advanced(by: count).initialize(to: Entry(body: job))
        count += 1
    }

    private mutating func grow() {
        let larger = max(16, capacity * 2)
        let room = UnsafeMutablePointer<Entry>.allocate(capacity: larger)
        if let jobs = unsafe jobs {
            unsafe room.moveInitialize(from: jobs, count: count)
            unsafe jobs.deallocate()
        }
        unsafe jobs = room
        capacity = larger
    }

    /// Makes every call, and lets go of each as it has returned.
    package mutating func callAll(with reactor: ReactorBase) {
        guard let jobs = unsafe jobs else { return }
        let number = count
        count = 0
        for index in 0..<number {
            let job = unsafe jobs.advanced(by: index).move()
            job.body(reactor)
        }
        if capacity > JobList.keptCapacity {
            unsafe jobs.deallocate()
            unsafe self.jobs = nil
            capacity = 0
        }
    }
}
