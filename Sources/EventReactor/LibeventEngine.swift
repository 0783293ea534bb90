import CEventReactorShims
import CLibevent
import EventReactorCore
import EventReactorSockets
import Glibc

/// libevent as the engine of a reactor: waiting, wake-ups, the timer, signals.
final class LibeventEngine: ReactorEngine {
    // Deleted in this order: events before the base that they are in, and before the descriptors that they watch.
    private var wakeEvent: Event?
    private var timerEvent: Event?
    let base: EventBase
    let reserve = ReserveDescriptor()
    private(set) var direct: DirectStreams!
    private unowned(unsafe) var owner: ReactorBase!

    private let wakeDescriptor: Int32
    private let timerDescriptor: Int32
    /// When the timer's descriptor fires; nil where it has fired or was never armed.
    private var armed: ReactorInstant?
    private var signalPlace: Int32 = -1
    private var ignoresBrokenPipes = false

    init() throws(ReactorError) {
        base = try EventBase()
        wakeDescriptor = er_eventfd()
        timerDescriptor = er_timerfd()
        guard wakeDescriptor >= 0, timerDescriptor >= 0 else {
            let error = SystemError(code: errno, operation: wakeDescriptor < 0 ? "eventfd" : "timerfd", address: nil)
            closeDescriptors()
            throw .system(error)
        }
        // Edge-triggered: each wake-up is an edge, so the counters need never be read.
        wakeEvent = unsafe Event(
            base, wakeDescriptor, EV_READ | EV_PERSIST | EV_ET,
            { _, _, context in
                unsafe LibeventEngine.from(context) { $0.woken() }
            }, context: self)
        timerEvent = unsafe Event(
            base, timerDescriptor, EV_READ | EV_PERSIST | EV_ET,
            { _, _, context in
                unsafe LibeventEngine.from(context) { $0.armed = nil }
            }, context: self)
        guard wakeEvent != nil, timerEvent != nil else {
            wakeEvent = nil
            timerEvent = nil
            closeDescriptors()
            throw .system(SystemError(code: ENOMEM, operation: "event_add", address: nil))
        }
        direct = DirectStreams(engine: self)
    }

    deinit {
        endSignals()
        // Settings that a program kept may name the streams for longer; what is in the base has to go before it.
        direct?.outboxes.empty()
        wakeEvent = nil
        timerEvent = nil
        closeDescriptors()
    }

    /// The reactor that this is the engine of, and that owns it.
    var reactor: ReactorBase { unsafe owner }

    func serve(_ reactor: ReactorBase) {
        unsafe owner = reactor
    }

    private static func from(_ context: UnsafeMutableRawPointer?, _ body: (LibeventEngine) -> Void) {
        guard let context = unsafe context else { return }
        unsafe Unmanaged<LibeventEngine>.fromOpaque(context)._withUnsafeGuaranteedRef(body)
    }

    private func closeDescriptors() {
        if wakeDescriptor >= 0 { _ = close(wakeDescriptor) }
        if timerDescriptor >= 0 { _ = close(timerDescriptor) }
    }

    // MARK: Turns

    var now: ReactorInstant { ReactorInstant(nanoseconds: er_monotonic_now()) }

    var streams: any StreamEngine { direct }

    var wake: @Sendable () -> Void {
        { [wakeDescriptor] in er_eventfd_wake(wakeDescriptor) }
    }

    func poll(until instant: ReactorInstant?) {
        guard let instant else { return base.loopOnce(waits: true) }
        guard instant.nanoseconds != .min, instant > now else { return base.loopOnce(waits: false) }
        // A timer that is armed for earlier costs a turn without work; arming it anew would cost a call each time.
        if armed.map({ instant < $0 }) ?? true {
            er_timerfd_arm(timerDescriptor, instant.nanoseconds)
            armed = instant
        }
        base.loopOnce(waits: true)
    }

    private func woken() {
        if signalPlace >= 0 {
            var came = er_signals_take(signalPlace)
            while came != 0 {
                let number = came.trailingZeroBitCount + 1
                came &= came - 1
                reactor.signalled(Int32(number))
            }
        }
        reactor.woken()
    }

    // MARK: Signals

    func beginSignals(_ signals: Set<Int32>) throws(SystemError) {
        // libevent writes without MSG_NOSIGNAL.
        er_sigpipe_ignore_begin()
        ignoresBrokenPipes = true
        guard !signals.isEmpty else { return }
        signalPlace = er_signals_subscribe(wakeDescriptor)
        var code = signalPlace < 0 ? ENOSPC : 0
        for signal in signals where code == 0 { code = er_signals_add(signalPlace, signal) }
        if code != 0 {
            endSignals()
            throw SystemError(code: code, operation: "sigaction", address: nil)
        }
    }

    func endSignals() {
        if signalPlace >= 0 { er_signals_unsubscribe(signalPlace) }
        signalPlace = -1
        if ignoresBrokenPipes { er_sigpipe_ignore_end() }
        ignoresBrokenPipes = false
    }

    // MARK: Listening and connecting

    func listen(
        at address: SocketAddress, backlog: Int, options: ListenOptions, mode: UInt16?, for port: ListeningPort
    ) throws(ListenError) -> any ListenerEngine {
        try LibeventListener(
            ListeningSocket(at: address, backlog: backlog, options: options, mode: mode), port: port, engine: self)
    }

    func resolve(
        host: String, port: UInt16, completion: @escaping (Result<[SocketAddress], ConnectError>) -> Void
    ) {
        if let address = try? SocketAddress(ip: host, port: Int(port)) {
            return reactor.callSoon { completion(.success([address])) }
        }
        reactor.deferToThread(of: .resolving) {
            Result { () throws(ConnectError) in try Resolver.resolveToConnect(host: host, port: port) }
        } then: { result in
            if case .success(let answer) = result { completion(answer) }
        }
    }

    func resolveToListen(host: String, port: UInt16) throws(ListenError) -> [SocketAddress] {
        try Resolver.resolveToListen(host: host, port: port)
    }

    func connect(
        to address: SocketAddress, from local: SocketAddress?, options: StreamOptions,
        completion: @escaping (Result<Int32, ConnectError>) -> Void
    ) -> any ConnectAttempt {
        LibeventConnectAttempt(
            engine: self, to: address, from: local, options: options, completion: completion)
    }

    func discard(descriptor: Int32) {
        _ = close(descriptor)
    }
}
