import CEventReactorShims
package import EventReactorCore
import Glibc

/// An eventfd that wakes the thread that watches it, from any thread: also from one whose descriptor table does not have
/// it.
///
/// It is written to under the number that it has in the caller's table, or by a thread with the process's, and never
/// under a number that may be another file's.
package final class WakeDescriptor: Sendable {
    /// Its number in the table of the thread that made it, and in those that were copied from that.
    package let number: Int32
    /// The table that it was made in: 0 is the process's.
    private let home: Int32
    /// The group of tables that were copied from it; 0 where there are none.
    private let copies: Int32
    /// The same eventfd in the process's table.
    private let inProcess: ProcessWake

    /// Its number in the process's table, for signal handlers: they run on threads with that one.
    package var processNumber: Int32 { inProcess.number }

    /// - Parameter table: the group of the descriptor tables that are to be copied from this thread's.
    package init(copiedTo table: Int32 = 0) throws(SystemError) {
        let made = er_eventfd()
        guard made >= 0 else { throw SystemError(code: errno, operation: "eventfd", address: nil) }
        home = er_thread_own_table()
        copies = table
        number = made
        guard home != 0 else {
            inProcess = ProcessWake(taking: made)
            return
        }
        do throws(SystemError) { inProcess = try ProcessWake(copying: made) } catch {
            _ = close(made)
            throw error
        }
    }

    deinit {
        // On a thread with another table it stays open in that one, until its last thread has ended.
        if home > 0 && er_thread_own_table() == home { _ = close(number) }
    }

    /// Makes it readable.
    package func wake() {
        if home >= 0 && er_thread_own_table() == home || copies != 0 && er_thread_table() == copies {
            er_eventfd_wake(number)
        } else {
            inProcess.wake()
        }
    }

    /// Sleeps until it has been woken since the last time.
    package func wait() {
        var count: UInt64 = 0
        while true {
            var question = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
            _ = unsafe poll(&question, 1, -1)
            if unsafe read(number, &count, MemoryLayout<UInt64>.size) > 0 { return }
        }
    }
}
