import CEventReactorShims
import EventReactorCore
import EventReactorPosix
import Glibc
import Synchronization

/// One run of a group, from its start to the end of its last thread.
final class GroupRun: Sendable {
    /// What the supervisor has to see to.
    private struct News: Sendable {
        var stops: [Duration] = []
        var endings: [ReactorGroupError?] = []
    }

    let settings: ReactorGroup.Settings
    let listeners: GroupListeners
    /// Completed when every reactor is set up, or one could not be.
    let started = Outcome<ReactorGroupError?>()
    /// Completed when the last thread has ended.
    let ended = Outcome<ReactorGroupError?>()

    private let wakeUp: WakeDescriptor
    private let table: Int32
    private let news = Locked(News())
    private let handles = Locked<[GroupMember.Handle]>([])
    /// The threads that the run needs: they cannot wait for its end.
    private let threads = Locked<[pthread_t]>([])
    /// Kept until the threads have ended: they are to be closed where they were made.
    private let memberWakeUps = Locked<[WakeDescriptor]>([])

    private static let lastTable = Atomic<Int32>(0)

    init(_ settings: ReactorGroup.Settings) throws(ReactorGroupError) {
        self.settings = settings
        let configuration = settings.configuration
        listeners = GroupListeners(
            accepting: configuration.accepting, hasOwnTables: configuration.privateDescriptorTables)
        table =
            configuration.privateDescriptorTables
            ? GroupRun.lastTable.wrappingAdd(1, ordering: .relaxed).newValue : 0
        let table = table
        wakeUp = try ReactorGroupError.ofSystem { () throws(SystemError) in try WakeDescriptor(copiedTo: table) }
    }

    /// The reactors, while they run.
    var members: [GroupMember.Handle] { handles.withLock { $0 } }

    /// Whether everything of it has gone.
    var isOver: Bool { ended.current != nil }

    /// Whether this thread is one that has to end, or to go on, before the run can be over.
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

    /// Starts the threads, sees the run through, and ends them.
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
        let error = seeThrough(count: threads.count, signalPlace: signals)
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

    /// One after another, so that set-ups need no care for one another, and a failure leaves the rest undone.
    private func setUp(_ threads: inout [GroupThread], _ go: Outcome<Bool>) throws(ReactorGroupError) {
        let configuration = settings.configuration
        if table != 0 || configuration.pinning != .none {
            // Started by a reactor's thread they would share its table and its processor.
            guard ThreadPool.startAllThreadsOfAll() else {
                throw .system(SystemError(code: EAGAIN, operation: "pthread_create"))
            }
        }
        if table != 0 {
            // Which table it has the thread looks up once: now, while there is one.
            let isKnown = Outcome<Bool>()
            ThreadPool.waking.submit { isKnown.complete(er_thread_table() == 0) }
            _ = isKnown.wait()
        }
        // Made before the first table is copied, they have the same numbers in all of them.
        let wakeUps = try ReactorGroupError.ofSystem { () throws(SystemError) in try makeWakeUps() }
        memberWakeUps.withLock { $0 = wakeUps }
        let processors = self.processors
        for place in 0..<settings.count {
            let member = GroupMember(
                place: place, settings: settings, listeners: listeners,
                processor: processors.isEmpty ? nil : processors[place % processors.count], table: table,
                wakeUp: wakeUps.isEmpty ? nil : wakeUps[place])
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
        let place = er_signals_subscribe(wakeUp.number)
        var code = place < 0 ? ENOMEM : 0
        for signal in signals where code == 0 { code = er_signals_add(place, signal, 0) }
        guard code == 0 else {
            if place >= 0 { er_signals_unsubscribe(place) }
            throw .system(SystemError(code: code, operation: "sigaction"))
        }
        return place
    }

    /// Waits for signals, stops and endings until the last reactor has ended.
    ///
    /// - Returns: the first error of a reactor.
    private func seeThrough(count: Int, signalPlace: Int32) -> ReactorGroupError? {
        var left = count
        var deadline: ReactorInstant?
        var failure: ReactorGroupError?
        while left > 0 {
            wakeUp.wait()
            if signalPlace >= 0 && er_signals_take(signalPlace) != 0 {
                if deadline == nil {
                    stop(by: &deadline, in: settings.configuration.drainTime)
                } else {
                    // Asked twice: whoever asks does not want to wait.
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
                // A group with a reactor less would serve a part of its callers.
                if ending != nil || deadline == nil {
                    stop(by: &deadline, in: ending == nil ? settings.configuration.drainTime : .zero)
                }
            }
        }
        return failure
    }

    /// Has every reactor stop by an instant; of several the earliest counts.
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
