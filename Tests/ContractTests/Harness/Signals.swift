import Glibc

/// Sends a signal to this process.
///
/// Threads of a pool block signals, so `raise` would never arrive.
func sendSignal(_ number: Int32) {
    _ = kill(getpid(), number)
}

/// Sends a signal to this process, and waits until one of its threads has it.
func deliverSignal(_ number: Int32) {
    sendSignal(number)
    waitUntilDelivered([number])
}

/// Waits until none of the signals is pending in this process.
func waitUntilDelivered(_ signals: [Int32]) {
    var pending = sigset_t()
    repeat {
        sched_yield()
        unsafe sigpending(&pending)
    } while signals.contains { unsafe sigismember(&pending, $0) == 1 }
}
