import CEventReactorShims
import EventReactorCore

/// The processors that this thread, and so what it starts, may run on.
enum Processors {
    static var allowed: [Int] {
        let count = er_allowed_processors(nil, 0)
        guard count > 0 else { return [] }
        let list = unsafe [Int32](unsafeUninitializedCapacity: Int(count)) { room, used in
            used = Int(min(count, unsafe er_allowed_processors(room.baseAddress, count)))
        }
        return list.map(Int.init)
    }

    /// Has this thread run on one processor alone.
    static func pin(to processor: Int) throws(SystemError) {
        let code = er_thread_pin(Int32(clamping: processor))
        if code != 0 { throw SystemError(code: code, operation: "sched_setaffinity to processor \(processor)") }
    }
}
