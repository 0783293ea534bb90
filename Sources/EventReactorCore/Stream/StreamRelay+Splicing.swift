#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Moving bytes between two sockets through a pipe in the kernel.
extension StreamRelay {
    /// The most bytes that one look at the sockets moves, so that no relay starves other connections.
    private static let bytesPerTurn = 1024 * 1024
    /// A source that gave less than this at once mostly has no more.
    private static let worthAnotherLook = 128 * 1024

    /// Moves bytes from the source to the pipe and from the pipe to the receiver, in turn, and registers interest
    /// in the event that lets it continue.
    func move(_ receiver: StreamConnection) {
        guard receiver.frontByteCount == 0 else { return }
        defer { returnEmptyPipe() }
        // What has moved nothing though the kernel reported readiness would be reported again and again.
        let hadRoom = receiver.takeRoomReport()
        var isReadable = isSourceReadable
        isSourceReadable = false
        var hasMoved = false
        var budget = StreamRelay.bytesPerTurn
        var expectsMore = true
        while true {
            // Limits may have come meanwhile.
            if let source, !canSplice(source, receiver) { return continueByCopying(receiver) }
            while let pipe, pipe.byteCount > 0 {
                let count = pipe.drain(to: receiver.descriptor)
                if count == -Int(EAGAIN) {
                    if hadRoom && !hasMoved { return continueByCopying(receiver) }
                    portion.stuck()
                    if let source { setSplices(source, false) }
                    return receiver.setWantsRoom(true)
                }
                if count == -Int(EINVAL) { return continueByCopying(receiver) }
                if count <= 0 {
                    if let source { setSplices(source, false) }
                    return receiver.sendFailed(count == 0 ? EPIPE : Int32(-count))
                }
                hasMoved = true
                receiver.noteTaken(count)
            }
            portion.passedOn()
            guard ending == nil, let source else { return }
            guard !isPaused, source.isOpenForRelay else {
                setSplices(source, false)
                return receiver.setWantsRoom(false)
            }
            guard expectsMore, budget > 0 else {
                receiver.setWantsRoom(false)
                return setSplices(source, true)
            }
            if pipe == nil { pipe = receiver.engine.pipes?.take() }
            guard let pipe else { return continueByCopying(receiver) }
            let count = pipe.fill(from: source.descriptor, most: portion.byteCount, isReadable: isReadable)
            isReadable = false
            if count > 0 {
                source.count { $0.bytesReceived &+= count }
                source.noteReceived(count)
                taken += count
                budget -= count
                expectsMore = count >= min(portion.byteCount, StreamRelay.worthAnotherLook)
                portion.taken(count)
            } else if count == 0 {
                source.receivedEnd()
            } else if count == -Int(EAGAIN) {
                expectsMore = false
            } else if count == -Int(EINVAL) {
                return continueByCopying(receiver)
            } else {
                return source.broke(Int32(-count))
            }
        }
    }

    /// One of the two cannot splice, or there is no pipe: what is in the pipe is read out, and the rest is copied.
    @inline(never)
    func continueByCopying(_ receiver: StreamConnection) {
        isSpliced = false
        if let source { setSplices(source, false) }
        receiver.setWantsRoom(false)
        let buffer = unsafe receiver.receiveBuffer
        while let pipe, pipe.byteCount > 0 {
            let count = unsafe pipe.read(into: buffer)
            guard count > 0 else { return receiver.fail(RelayError.unsupported) }
            unsafe receiver.sendCopied(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
        returnEmptyPipe()
        updateReading(receiver)
    }

    /// An empty pipe is for whatever relay moves bytes next.
    func returnEmptyPipe() {
        guard let pipe, pipe.byteCount == 0 else { return }
        pipe.giveBack()
        self.pipe = nil
    }

    /// Has the source's readiness end up in `sourceIsReadable`, or not.
    @inline(never)
    func setSplices(_ source: StreamConnection, _ takes: Bool) {
        guard takes != source.state.contains(.splices) else { return }
        guard takes else {
            source.state.remove(.splices)
            source.noteReading(false)
            return
        }
        source.state.insert(.splices)
        source.noteReading(true)
        if source.state.contains(.parked) && !source.state.contains(.lost) { source.updateReadInterest() }
    }

    func sourceIsReadable() {
        isSourceReadable = true
        receiver?.processPendingState()
    }
}
