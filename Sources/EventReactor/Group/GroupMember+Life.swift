import CEventReactorShims
import EventReactorCore

extension GroupMember {
    /// The life of the reactor, on its thread.
    ///
    /// - Parameter go: whether to run, known when every reactor is set up.
    /// - Returns: the error with which the run failed, if it did.
    func live(go: Outcome<Bool>) -> ReactorGroupError? {
        do {
            try prepareThread()
            let load = ReactorLoad()
            var configuration = settings.configuration.reactor
            let membership = GroupMembership(
                index: index, listeners: listeners, load: load, wakeUp: wakeUp,
                stopSignals: Array(configuration.stopSignals))
            membership.listen = { [unowned membership] source, options, port, engine throws(ListenError) in
                try membership.listen(from: source, options: options, for: port, engine: engine)
            }
            // The group handles them.
            configuration.stopSignals = []
            let reactor = try Reactor(configuration: configuration, membership: membership)
            defer {
                // Closures that capture the reactor would keep it, and its sockets.
                reactor.end()
                reactor.queue.close()
            }
            try settings.setUp(reactor)
            membership.isSettingUp = false
            setUp.complete(.success(Handle(queue: reactor.queue, load: load)))
            guard go.wait() else { return nil }
            do throws(ReactorError) {
                try reactor.run()
                return nil
            } catch {
                return .reactorFailed(reactor: index, error: error)
            }
        } catch {
            setUp.complete(.failure(.setUpFailed(reactor: index, error: error)))
            return nil
        }
    }

    private func prepareThread() throws(SystemError) {
        let suffix = "-\(index)"
        // The system's limit; a name is cut between characters. The system would end it at a NUL, before the suffix.
        let bytes = ByteText.bytes(settings.configuration.threadName)
        var name = String(decoding: ByteText.split(bytes, keepsEmpty: true, at: "\0")[0], as: UTF8.self)
        while name.utf8.count + suffix.utf8.count > 15 { name.removeLast() }
        unsafe er_thread_name(name + suffix)
        if let processor { try Processors.pin(to: processor) }
        if table != 0 {
            let code = er_thread_leave_table(table)
            if code != 0 { throw SystemError(code: code, operation: "unshare(CLONE_FILES)") }
        }
    }
}
