import CEventReactorShims
import EventReactorCore
import EventReactorPosix
import Glibc

extension GroupRun {
    /// The reactors, while they run.
    var members: [GroupMember.Handle] { handles.withLock { $0 } }

    /// Whether its last thread has ended.
    var isOver: Bool { ended.current != nil }

    /// Whether the run cannot end before this thread ends or continues.
    var needsThisThread: Bool {
        let own = pthread_self()
        return !isOver && threads.withLock { $0.contains { pthread_equal($0, own) != 0 } }
    }

    private func enlistThisThread() {
        let own = pthread_self()
        threads.withLock { $0.append(own) }
    }

    /// Asks for a stop; it may be called from any thread, any number of times.
    func requestStop(drainingFor time: Duration) {
        news.withLock { $0.stops.append(time) }
        wakeUp.wake()
    }

    private func memberEnded(_ error: ReactorGroupError?) {
        news.withLock { $0.endings.append(error) }
        wakeUp.wake()
    }

    // MARK: The supervisor: one thread for the whole run, with the process's descriptor table

    /// Starts the threads, supervises the run, and joins them.
    ///
    /// - Parameter whenStarted: called on this thread when every reactor is set up.
    func supervise(whenStarted: () -> Void = {}) {
        enlistThisThread()
        var threads: [GroupThread] = []
        let go = Outcome<Bool>()
        var signals: Int32 = -1
        do throws(ReactorGroupError) {
            try setUp(&threads, go)
            signals = try beginSignals()
        } catch {
            go.complete(false)
            end(threads)
            started.complete(error)
            ended.complete(error)
            return
        }
        go.complete(true)
        started.complete(nil)
        whenStarted()
        let error = waitForEnd(count: threads.count, subscription: signals)
        if signals >= 0 { er_signals_unsubscribe(signals) }
        end(threads)
        ended.complete(error)
    }

    private func end(_ threads: [GroupThread]) {
        for thread in threads { thread.join() }
        handles.withLock { $0 = [] }
        memberWakeUps.withLock { $0 = [] }
        self.threads.withLock { $0 = [] }
    }

    /// One after another, so that set-ups need no locks, and no other is started after a failure.
    private func setUp(_ threads: inout [GroupThread], _ go: Outcome<Bool>) throws(ReactorGroupError) {
        let configuration = settings.configuration
        if table != 0 || configuration.pinning != .none {
            // Started by a reactor's thread they would share its table and its processor.
            guard ThreadPool.startAllThreadsOfAll() else {
                throw .system(SystemError(code: EAGAIN, operation: "pthread_create"))
            }
        }
        if table != 0 {
            // The thread looks up its table once: now, while there is only one.
            let isKnown = Outcome<Bool>()
            ThreadPool.waking.submit { isKnown.complete(er_thread_table() == 0) }
            _ = isKnown.wait()
        }
        // Created before the first table is copied, they have the same descriptors in all of them.
        let wakeUps = try ReactorGroupError.ofSystem { () throws(SystemError) in try makeWakeUps() }
        memberWakeUps.withLock { $0 = wakeUps }
        let processors = self.processors
        for index in 0..<settings.count {
            let member = GroupMember(
                index: index, settings: settings, listeners: listeners,
                processor: processors.isEmpty ? nil : processors[index % processors.count], table: table,
                wakeUp: wakeUps.isEmpty ? nil : wakeUps[index])
            let thread = try ReactorGroupError.ofSystem { () throws(SystemError) in
                try GroupThread { [self] in
                    enlistThisThread()
                    memberEnded(member.live(go: go))
                }
            }
            threads.append(thread)
            switch member.setUp.wait() {
            case .success(let handle): handles.withLock { $0.append(handle) }
            case .failure(let error): throw error
            }
        }
    }

    private func makeWakeUps() throws(SystemError) -> [WakeDescriptor] {
        var made: [WakeDescriptor] = []
        while table != 0 && made.count < settings.count { made.append(try WakeDescriptor(copiedTo: table)) }
        return made
    }

    private var processors: [Int] {
        switch settings.configuration.pinning {
        case .none: []
        case .inOrder: Processors.allowed
        case .processors(let list): list
        }
    }

    private func beginSignals() throws(ReactorGroupError) -> Int32 {
        let signals = settings.configuration.reactor.stopSignals
        guard !signals.isEmpty else { return -1 }
        let subscription = er_signals_subscribe(wakeUp.descriptor)
        var code = subscription < 0 ? ENOMEM : 0
        for signal in signals where code == 0 { code = er_signals_add(subscription, signal, 0) }
        guard code == 0 else {
            if subscription >= 0 { er_signals_unsubscribe(subscription) }
            throw .system(SystemError(code: code, operation: "sigaction"))
        }
        return subscription
    }

    /// Handles signals, stops and endings until the last reactor has ended.
    ///
    /// - Returns: the first error of a reactor.
    private func waitForEnd(count: Int, subscription: Int32) -> ReactorGroupError? {
        var left = count
        var deadline: ReactorInstant?
        var failure: ReactorGroupError?
        while left > 0 {
            wakeUp.wait()
            if subscription >= 0 && er_signals_take(subscription) != 0 {
                if deadline == nil {
                    stop(by: &deadline, in: settings.configuration.drainTime)
                } else {
                    // Asked twice: the draining is cut short.
                    for member in members { member.queue.post { $0.requestStop() } }
                }
            }
            let news = news.withLock { news in
                defer { news = News() }
                return news
            }
            for time in news.stops { stop(by: &deadline, in: time) }
            for ending in news.endings {
                left -= 1
                failure = failure ?? ending
                // A group with one reactor fewer would serve only a part of its peers.
                if ending != nil || deadline == nil {
                    stop(by: &deadline, in: ending == nil ? settings.configuration.drainTime : .zero)
                }
            }
        }
        return failure
    }

    /// Has every reactor stop by an instant; of several the earliest counts.
    @inline(never)
    private func stop(by deadline: inout ReactorInstant?, in time: Duration) {
        let instant = LoopAlarm.now.advanced(by: max(time, .zero))
        if let deadline, deadline <= instant { return }
        deadline = instant
        for member in members {
            if time <= .zero {
                member.queue.requestStop()
            } else {
                // It may be draining already, by a call of its own.
                member.queue.post { $0.drain(until: instant) }
            }
        }
    }
}
