import CEventReactorShims
import CLibevent
import EventReactorCore
import Glibc

/// The error of a call to libevent that failed.
enum LibeventError {
    /// Calls a function of libevent, and gives the error that it failed with.
    ///
    /// libevent returns no error numbers: `errno` is what the system call in it has left, or 0 if memory ran out.
    ///
    /// - Parameter body: returns what libevent returned, 0 for success.
    static func of(_ operation: String, _ body: () -> Int32) -> SystemError? {
        errno = 0
        guard body() != 0 else { return nil }
        let code = errno
        return SystemError(code: code == 0 ? ENOMEM : code, operation: operation, address: nil)
    }
}
