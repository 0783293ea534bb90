/// Hooks in the order of their registration.
struct HookList {
    private var hooks: [ReactorHook] = []

    /// The hooks that were not cancelled.
    var active: [ReactorHook] { hooks.filter { $0.isActive } }

    mutating func add(_ hook: ReactorHook) {
        // Cancelled hooks are removed when the count reaches a power of two: additions are amortized O(1).
        if hooks.count >= 16 && hooks.count & (hooks.count - 1) == 0 { hooks = active }
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
