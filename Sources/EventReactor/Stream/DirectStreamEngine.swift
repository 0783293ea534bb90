import CLibevent
import EventReactorCore
import EventReactorPosix
import Glibc

/// Streams on libevent's events: received into the reactor's buffer, sent straight to the kernel.
///
/// `handle` is the event, level-triggered for bytes or edge-triggered for the watch while reading is not wanted.
/// `outbox` is a bufferevent, there only while bytes wait that the kernel did not take.
final class DirectStreamEngine: LibeventStreamEngine, SocketStreamEngine {
    let outboxes = OutboxPool()
    private let pipes = PipePool()

    /// Closes and frees what is kept for the next connection.
    func shut() {
        outboxes.empty()
        pipes.empty()
    }

    func open(_ connection: StreamConnection) throws(SystemError) {
        let context = unsafe Unmanaged.passUnretained(connection).toOpaque()
        let event = unsafe event_new(
            base, connection.descriptor, Int16(EV_READ | EV_PERSIST), DirectStreamEngine.readCallback, context)
        unsafe connection.handle = event
        let code = unsafe LibeventStreamEngine.codeOfAdding(event)
        if code != 0 { throw SystemError(code: code, operation: "event_add", address: connection.peerAddress) }
    }

    private static let readCallback: Event.Callback = { _, _, context in
        // `LibeventStreamEngine.with`, which would be a call here: no file of this module sees into another.
        guard let context = unsafe context else { return }
        unsafe Unmanaged<StreamConnection>.fromOpaque(context)._withUnsafeGuaranteedRef { connection in
            let buffer = unsafe connection.wantedBuffer
            if unsafe !buffer.isEmpty {
                unsafe DirectStreamEngine.read(connection, into: buffer)
            } else {
                unsafe unsafeDowncast(connection.engine, to: DirectStreamEngine.self).readOrPark(connection)
            }
        }
    }

    @inline(__always)
    private static func read(_ connection: StreamConnection, into buffer: UnsafeMutableRawBufferPointer) {
        let count = unsafe recv(connection.descriptor, buffer.baseAddress, buffer.count, 0)
        if count > 0 {
            if count == buffer.count { connection.filledReceiveBuffer(count) }
            let bytes = unsafe UnsafeBufferPointer(
                start: buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), count: count)
            unsafe connection.received(bytes.span)
        } else if count == 0 {
            connection.receivedEnd()
        } else if errno != EAGAIN && errno != EINTR {
            connection.broke(errno)
        }
    }

    /// Bytes came for a connection that is under limits, or is not to be read now.
    @inline(never)
    private func readOrPark(_ connection: StreamConnection) {
        let buffer = unsafe connection.receiveBuffer
        let most = connection.readAllowance(of: buffer.count)
        guard most > 0 else { return park(connection) }
        unsafe DirectStreamEngine.read(connection, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<most]))
    }

    /// Bytes came that are not wanted now: from here on only a reset is watched for.
    private func park(_ connection: StreamConnection) {
        if connection.takesBySplice { return connection.readable() }
        guard connection.state.isDisjoint(with: [.parked, .lost]) else { return }
        connection.state.insert(.parked)
        disarmWatch(connection)
        let code = StreamSocket.pendingError(connection.descriptor)
        if code != 0 { return connection.broke(code) }
        armWatch(connection)
    }

    func readingChanged(_ connection: StreamConnection) {
        guard connection.wantsReading || connection.takesBySplice else {
            if connection.state.contains(.readEnded) { park(connection) }
            return
        }
        guard connection.state.contains(.parked), let event = unsafe connection.handle else { return }
        connection.state.remove(.parked)
        let context = unsafe Unmanaged.passUnretained(connection).toOpaque()
        unsafe event_del(event)
        unsafe event_assign(
            event, base, connection.descriptor, Int16(EV_READ | EV_PERSIST), DirectStreamEngine.readCallback, context)
        unsafe add(event, of: connection)
    }

    // MARK: Files and relays

    func sendFile(_ connection: StreamConnection, _ file: Int32, offset: Int, count: Int) -> FileStep {
        StreamSocket.sendFile(connection.descriptor, file, offset: offset, count: count)
    }

    var splices: Bool { true }

    func takePipe() -> (any RelayPipe)? { pipes.take() }

    // MARK: What the kernel did not take

    func enqueue(_ connection: StreamConnection, _ bytes: UnsafeRawBufferPointer) -> Int32 {
        let begins = unsafe connection.outbox == nil
        if begins {
            if connection.state.contains(.parked) { disarmWatch(connection) }
            unsafe connection.outbox = outboxes.take(
                base: base, connection: connection, written: DirectStreamEngine.writtenCallback,
                failed: DirectStreamEngine.failedCallback)
            if connection.state.contains(.hasTimeouts) { timeoutsChanged(connection) }
        }
        guard let outbox = unsafe connection.outbox else { return ENOMEM }
        guard unsafe evbuffer_add(bufferevent_get_output(outbox), bytes.baseAddress, bytes.count) == 0 else {
            return ENOMEM
        }
        // The bufferevent does not say if it could not add its event: enabling it again does, and costs no system call.
        return begins ? unsafe LibeventStreamEngine.codeOfEnabling(outbox, EV_WRITE) : 0
    }

    func queuedByteCount(_ connection: StreamConnection) -> Int {
        guard let outbox = unsafe connection.outbox else { return 0 }
        return unsafe evbuffer_get_length(bufferevent_get_output(outbox))
    }

    func lowMarkChanged(_ connection: StreamConnection) {
        guard let outbox = unsafe connection.outbox else { return }
        unsafe bufferevent_setwatermark(outbox, Int16(EV_WRITE), connection.settings.lowMark, 0)
    }

    private static let writtenCallback: OutboxPool.WriteCallback = { _, context in
        unsafe LibeventStreamEngine.working(context) { connection in
            let streams = unsafe unsafeDowncast(connection.engine, to: DirectStreamEngine.self)
            let rest = streams.queuedByteCount(connection)
            if rest == 0 { streams.releaseOutbox(connection) }
            connection.outboxDrained(remaining: rest)
            if rest == 0 && connection.state.contains(.parked) && !connection.state.contains(.lost) {
                streams.armWatch(connection)
            }
        }
    }

    private static let failedCallback: OutboxPool.EventCallback = { _, _, context in
        let code = errno
        unsafe LibeventStreamEngine.working(context) { connection in
            let streams = unsafe unsafeDowncast(connection.engine, to: DirectStreamEngine.self)
            // Told first, while what will not be sent can be counted.
            connection.sendFailed(code == 0 ? EPIPE : code)
            streams.releaseOutbox(connection)
        }
    }

    private func releaseOutbox(_ connection: StreamConnection) {
        guard let outbox = unsafe connection.outbox else { return }
        unsafe connection.outbox = nil
        unsafe unwatchOutbox(outbox, connection)
        unsafe outboxes.give(outbox)
    }

    func close(_ connection: StreamConnection, reset: Bool) {
        if let event = unsafe connection.handle { unsafe event_free(event) }
        unsafe connection.handle = nil
        releaseOutbox(connection)
        StreamSocket.close(connection.descriptor, reset: reset, endsForAll: connection.settings.adoption != nil)
    }
}
