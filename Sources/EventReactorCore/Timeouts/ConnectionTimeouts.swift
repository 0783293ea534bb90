/// What a connection with timeouts keeps: when it was active last.
///
/// Its entry in the wheels is looked at before any of its timeouts can be over, and says then how things stand. So
/// activity is noted by one store, and what changes the picture for the better needs no note at all. Pauses and waits
/// are not noted where they begin a time that cannot be over before the next look.
final class ConnectionTimeouts: ArmedTimeout {
    /// What only rates, connections whose reading was paused, and those that end need.
    private final class Clocks {
        /// What the connection would keep in place of the watch.
        var extras: StreamConnection.Extras?
        /// When reading was resumed last.
        var resumed = Int64.min
        var reading = Period()
        var writing = Period()
    }

    /// A stretch of time in which so many bytes have to pass, and that stands still while it is nobody's fault.
    private struct Period {
        /// When it ends; nil while it stands still.
        private(set) var end: Int64?
        /// What is left of it while it stands still.
        private var rest: Int64 = 0
        var count = 0

        init() {}

        init(_ rate: TimeoutPolicy.Rate, runs: Bool, now: Int64) {
            rest = rate.first
            if runs { go(on: now) }
        }

        mutating func go(on now: Int64) {
            if end == nil { end = now.saturatingAdding(rest) }
        }

        mutating func standStill(at now: Int64) {
            guard let end else { return }
            rest = max(0, end - now)
            self.end = nil
        }

        /// Begins the next period where this one is over and brought enough.
        mutating func judge(by rate: TimeoutPolicy.Rate, now: Int64) {
            guard let end, end <= now, count >= rate.bytes else { return }
            count = 0
            let next = end.saturatingAdding(rate.period)
            self.end = next > now ? next : now.saturatingAdding(rate.period)
        }
    }

    // Each access is one load or store, so that no two can overlap; the check would cost as much as the rest.
    // The flags first, where the superclass leaves room for them.
    @exclusivity(unchecked) private var uncheckedHasHeard = false
    /// It is being looked at, and will be put where it belongs.
    private var isLooking = false
    @exclusivity(unchecked) private var uncheckedSent: Int64
    let limits: TimeoutPolicy
    /// The connection, which holds the watch until the loss.
    private unowned(unsafe) let connection: StreamConnection
    @exclusivity(unchecked) private var uncheckedClocks: Clocks?

    var extras: StreamConnection.Extras? {
        get { clocks?.extras }
        set {
            if newValue != nil || clocks != nil { makeClocks().extras = newValue }
        }
    }

    /// When the kernel took bytes last, or was offered some.
    private var sent: Int64 {
        get { unsafe uncheckedSent }
        set { unsafe uncheckedSent = newValue }
    }

    private var clocks: Clocks? {
        get { unsafe uncheckedClocks }
        set { unsafe uncheckedClocks = newValue }
    }

    init(_ limits: TimeoutPolicy, for connection: StreamConnection) {
        self.limits = limits
        unsafe self.connection = connection
        let now = limits.board.clock.exactTime
        unsafe uncheckedSent = now
        super.init(touched: now, clock: limits.board.clock)
        guard limits.readRate != nil || limits.writeRate != nil else { return }
        let clocks = makeClocks()
        if let rate = limits.readRate { clocks.reading = Period(rate, runs: reads, now: now) }
        if let rate = limits.writeRate { clocks.writing = Period(rate, runs: isWaiting, now: now) }
    }

    private func makeClocks() -> Clocks {
        if let clocks { return clocks }
        let made = Clocks()
        clocks = made
        return made
    }

    /// Whether it is the peer that nothing arrives from: not while its own side or a limit holds reading back.
    private var reads: Bool {
        let state = unsafe connection.state
        guard state.isDisjoint(with: [.readEnded, .closing, .readStarved]) else { return false }
        return !state.contains(.readPaused) || state.contains(.splices)
    }

    /// Whether it is the peer that bytes wait for.
    private var isWaiting: Bool { unsafe connection.state.contains(.wantsRoom) }

    func begin() {
        let now = limits.board.clock.exactTime
        let next = nearest(at: now).time
        if next < .max { limits.board.insert(self, due: next, now: now) }
    }

    func end() {
        limits.board.remove(self)
    }

    // MARK: What happens

    func received(_ count: Int) {
        touched = turnTime
        unsafe uncheckedHasHeard = true
        if unsafe uncheckedClocks != nil { clocks?.reading.count += count }
    }

    /// The kernel is offered bytes behind which none wait.
    func offered() {
        sent = turnTime
    }

    /// The kernel took some of the bytes that waited.
    func taken(_ count: Int) {
        sent = turnTime
        clocks?.writing.count += count
    }

    /// Bytes begin to wait.
    func beganWaiting() {
        guard limits.writeRate != nil, let clocks else { return }
        clocks.writing.go(on: limits.board.clock.time)
        lookAnew()
    }

    /// The kernel has taken all that waited.
    func endedWaiting() {
        clocks?.writing.standStill(at: limits.board.clock.time)
    }

    func readingPaused() {
        clocks?.reading.standStill(at: limits.board.clock.time)
    }

    func readingResumed() {
        guard limits.concernsReading else { return }
        let now = limits.board.clock.time
        let clocks = makeClocks()
        clocks.resumed = now
        guard limits.readRate != nil else { return }
        clocks.reading.go(on: now)
        lookAnew()
    }

    /// What was left of a period may be over before the next look.
    private func lookAnew() {
        guard !isLooking else { return }
        end()
        begin()
    }

    // MARK: How things stand

    /// What would be over first, unless something happens before.
    private func nearest(at now: Int64) -> (time: Int64, timeout: StreamTimeout) {
        var nearest = (time: Int64.max, timeout: StreamTimeout.idle)
        func consider(_ timeout: StreamTimeout, _ length: Int64, since start: Int64) {
            guard length != TimeoutPolicy.never else { return }
            let time = start.saturatingAdding(length)
            if time < nearest.time { nearest = (time, timeout) }
        }
        let clock = limits.board.clock
        let (heard, sent) = (clock.corrected(touched), clock.corrected(self.sent))
        let state = unsafe connection.state
        // What a connection that closes waits for when all is sent is the peer's acknowledgement, which is not seen.
        if !state.contains(.closing) || isWaiting { consider(.idle, limits.idle, since: max(heard, sent)) }
        // Nothing that is to begin yet can be over sooner than if it began now.
        consider(.write, limits.write, since: isWaiting ? sent : now)
        if state.isDisjoint(with: [.readEnded, .closing]) {
            let since = reads ? max(heard, clock.corrected(clocks?.resumed ?? .min)) : now
            consider(.read, limits.read, since: since)
            if unsafe !uncheckedHasHeard { consider(.firstByte, limits.firstByte, since: since) }
            if let end = clocks?.reading.end { consider(.minimumReadRate, 0, since: end) }
        }
        if let end = clocks?.writing.end { consider(.minimumWriteRate, 0, since: end) }
        return nearest
    }

    override func nextLook(at now: Int64) -> Int64 {
        // What was written and is not offered yet is no silence.
        isLooking = true
        unsafe connection.flush()
        isLooking = false
        judgeRates(at: now)
        return nearest(at: now).time
    }

    private func judgeRates(at now: Int64) {
        guard let clocks else { return }
        if let rate = limits.readRate { clocks.reading.judge(by: rate, now: now) }
        if let rate = limits.writeRate { clocks.writing.judge(by: rate, now: now) }
    }

    override func expire() {
        let timeout = nearest(at: limits.board.clock.time).timeout
        unsafe connection.expire(timeout)
    }
}
