/// The timeouts of one connection: when it was active last, and what of its ``TimeoutPolicy`` is over by that.
///
/// It is looked at before any of its timeouts can be over, and computes then when the next can be. So activity is one
/// store, and what makes that time later needs no note at all. Nor do pauses and waits that begin a time which cannot be
/// over before the next look.
final class ConnectionTimeouts: ArmedTimeout {
    /// Rarely used state, allocated on first use: for rates, after a pause of reading, and when the connection ends.
    private final class Details {
        /// The extras of the connection, which has its timeouts in their place.
        var extras: StreamConnection.Extras?
        /// When reading was resumed last.
        var resumed = Int64.min
        var reading = TransferPeriod()
        var writing = TransferPeriod()
    }

    // Each access is one load or store, so that no two can overlap; the check would cost as much as the rest.
    // The flags first: the superclass leaves room for them.
    private var uncheckedHasReceived = false
    /// It is being looked at, and is inserted afterwards.
    private var isLooking = false
    private var uncheckedLastSend: Int64
    let policy: TimeoutPolicy
    /// Unowned: the connection owns its timeouts until the loss, and ends them then.
    private unowned(unsafe) let connection: StreamConnection
    private var uncheckedDetails: Details?

    var extras: StreamConnection.Extras? {
        get { details?.extras }
        set {
            if newValue != nil || details != nil { makeDetails().extras = newValue }
        }
    }

    /// When the kernel took bytes last, or was offered some; `lastActivity` is when bytes were received last.
    private var lastSend: Int64 {
        get { uncheckedLastSend }
        set { uncheckedLastSend = newValue }
    }

    private var details: Details? {
        get { uncheckedDetails }
        set { uncheckedDetails = newValue }
    }

    init(_ policy: TimeoutPolicy, for connection: StreamConnection) {
        self.policy = policy
        unsafe self.connection = connection
        let now = policy.queue.clock.exactTime
        uncheckedLastSend = now
        super.init(lastActivity: now, clock: policy.queue.clock)
        if let rate = policy.readRate { makeDetails().reading = TransferPeriod(rate, isPaused: !isReading, now: now) }
        if let rate = policy.writeRate { makeDetails().writing = TransferPeriod(rate, isPaused: !isWaiting, now: now) }
    }

    private func makeDetails() -> Details {
        if let details { return details }
        let made = Details()
        details = made
        return made
    }

    /// Whether silence is the peer's: not while its own side or a limit pauses reading.
    private var isReading: Bool {
        let state = unsafe connection.state
        guard state.isDisjoint(with: [.readEnded, .closing, .readStarved]) else { return false }
        return !state.contains(.readPaused) || state.contains(.splices)
    }

    /// Whether bytes wait for the peer to take some.
    private var isWaiting: Bool { unsafe connection.isWaitingForPeer }

    func begin() {
        let now = policy.queue.clock.exactTime
        let next = nearest(at: now).time
        if next < .max { policy.queue.insert(self, due: next, now: now) }
    }

    func end() {
        policy.queue.remove(self)
    }

    /// The rest of a period may be over before the next look.
    private func beginAgain() {
        guard !isLooking else { return }
        end()
        begin()
    }

    // MARK: Activity

    func received(_ count: Int) {
        lastActivity = turnTime
        uncheckedHasReceived = true
        if uncheckedDetails != nil { details?.reading.count += count }
    }

    /// The kernel is offered bytes, and none wait.
    func offered() {
        lastSend = turnTime
    }

    /// The kernel took some of the bytes that waited.
    func taken(_ count: Int) {
        lastSend = turnTime
        details?.writing.count += count
    }

    /// Bytes begin to wait.
    func beganWaiting() {
        guard policy.writeRate != nil, let details else { return }
        details.writing.resume(at: turnTime)
        beginAgain()
    }

    /// The kernel has taken all that waited.
    func endedWaiting() {
        details?.writing.pause(at: turnTime)
    }

    func readingPaused() {
        details?.reading.pause(at: turnTime)
    }

    func readingResumed() {
        guard policy.concernsReading else { return }
        let details = makeDetails()
        details.resumed = turnTime
        guard policy.readRate != nil else { return }
        details.reading.resume(at: turnTime)
        beginAgain()
    }

    // MARK: Looks

    /// The timeout that would be over first without activity, and when.
    private func nearest(at now: Int64) -> (time: Int64, timeout: StreamTimeout) {
        var nearest = (time: Int64.max, timeout: StreamTimeout.idle)
        func consider(_ timeout: StreamTimeout, _ length: Int64, since start: Int64) {
            guard length != TimeoutPolicy.never else { return }
            let time = start.saturatingAdding(length)
            if time < nearest.time { nearest = (time, timeout) }
        }
        let clock = policy.queue.clock
        let (received, sent) = (clock.corrected(lastActivity), clock.corrected(lastSend))
        let state = unsafe connection.state
        // A connection that closes and has sent all waits for the peer's acknowledgement, which is not seen.
        if !state.contains(.closing) || isWaiting { consider(.idle, policy.idle, since: max(received, sent)) }
        // A time that is to begin yet cannot be over sooner than if it began now.
        consider(.write, policy.write, since: isWaiting ? sent : now)
        if state.isDisjoint(with: [.readEnded, .closing]) {
            let since = isReading ? max(received, clock.corrected(details?.resumed ?? .min)) : now
            consider(.read, policy.read, since: since)
            if !uncheckedHasReceived { consider(.firstByte, policy.firstByte, since: since) }
            if let end = details?.reading.end { consider(.minimumReadRate, 0, since: end) }
        }
        if let end = details?.writing.end { consider(.minimumWriteRate, 0, since: end) }
        return nearest
    }

    override func nextLook(at now: Int64) -> Int64 {
        // What was written and is not offered yet is activity.
        isLooking = true
        unsafe connection.flush()
        isLooking = false
        if let rate = policy.readRate { details?.reading.advance(by: rate, now: now) }
        if let rate = policy.writeRate { details?.writing.advance(by: rate, now: now) }
        return nearest(at: now).time
    }

    override func expire() {
        let timeout = nearest(at: policy.queue.clock.time).timeout
        unsafe connection.expire(timeout)
    }
}
