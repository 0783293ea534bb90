/// A list of timeouts that any of them can leave at once: a ring through the timeouts themselves.
///
/// It holds what is in it.
@safe
struct TimeoutRing {
    private(set) var first: Unmanaged<ArmedTimeout>?

    var isEmpty: Bool { unsafe first == nil }

    /// Adds one as the last, and holds it.
    mutating func append(_ timeout: ArmedTimeout) {
        let added = unsafe Unmanaged.passRetained(timeout)
        guard let first = unsafe first else {
            unsafe timeout.next = added
            unsafe timeout.previous = added
            unsafe self.first = added
            return
        }
        let last = unsafe first._withUnsafeGuaranteedRef { unsafe $0.previous }
        unsafe timeout.previous = last
        unsafe timeout.next = first
        unsafe last?._withUnsafeGuaranteedRef { unsafe $0.next = added }
        unsafe first._withUnsafeGuaranteedRef { unsafe $0.previous = added }
    }

    /// Takes one out, and lets go of it.
    mutating func remove(_ timeout: ArmedTimeout) {
        guard let next = unsafe timeout.next, let previous = unsafe timeout.previous else { return }
        let removed = unsafe Unmanaged.passUnretained(timeout)
        if unsafe next.toOpaque() == removed.toOpaque() {
            unsafe first = nil
        } else {
            unsafe previous._withUnsafeGuaranteedRef { unsafe $0.next = next }
            unsafe next._withUnsafeGuaranteedRef { unsafe $0.previous = previous }
            if unsafe first?.toOpaque() == removed.toOpaque() { unsafe first = next }
        }
        unsafe timeout.next = nil
        unsafe timeout.previous = nil
        unsafe removed.release()
    }

    /// Takes the first one out.
    mutating func popFirst() -> ArmedTimeout? {
        guard let timeout = unsafe first?.takeUnretainedValue() else { return nil }
        remove(timeout)
        return timeout
    }
}
