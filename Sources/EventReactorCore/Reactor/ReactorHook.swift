/// A handle to a closure that a reactor calls when a run starts or stops, or when a signal arrives.
///
/// It is returned by ``ReactorBase/onStartup(_:)``, ``ReactorBase/onShutdown(_:)-(()->Void)`` and
/// ``ReactorBase/onSignal(_:_:)``.
///
/// ```swift
/// let hook = reactor.onShutdown { cache.save() }
/// hook.cancel()  // releases the closure, which is not called again
/// ```
///
/// The reactor retains it: releasing the handle cancels nothing. It is used on the reactor's thread, and may outlive
/// the reactor.
public final class ReactorHook {
    private var body: ((ShutdownCompletion?) throws -> Void)?
    /// The signal that it handles; 0 for a hook of the start or the stop.
    let signal: Int32

    init(signal: Int32 = 0, _ body: ((ShutdownCompletion?) throws -> Void)?) {
        self.signal = signal
        self.body = body
    }

    /// Whether the closure may still be called, in this run or in a later one.
    public var isActive: Bool { body != nil }

    /// Cancels the hook: the closure is released, and not called again.
    ///
    /// If the hook is being called, or was called and has not finished, the stop still waits for it.
    ///
    /// - Returns: False if the hook was inactive: cancelled or replaced before, or its reactor was closed.
    @discardableResult
    public func cancel() -> Bool {
        guard isActive else { return false }
        // Released last: objects that it captured may read `isActive` in their deinit.
        let last = body
        body = nil
        return withExtendedLifetime(last) { true }
    }

    /// Calls the closure, unless the hook was cancelled.
    ///
    /// - Parameter completion: The completion of a shutdown hook; finished here if the hook is inactive or throws.
    @inline(never)
    func call(_ completion: ShutdownCompletion? = nil) throws {
        guard let body else {
            completion?.finish()
            return
        }
        do { try body(completion) } catch {
            completion?.finish()
            throw error
        }
    }
}

@available(*, unavailable)
extension ReactorHook: Sendable {}
