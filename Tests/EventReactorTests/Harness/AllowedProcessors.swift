import CEventReactorShims

/// The processors that this thread may run on.
func allowedProcessors() -> [Int32] {
    var list = [Int32](repeating: -1, count: 4096)
    let count = unsafe er_allowed_processors(&list, 4096)
    return Array(list.prefix(Int(count)))
}
