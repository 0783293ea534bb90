/// Hooks in the order of their registration.
struct HookList {
    private var hooks: [ReactorHook] = []
    /// The count at which the next addition removes cancelled hooks: it doubles, so that additions are amortized O(1).
    private var limit = 16

    /// The hooks that were not cancelled.
    var active: [ReactorHook] { hooks.filter(\.isActive) }

    mutating func add(_ hook: ReactorHook) {
        if hooks.count >= limit {
            hooks.removeAll { !$0.isActive }
            limit = max(16, hooks.count * 2)
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
