/// The registration of a closure that a reactor calls as a run starts, as it stops, or for a signal: what
/// ``ReactorBase/onStartup(_:)``, ``ReactorBase/onShutdown(_:)-(()->Void)`` and ``ReactorBase/onSignal(_:_:)`` return.
///
/// ```swift
/// let hook = reactor.onShutdown { cache.save() }
/// hook.cancel()  // the closure is released, and called no more
/// ```
///
/// The reactor keeps it; dropping it cancels nothing. It belongs to the reactor's thread, and is harmless when the
/// reactor has gone.
public final class ReactorHook {
    private var body: ((ShutdownCompletion?) throws -> Void)?

    init(_ body: ((ShutdownCompletion?) throws -> Void)?) {
        self.body = body
    }

    /// Whether the closure may still be called: in this run or in a later one.
    public var isActive: Bool { body != nil }

    /// Takes the closure back: it is released, and called no more.
    ///
    /// A hook that is being called, or that has been called and has not finished, is still waited for.
    ///
    /// - Returns: false where it was cancelled before, was replaced, or its reactor was closed, and nothing happened.
    @discardableResult
    public func cancel() -> Bool {
        guard isActive else { return false }
        // Released last: what it captured may ask for `isActive` as it goes.
        let last = body
        body = nil
        return withExtendedLifetime(last) { true }
    }

    /// Calls the closure, if it was not taken back.
    ///
    /// - Parameter completion: what a shutdown hook finishes; finished here where nothing is called or it throws.
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

/// Hooks in the order in which they were registered.
struct HookList {
    private var hooks: [ReactorHook] = []
    /// How many there may be before those that were taken back are looked for: each search is paid for by additions.
    private var limit = 16

    /// Those that were not taken back.
    var active: [ReactorHook] { hooks.filter(\.isActive) }

    mutating func add(_ hook: ReactorHook) {
        if hooks.count >= limit {
            hooks.removeAll { !$0.isActive }
            limit = max(16, hooks.count * 2)
        }
        hooks.append(hook)
    }

    /// Forgets all.
    ///
    /// - Returns: what was forgotten, for the caller to cancel once nothing can be called any more.
    mutating func removeAll() -> [ReactorHook] {
        defer { hooks = [] }
        return hooks
    }
}
