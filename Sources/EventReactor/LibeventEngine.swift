import CEventReactorShims
import CLibevent
import EventReactorCore
import EventReactorPosix

/// The engine on libevent: an `event_base` waits, and accepts by `evconnlistener`.
@safe
final class LibeventEngine: KernelEngine {
    let loop: KernelLoop
    /// Replaced by `shut` alone, when no event is handled.
    @exclusivity(unchecked) private(set) var base: EventBase
    private(set) var direct: DirectStreamEngine!
    /// The reactor's part in a group, if it is in one.
    let membership: GroupMembership?
    /// Receives libevent's messages while the reactor runs.
    private var runLog: LibeventLog?

    init(membership: GroupMembership? = nil) throws(ReactorError) {
        self.membership = membership
        loop = try KernelLoop(wakeUp: membership?.wakeUp)
        unsafe base = try EventBase()
        direct = DirectStreamEngine(engine: self)
    }

    deinit {
        shut()
    }

    func shut() {
        // A connection that a program retained may keep the streams: events are deleted before their base.
        direct?.shut()
        loop.shut()
        unsafe base.finish()
        unsafe base.free()
    }

    var reactor: ReactorBase { unsafe loop.reactor }

    func streams(for buffering: Buffering) -> any StreamEngine {
        buffering.isBufferevent ? BuffereventStreamEngine(engine: self, rateLimit: buffering.rateLimit) : direct
    }

    func poll(until instant: ReactorInstant?) {
        unsafe base.loopOnce(waits: loop.armTimer(for: instant))
    }

    func watch(
        _ descriptor: Int32, toWrite: Bool, _ action: @escaping () -> Void
    ) throws(SystemError) -> AnyObject {
        try LibeventLog.during(reactor) { () throws(SystemError) in
            try unsafe DescriptorEvent(base, descriptor, toWrite: toWrite) { [unowned self] in
                reactor.beginWork()
                action()
            }
        }
    }

    func makeListener(
        _ socket: consuming ListeningSocket, for port: ListeningPort
    ) throws(ListenError) -> any ListenerEngine {
        try LibeventListener(socket, port: port, engine: self)
    }

    func listen(
        from source: ListenerSource, options: ListenOptions, for port: ListeningPort
    ) throws(ListenError) -> any ListenerEngine {
        if let listen = membership?.listen { return try listen(source, options, port, self) }
        return try makeListener(ListeningSocket(from: source, options: options), for: port)
    }

    func beginSignals(_ signals: [Int32], deadly: [Int32]) throws(SystemError) {
        // The group handles its stop signals; each loop only shows that it is not stuck.
        let foreign = try membership?.signalsOfRun().filter { !signals.contains($0) } ?? []
        try loop.alarm.beginSignals(signals, deadly: deadly, foreign: foreign)
        runLog = .ofRun(reactor)
    }

    func endSignals() {
        runLog?.end()
        runLog = nil
        loop.alarm.endSignals()
    }

    func releaseMemory() {
        direct.shut()
        er_release_memory()
    }
}
