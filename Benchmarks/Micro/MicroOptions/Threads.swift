import Glibc

/// A plain thread, for calls from outside the loop.
public func startThread(_ body: @escaping @Sendable () -> Void) {
    final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    let context = Unmanaged.passRetained(Box(body)).toOpaque()
    let code = pthread_create(
        &thread, nil,
        { context in
            guard let context else { return nil }
            Unmanaged<Box>.fromOpaque(context).takeRetainedValue().body()
            return nil
        }, context)
    if code != 0 { MicroOptions.fail("pthread_create: \(code)") }
    pthread_detach(thread)
}

/// Counts on one thread alone: that of the loop.
public final class Counter: @unchecked Sendable {
    /// The number of calls that have run.
    public var ran = 0

    /// Starts at 0.
    public init() {}
}

/// A POSIX semaphore, by which a thread waits for a loop.
public final class Semaphore: @unchecked Sendable {
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    /// Starts at zero.
    public init() { sem_init(semaphore, 0, 0) }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    /// Wakes a thread that waits.
    public func post() { sem_post(semaphore) }

    /// Waits for a `post`.
    public func wait() { while sem_wait(semaphore) != 0 {} }
}
