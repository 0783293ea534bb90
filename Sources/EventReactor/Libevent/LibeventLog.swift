import CEventReactorShims
import CLibevent
import EventReactorCore
import Glibc

/// libevent's own messages, on their way to the reactor on whose thread they come.
///
/// libevent has one log callback for the whole process, and writes to the standard error unless it is set. It is set when
/// the first reactor is created; a program that uses libevent elsewhere, and sets a callback of its own later, gets all
/// messages from then on. Messages on a thread on which no reactor is at work go to the standard error as before.
///
/// The callback for fatal errors is not set: after such an error libevent must not continue, and ends the process.
@safe
final class LibeventLog {
    private unowned let reactor: ReactorBase
    private var previous: UnsafeMutableRawPointer?
    private var texts: [String] = []
    /// Messages come from inside libevent, when nothing may be called that calls libevent.
    private var isScheduled = false
    private let isInTurn: Bool

    private init(_ reactor: ReactorBase, isInTurn: Bool) {
        self.reactor = reactor
        self.isInTurn = isInTurn
    }

    private static let isInstalled: Void = unsafe event_set_log_callback { severity, text in
        let code = errno
        unsafe LibeventLog.received(severity, text)
        // The caller looks at errno after libevent has written its message.
        errno = code
    }

    static func install() { isInstalled }

    private static func received(_ severity: Int32, _ text: UnsafePointer<CChar>?) {
        let text = unsafe text.map { unsafe String(cString: $0) } ?? ""
        // After an error libevent ends the process, before any reactor could report it.
        if severity != EVENT_LOG_ERR, let context = unsafe er_thread_context() {
            // The log is in the context between `begin` and `end`, while its owner retains it.
            unsafe Unmanaged<LibeventLog>.fromOpaque(context)._withUnsafeGuaranteedRef { $0.append(text) }
        } else {
            StandardError.print("[\(name(of: severity))] \(text)\n")
        }
    }

    private static func name(of severity: Int32) -> String {
        switch severity {
        case EVENT_LOG_DEBUG: "debug"
        case EVENT_LOG_MSG: "msg"
        case EVENT_LOG_WARN: "warn"
        default: "err"
        }
    }

    private func append(_ text: String) {
        // A cause that comes with every call would use memory until the turn ends.
        guard texts.count < 64 else { return }
        texts.append("libevent: \(text)")
        guard isInTurn, !isScheduled else { return }
        isScheduled = true
        reactor.callSoon { [self] in
            isScheduled = false
            report()
        }
    }

    private func report() {
        let texts = self.texts
        self.texts = []
        for text in texts { reactor.report(.engineMessage(text)) }
    }

    private func begin() {
        unsafe previous = er_thread_context()
        unsafe er_thread_set_context(Unmanaged.passUnretained(self).toOpaque())
    }

    /// Returns the thread's messages to the reactor that received them before; runs may be nested.
    func end() {
        unsafe er_thread_set_context(previous)
        unsafe previous = nil
        report()
    }

    /// Receives the messages of this thread for a run of a reactor, until `end` is called.
    static func ofRun(_ reactor: ReactorBase) -> LibeventLog {
        let log = LibeventLog(reactor, isInTurn: true)
        log.begin()
        return log
    }

    /// Receives the messages of this thread while a closure calls libevent, which may be outside of any run.
    static func during<Value, Failure: Error>(
        _ reactor: ReactorBase, _ body: () throws(Failure) -> Value
    ) throws(Failure) -> Value {
        let log = LibeventLog(reactor, isInTurn: false)
        log.begin()
        defer { log.end() }
        return try body()
    }
}
