import CEventReactorShims
import EventReactorCore
import Glibc
import Synchronization

/// An eventfd in the process's descriptor table, which any thread may write to and release.
///
/// On a thread with another table the descriptor refers to another file, perhaps a connection: there a thread of the pool,
/// which has the process's table, does it.
final class ProcessWake: Sendable {
    let descriptor: Int32

    /// Becomes the owner of an eventfd that was created in the process's table.
    init(owning descriptor: Int32) {
        self.descriptor = descriptor
    }

    private static let lastRequest = Atomic<UInt64>(0)

    /// Duplicates an eventfd of this thread's table into the process's.
    init(duplicating own: Int32) throws(SystemError) {
        let request = ProcessWake.lastRequest.wrappingAdd(1, ordering: .relaxed).newValue
        let code = er_table_send(own, request)
        guard code == 0 else { throw SystemError(code: code, operation: "send an eventfd to the process's table") }
        let answer = Outcome<(descriptor: Int32, code: Int32)>()
        ThreadPool.waking.submit {
            // If no thread can be started the pool does its work on this one.
            guard er_thread_table() == 0 else { return answer.complete((-1, EAGAIN)) }
            let received = er_table_receive(request)
            answer.complete((received, errno))
        }
        let (received, failure) = answer.wait()
        guard received >= 0 else {
            throw SystemError(code: failure, operation: "receive an eventfd in the process's table")
        }
        descriptor = received
    }

    deinit {
        ProcessWake.inProcessTable { [descriptor] in _ = close(descriptor) }
    }

    func wake() {
        // Retained, so that the descriptor stays open until it has been written to.
        ProcessWake.inProcessTable { [self] in er_eventfd_wake(descriptor) }
    }

    private static func inProcessTable(_ body: @escaping @Sendable () -> Void) {
        if er_thread_table() == 0 { return body() }
        ThreadPool.waking.submit {
            if er_thread_table() == 0 { body() }
        }
    }
}
