import CEventReactorShims
import EventReactorCore
import EventReactorPosix
import Glibc

/// epoll as the engine of a reactor: one loop, with nothing between the reactor and the kernel.
@safe
final class NativeEngine: ReactorEngine {
    /// Hold `epoll` and `alarm` until `shut`.
    private(set) var heldEpoll: Epoll?
    private var heldAlarm: LoopAlarm?
    /// Unowned, so that a turn does not have to look whether they are there: no turn is taken after `shut`.
    private let epoll: Unmanaged<Epoll>
    private let alarm: Unmanaged<LoopAlarm>
    private(set) var reserve: ReserveDescriptor? = ReserveDescriptor()
    private let native: NativeStreamEngine
    private var alarmWatchers: [Watcher] = []
    private unowned(unsafe) var owner: ReactorBase!

    init() throws(ReactorError) {
        let epoll = try Epoll()
        let alarm = try LoopAlarm()
        unsafe self.epoll = .passUnretained(epoll)
        unsafe self.alarm = .passUnretained(alarm)
        heldEpoll = epoll
        heldAlarm = alarm
        native = NativeStreamEngine(epoll: epoll)
        do throws(SystemError) {
            alarmWatchers = [
                try Watcher(epoll, alarm.wakeDescriptor, [.input, .edge]) { [unowned self] in
                    unsafe self.alarm._withUnsafeGuaranteedRef { $0.woken(reactor) }
                },
                try Watcher(epoll, alarm.timerDescriptor, [.input, .edge]) { [unowned self] in
                    unsafe self.alarm._withUnsafeGuaranteedRef { $0.timerFired() }
                },
            ]
        } catch {
            throw .system(error)
        }
    }

    deinit {
        shut()
    }

    func shut() {
        // Before the descriptors that they watch.
        alarmWatchers = []
        native.shut()
        heldAlarm = nil
        heldEpoll = nil
        reserve = nil
    }

    /// The reactor that this is the engine of, and that owns it.
    var reactor: ReactorBase { unsafe owner }

    func serve(_ reactor: ReactorBase) {
        unsafe owner = reactor
        receiveBufferChanged()
    }

    func receiveBufferChanged() {
        unsafe native.receiveBuffer = reactor.receiveBuffer
    }

    // MARK: Turns

    var now: ReactorInstant { LoopAlarm.now }

    func streams(for buffering: Buffering) -> any StreamEngine { native }

    var wake: @Sendable () -> Void { unsafe alarm._withUnsafeGuaranteedRef { $0.wake } }

    func poll(until instant: ReactorInstant?) {
        let waits = unsafe alarm._withUnsafeGuaranteedRef { $0.isSet(for: instant) }
        unsafe epoll._withUnsafeGuaranteedRef { $0.handleEvents(waits: waits, streams: native, of: reactor) }
    }

    func beginSignals(_ signals: [Int32], deadly: [Int32]) throws(SystemError) {
        try heldAlarm?.beginSignals(signals, deadly: deadly)
    }

    func endSignals() {
        heldAlarm?.endSignals()
    }

    // MARK: Listening and connecting

    func listen(
        at address: SocketAddress,
        backlog: Int,
        options: ListenOptions,
        mode: UInt16?,
        for port: ListeningPort
    ) throws(ListenError) -> any ListenerEngine {
        try NativeListener(
            ListeningSocket(at: address, backlog: backlog, options: options, mode: mode),
            port: port,
            engine: self
        )
    }

    func adoptListener(
        _ descriptor: Int32, options: ListenOptions, for port: ListeningPort
    ) throws(AdoptError) -> any ListenerEngine {
        let socket = try ListeningSocket(adopting: descriptor, options: options)
        do throws(ListenError) {
            return try NativeListener(socket, port: port, engine: self)
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
        host: String,
        port: UInt16,
        completion: @escaping (Result<[SocketAddress], ConnectError>) -> Void
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
        to address: SocketAddress,
        from local: SocketAddress?,
        options: StreamOptions,
        completion: @escaping (Result<Int32, ConnectError>) -> Void
    ) -> any ConnectAttempt {
        SocketConnectAttempt(
            reactor: reactor,
            to: address,
            from: local,
            options: options,
            watch: { [unowned self] descriptor, isWritable throws(SystemError) in
                guard let heldEpoll else { throw SystemError(code: EBADF, operation: "epoll_ctl", address: address) }
                return try Watcher(heldEpoll, descriptor, .output, isWritable)
            },
            completion: completion
        )
    }

    func discard(descriptor: Int32) {
        _ = close(descriptor)
    }

    func releaseMemory() {
        er_release_memory()
    }

    func refuse(descriptor: Int32) {
        StreamSocket.close(descriptor, reset: true)
    }
}
