extension SimulatedSocket {
    /// Takes bytes of the program, as many as there is room for; returns as the contract's engines do.
    func write(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard failure == 0 else { return -Int(failure) }
        let count = min(bytes.count, sendCapacity - outgoing.count)
        guard count > 0 else { return 0 }
        if !isWaiting { beginWaiting() }
        unsafe outgoing.append(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
        holdForMore()
        send()
        return count
    }

    private func holdForMore() {
        guard !isHolding else { return }
        let time = network.faults.draw(.merging) { $0.oneIn(2) ? $0.magnitude(in: 1000...20_000_000) : nil }
        guard let time else { return }
        isHolding = true
        network.schedule(.release(id), after: Int64(time))
    }

    /// Ends the side behind what was written.
    func endWriting() {
        guard end == nil, failure == 0 else { return }
        if !isWaiting { beginWaiting() }
        end = endOfBytes
        isHolding = false
        send()
    }

    func beginWaiting() {
        waitingSince = network.now
        backoff = 0
    }

    /// Sends what the peer has room for.
    func send() {
        guard stage == .open, failure == 0, !isHolding else { return }
        let last = endOfBytes
        while next < last {
            let room = Int(min(last, window) - next)
            guard room > 0 else { break }
            let count = network.splitSize(of: room, sentBefore: sentCount)
            network.record(.sends, self, count)
            transmit([], sequence: next, count: count)
            next += Int64(count)
            sentCount += Int64(count)
        }
        if let end, next == end {
            network.record(.ends, self)
            transmit(.end, sequence: next)
            next += 1
        }
        // Once set, only an acknowledgement puts it off: a socket that hears from its peer often would never send again.
        if isWaiting && !hasRetryEvent { armRetry() }
    }

    /// Sends one packet, with what this side has received up to now.
    ///
    /// - Returns: false if it is lost at once.
    @discardableResult
    func transmit(_ flags: Packet.Flags, sequence: Int64 = 0, count: Int = 0) -> Bool {
        toldWindow = expected + Int64(receiveCapacity - inbox.count)
        return network.transmit(
            Packet(
                from: id, to: peer, flags: flags, sequence: sequence, count: count, acknowledged: expected,
                window: toldWindow),
            from: self)
    }

    // MARK: Sending again

    /// Sets the time at which what is not acknowledged is sent again: later than any acknowledgement could come.
    func armRetry() {
        let wait = Int64(200_000_000) << Int64(min(backoff, 9))
        let answer = lastAnswer(to: max(lastArrival, network.now))
        retryTime = min(
            answer.saturatingAdding(wait),
            max(network.now + 1, max(heard, waitingSince) + network.retransmissionTimeout))
        guard !hasRetryEvent else { return }
        hasRetryEvent = true
        network.schedule(.retransmission(id), at: retryTime)
    }

    /// When the answer to what arrives at a time is here at the latest.
    private func lastAnswer(to arrival: Int64) -> Int64 {
        arrival.saturatingAdding(back.latency).saturatingAdding(back.jitter)
    }

    func retryDue() {
        hasRetryEvent = false
        guard isWaiting else { return }
        // Asked first: if a way takes longer than that, what is on its way is waited for no more either.
        if network.now - max(heard, waitingSince) >= network.retransmissionTimeout {
            return giveUp()
        }
        // What was sent since is on its way, and may still be acknowledged.
        if stage == .open && lastAnswer(to: lastArrival) > network.now { return armRetry() }
        backoff += 1
        // No program waits for its bytes to go, and a peer that never reads them would keep it for ever.
        if isOrphan && backoff > 8 { return abort() }
        if stage == .opening {
            network.answerConnect(of: self)
            return armRetry()
        }
        // A window without room is asked for by a probe, since the word that there is room may have been lost.
        if next > unacknowledged {
            network.record(.resends, self)
            next = unacknowledged
            send()
        }
        if next == unacknowledged { transmit(.probe, sequence: next) }
        armRetry()
    }

    /// Nothing was heard of the peer for too long.
    func giveUp() {
        network.record(.timesOut, self)
        fail(Code.timedOut)
    }

    // MARK: Asking whether the peer is there

    func armKeepAlive() {
        guard let keepAlive, !hasKeepAliveEvent else { return }
        hasKeepAliveEvent = true
        network.schedule(.keepAlive(id), at: heard + Int64(keepAlive.idle.wholeSeconds) * 1_000_000_000)
    }

    func keepAliveDue() {
        hasKeepAliveEvent = false
        guard let keepAlive, failure == 0, stage == .open, connection != nil else { return }
        let idle = Int64(keepAlive.idle.wholeSeconds) * 1_000_000_000
        let interval = Int64(keepAlive.interval.wholeSeconds) * 1_000_000_000
        if network.now - heard < idle {
            probesSent = 0
            return armKeepAlive()
        }
        if probesSent >= max(1, keepAlive.count) { return giveUp() }
        probesSent += 1
        transmit(.probe, sequence: next)
        hasKeepAliveEvent = true
        network.schedule(.keepAlive(id), after: interval)
    }
}
