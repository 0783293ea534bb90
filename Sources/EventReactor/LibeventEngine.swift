import CEventReactorShims
import CLibevent
import EventReactorCore
import EventReactorPosix
import Glibc

/// libevent as the engine of a reactor: waiting, wake-ups, the timer, signals.
@safe
final class LibeventEngine: ReactorEngine {
    // Deleted in this order: events before the base that they are in, and before the descriptors that they watch.
    private var wakeEvent: Event?
    private var timerEvent: Event?
    /// Changed by `shut` alone, when no event is handled.
    @exclusivity(unchecked) private(set) var base: EventBase
    /// Holds `alarm` until `shut`.
    private var heldAlarm: LoopAlarm?
    /// Unowned, so that a turn does not have to look whether it is there: no turn is taken after `shut`.
    private let alarm: Unmanaged<LoopAlarm>
    private(set) var reserve: ReserveDescriptor? = ReserveDescriptor()
    private(set) var direct: DirectStreamEngine!
    /// Its place in a group, where it has one.
    let membership: GroupMembership?
    /// Takes libevent's messages while the reactor runs.
    private var runLog: LibeventLog?
    private unowned(unsafe) var owner: ReactorBase!

    init(membership: GroupMembership? = nil) throws(ReactorError) {
        self.membership = membership
        unsafe base = try EventBase()
        let alarm = try LoopAlarm(wakeUp: membership?.wakeUp)
        unsafe self.alarm = .passUnretained(alarm)
        heldAlarm = alarm
        do throws(SystemError) {
            wakeEvent = try unsafe Event(
                base, alarm.wakeDescriptor, EV_READ | EV_PERSIST | EV_ET,
                { _, _, context in
                    unsafe LibeventEngine.from(context) { engine in
                        unsafe engine.alarm._withUnsafeGuaranteedRef { $0.woken(engine.reactor) }
                    }
                }, context: self)
            timerEvent = try unsafe Event(
                base, alarm.timerDescriptor, EV_READ | EV_PERSIST | EV_ET,
                { _, _, context in
                    unsafe LibeventEngine.from(context) { engine in
                        unsafe engine.alarm._withUnsafeGuaranteedRef { $0.timerFired() }
                    }
                }, context: self)
        } catch {
            wakeEvent = nil
            timerEvent = nil
            throw .system(error)
        }
        direct = DirectStreamEngine(engine: self)
    }

    deinit {
        shut()
    }

    func shut() {
        // What a program kept of a connection may name the streams for longer: what is in the base goes before it.
        direct?.shut()
        wakeEvent = nil
        timerEvent = nil
        unsafe base.finish()
        unsafe base.free()
        heldAlarm = nil
        reserve = nil
    }

    /// The reactor that this is the engine of, and that owns it.
    var reactor: ReactorBase { unsafe owner }

    func serve(_ reactor: ReactorBase) {
        unsafe owner = reactor
    }

    private static func from(_ context: UnsafeMutableRawPointer?, _ body: (LibeventEngine) -> Void) {
        guard let context = unsafe context else { return }
        unsafe Unmanaged<LibeventEngine>.fromOpaque(context)._withUnsafeGuaranteedRef { engine in
            engine.reactor.beginWork()
            body(engine)
        }
    }

    // MARK: Turns

    var now: ReactorInstant { LoopAlarm.now }

    func streams(for buffering: Buffering) -> any StreamEngine {
        buffering.isBufferevent ? BuffereventStreamEngine(engine: self, rateLimit: buffering.rateLimit) : direct
    }

    var wake: @Sendable () -> Void { unsafe alarm._withUnsafeGuaranteedRef { $0.wake } }

    func poll(until instant: ReactorInstant?) {
        unsafe base.loopOnce(waits: alarm._withUnsafeGuaranteedRef { $0.isSet(for: instant) })
    }

    func beginSignals(_ signals: [Int32], deadly: [Int32]) throws(SystemError) {
        if let membership, membership.isSettingUp {
            // It would keep the group from starting for ever, and nobody would know why.
            throw SystemError(code: EBUSY, operation: "run() in a group's set-up, where the group runs the reactor")
        }
        // The group is given its stop signals; each loop says that it is not stuck.
        let groups = membership?.stopSignals.filter { !signals.contains($0) } ?? []
        try heldAlarm?.beginSignals(signals, deadly: deadly, onlyTaken: groups)
        runLog = .ofRun(reactor)
    }

    func endSignals() {
        runLog?.end()
        runLog = nil
        heldAlarm?.endSignals()
    }

    // MARK: Listening and connecting

    func listen(
        at address: SocketAddress, backlog: Int, options: ListenOptions, mode: UInt16?, for port: ListeningPort
    ) throws(ListenError) -> any ListenerEngine {
        if let membership {
            return try GroupListener(
                at: address, backlog: backlog, options: options, mode: mode, port: port, engine: self,
                membership: membership)
        }
        return try LibeventListener(
            ListeningSocket(at: address, backlog: backlog, options: options, mode: mode), port: port, engine: self)
    }

    func adoptListener(
        _ descriptor: Int32, options: ListenOptions, for port: ListeningPort
    ) throws(AdoptError) -> any ListenerEngine {
        let socket = try ListeningSocket(adopting: descriptor, options: options)
        do throws(ListenError) {
            return try LibeventListener(socket, port: port, engine: self)
        } catch {
            throw AdoptError(error)
        }
    }

    func adoptConnection(
        _ descriptor: Int32, options: StreamOptions
    ) throws(AdoptError) -> (descriptor: Int32, peer: SocketAddress) {
        try AdoptedSocket.connection(descriptor, options: options)
    }

    func identity(of descriptor: Int32) -> SocketIdentity? { AdoptedSocket.identity(of: descriptor) }

    func endAdopted(descriptor: Int32) {
        StreamSocket.close(descriptor, reset: false, endsForAll: true)
    }

    func resolve(
        host: String, port: UInt16, completion: @escaping (Result<[SocketAddress], ConnectError>) -> Void
    ) -> PendingResult? {
        Resolver.resolve(host: host, port: port, for: reactor, completion: completion)
    }

    func resolveToListen(
        host: String, port: UInt16, completion: @escaping (Result<[SocketAddress], ListenError>) -> Void
    ) -> PendingResult? {
        Resolver.resolveToListen(host: host, port: port, for: reactor, completion: completion)
    }

    func resolveToListen(host: String, port: UInt16) throws(ListenError) -> [SocketAddress] {
        try Resolver.resolveToListen(host: host, port: port)
    }

    func connect(
        to address: SocketAddress, from local: SocketAddress?, options: StreamOptions,
        completion: @escaping (Result<Int32, ConnectError>) -> Void
    ) -> any ConnectAttempt {
        SocketConnectAttempt(
            reactor: reactor, to: address, from: local, options: options,
            watch: { [unowned self] descriptor, isWritable throws(SystemError) in
                try LibeventLog.during(reactor) { () throws(SystemError) in
                    try unsafe WritableEvent(base, descriptor) { [unowned self] in
                        reactor.beginWork()
                        isWritable()
                    }
                }
            }, completion: completion)
    }

    func discard(descriptor: Int32) {
        _ = close(descriptor)
    }

    func releaseMemory() {
        direct.shut()
        er_release_memory()
    }

    func refuse(descriptor: Int32) {
        StreamSocket.close(descriptor, reset: true)
    }
}
