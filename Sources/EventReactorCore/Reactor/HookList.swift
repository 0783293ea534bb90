/// Hooks in the order of their registration.
struct HookList {
    private var hooks: [ReactorHook] = []

    /// The hooks that were not cancelled.
    var active: [ReactorHook] { hooks.filter { $0.isActive } }

    mutating func add(_ hook: ReactorHook) {
        // Cancelled hooks are removed when the array is full, which then has room for as many more: amortized O(1).
        if hooks.count == hooks.capacity {
            hooks.removeAll { !$0.isActive }
            hooks.reserveCapacity(max(16, hooks.count * 2))
        }
        hooks.append(hook)
    }

    /// Removes all hooks.
    ///
    /// - Returns: The removed hooks, for the caller to cancel when no hook can be called any more.
    mutating func removeAll() -> [ReactorHook] {
        defer { hooks = [] }
        return hooks
    }
}
