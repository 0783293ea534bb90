import EventReactor
import Testing

// Every public member of the objects that a reactor returns, called with each kind of argument: on an object whose
// reactor or connection has gone all of it has to be harmless.

extension Transport {
    /// Calls every member, as of a lost connection.
    func touchEverything(group: RateLimitGroup? = nil) {
        write([1, 2, 3])
        write([1, 2, 3].span)
        write("text")
        write(contentsOf: [[UInt8](repeating: 1, count: 100_000), [2], []])
        #expect(throws: FileError.self) { try sendFile(path: "/bin/sh") }
        #expect(throws: RelayError.self) { _ = try relay(to: self) }
        loseConnection()
        loseConnection(within: .zero)
        abortConnection()
        loseWriteConnection()
        pauseReading()
        resumeReading()
        #expect(isClosing)
        #expect(bufferedByteCount == 0)
        setWriteBufferLimits(high: 100, low: 10)
        writeBufferLimit = 1000
        _ = writeBufferLimit
        writeBufferLimit = nil
        #expect(!setRateLimit(RateLimit(readRate: 1000, writeRate: 1000)))
        #expect(!setRateLimit(nil))
        #expect(!setRateLimitGroup(group))
        #expect(!setRateLimitGroup(nil))
        setTimeouts(StreamTimeouts(idle: .seconds(1)))
        setTimeouts(.none)
        _ = expiredTimeout
        _ = localAddress
        _ = peerAddress
        #expect(!setNoDelay(true))
        #expect(!setKeepAlive(idle: .seconds(1), interval: .seconds(1), count: 1))
    }
}

extension ListeningPort {
    /// Calls every member, as of a port that listens no more.
    func touchEverything(group: RateLimitGroup? = nil) {
        _ = localAddresses
        _ = localAddress
        onAcceptFailure = { _ in Issue.record("a port that has gone accepts nothing") }
        #expect(onAcceptFailure == nil)
        onExcess = { _ in nil }
        #expect(onExcess == nil)
        rateLimitGroup = group
        _ = rateLimitGroup
        rateLimitGroup = nil
        _ = (limits, counters)
        #expect(connectionCount == 0 && excessConnectionCount == 0)
        pauseAccepting()
        resumeAccepting()
        #expect(!isAccepting && !isListening)
        stopListening()
    }
}

extension Connector {
    func touchEverything() {
        #expect(!isConnecting)
        cancel()
    }
}

extension StreamRelay {
    func touchEverything() {
        _ = byteCount
        #expect(!isActive)
        stop()
    }
}

extension DelayedCall {
    func touchEverything() {
        _ = deadline
        #expect(!isActive && !cancel() && !reset(to: .zero) && !reset(to: .seconds(1)))
        #expect(!delay(by: .seconds(1)) && !delay(by: .seconds(-1)))
    }
}

extension ArmedTimeout {
    func touchEverything() {
        #expect(!isActive && !rearm() && !cancel())
    }
}

extension ReactorHook {
    func touchEverything() {
        _ = isActive
        cancel()
        #expect(!isActive && !cancel())
    }
}
