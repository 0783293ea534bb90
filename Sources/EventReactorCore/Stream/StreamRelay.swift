#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A relay that is under way: the handle that ``Transport/relay(to:completion:)`` returns.
///
/// It need not be kept. The relay stands in the receiving connection's line, behind what was written before it. Between
/// two sockets it moves bytes through a pipe in the kernel; elsewhere each piece that arrives is written to the other.
public final class StreamRelay {
    /// What one look at the sockets moves at most, so that no relay starves the other connections.
    private static let bytesPerTurn = 1024 * 1024
    /// A source that gave less than this at once has no more, as a rule.
    private static let worthAnotherLook = 128 * 1024

    /// The connection that is read; nil once the relay has ended.
    private(set) var source: StreamConnection?
    private var receiver: StreamConnection?
    /// The bytes go through a pipe in the kernel; otherwise they are copied.
    private var isSpliced = false
    /// The bytes under way are in it; it is there while there are any.
    private var pipe: (any RelayPipe)?
    private var portion = RelayPortion()
    /// Released once called, since it may capture what keeps this handle.
    private var completion: ((Int, RelayEnding) -> Void)?
    private var taken = 0
    /// All that was written to the receiver before has gone.
    private(set) var isFront = false
    /// The program has paused reading on the source.
    private var isPaused: Bool
    /// No more is taken from the source; what was taken is still passed on.
    private var ending: RelayEnding?
    private var hasTold = false
    /// The kernel reported the source to be readable, and nothing has been taken from it since.
    private var isSourceReadable = false

    init(from source: StreamConnection, to receiver: StreamConnection, completion: ((Int, RelayEnding) -> Void)?) {
        self.source = source
        self.receiver = receiver
        self.completion = completion
        isPaused = source.state.contains(.readPaused)
        source.state.insert([.relaying, .readPaused])
        source.noteReading(false)
    }

    /// The bytes taken from the source so far.
    public var byteCount: Int { taken }

    /// Whether the relay is under way still.
    public var isActive: Bool { !hasTold }

    /// Whether more may come from the source, or some of what came is not passed on.
    var hasRest: Bool { ending == nil || pipe != nil }

    /// Ends the relay: what has been taken is passed on, and what arrives from now on is given to `dataReceived` again.
    ///
    /// Later calls do nothing. Where reading was paused it stays so.
    public func stop() {
        guard !hasTold else { return }
        switch ending {
        case nil: close(.stopped)
        // What was taken is still being passed on; the source need not wait for it.
        case .receiverClosed?: ending = .stopped
        default: return
        }
        detach(resumes: !isPaused)
    }

    // MARK: The receiver's line

    /// Moves what there is, at the front of the receiver's line.
    ///
    /// - Returns: whether the receiver has to look at its line, or itself, again.
    func advance() -> Bool {
        guard let receiver else { return false }
        if !isFront {
            guard receiver.frontByteCount == 0 else { return false }
            begin(receiver)
        }
        if isSpliced { move(receiver) } else { updateCopying(receiver) }
        // What was done to the source may have finished this relay.
        guard self.receiver != nil else { return true }
        guard receiver.state.isDisjoint(with: [.lost, .failed, .broken]) else { return true }
        guard let ending, pipe == nil, receiver.frontByteCount == 0 else { return false }
        receiver.queue?.removeFirstTransfer()
        receiver.setWantsRoom(false)
        finish(receiver, ending)
        return true
    }

    private func begin(_ receiver: StreamConnection) {
        isFront = true
        guard ending == nil, let source, canSplice(source, receiver) else { return }
        isSpliced = true
        takeBySplice(source, !isPaused)
    }

    /// Under limits each byte has to be counted as it goes.
    private func canSplice(_ source: StreamConnection, _ receiver: StreamConnection) -> Bool {
        source.engine.pipes != nil && receiver.engine.pipes != nil && !source.state.contains(.readRateLimited)
            && !receiver.state.contains(.writeRateLimited)
    }

    /// Everything is passed on: what follows from how it ended.
    private func finish(_ receiver: StreamConnection, _ ending: RelayEnding) {
        let source = self.source
        if case .receiverClosed = ending { detach(resumes: false) }
        forget()
        receiver.runClosure {
            tell(ending)
            switch ending {
            case .ended: receiver.loseWriteConnection()
            case .sourceLost: receiver.loseConnection()
            case .receiverClosed where receiver.state.contains(.closing): source?.loseConnection()
            case .receiverClosed, .stopped, .receiverLost: break
            }
        }
    }

    private func tell(_ ending: RelayEnding) {
        guard !hasTold else { return }
        hasTold = true
        let completion = self.completion
        self.completion = nil
        completion?(taken, ending)
    }

    /// The reactor goes, and both connections with it.
    func abandon() {
        hasTold = true
        forget()
    }

    private func forget() {
        source = nil
        receiver = nil
        pipe = nil
    }

    // MARK: Through the kernel

    /// Moves bytes from the source to the pipe and from the pipe to the receiver, in turn, and has the event watched
    /// that lets it go on.
    private func move(_ receiver: StreamConnection) {
        guard receiver.frontByteCount == 0 else { return }
        defer { letGoOfPipe() }
        // What has moved nothing though the kernel reported readiness would be reported again and again.
        let hadRoom = receiver.takeRoomReport()
        var isReadable = isSourceReadable
        isSourceReadable = false
        var hasMoved = false
        var budget = StreamRelay.bytesPerTurn
        var expectsMore = true
        while true {
            // Limits may have come meanwhile.
            if let source, !canSplice(source, receiver) { return goOnByCopying(receiver) }
            while let pipe, pipe.byteCount > 0 {
                let count = pipe.drain(to: receiver.descriptor)
                if count == -Int(EAGAIN) {
                    if hadRoom && !hasMoved { return goOnByCopying(receiver) }
                    portion.stuck()
                    if let source { takeBySplice(source, false) }
                    return receiver.setWantsRoom(true)
                }
                if count == -Int(EINVAL) { return goOnByCopying(receiver) }
                if count <= 0 {
                    if let source { takeBySplice(source, false) }
                    return receiver.sendFailed(count == 0 ? EPIPE : Int32(-count))
                }
                hasMoved = true
                receiver.noteTaken(count)
            }
            portion.passedOn()
            guard ending == nil, let source else { return }
            guard !isPaused, source.isOpenForRelay else {
                takeBySplice(source, false)
                return receiver.setWantsRoom(false)
            }
            guard expectsMore, budget > 0 else {
                receiver.setWantsRoom(false)
                return takeBySplice(source, true)
            }
            if pipe == nil { pipe = receiver.engine.pipes?.take() }
            guard let pipe else { return goOnByCopying(receiver) }
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
                return goOnByCopying(receiver)
            } else {
                return source.broke(Int32(-count))
            }
        }
    }

    /// One of the two cannot splice, or there is no pipe: what is in the pipe is read out, and the rest is copied.
    private func goOnByCopying(_ receiver: StreamConnection) {
        isSpliced = false
        if let source { takeBySplice(source, false) }
        receiver.setWantsRoom(false)
        let buffer = unsafe receiver.receiveBuffer
        while let pipe, pipe.byteCount > 0 {
            let count = unsafe pipe.read(into: buffer)
            guard count > 0 else { return receiver.fail(RelayError.unsupported) }
            unsafe receiver.sendCopied(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
        letGoOfPipe()
        updateCopying(receiver)
    }

    /// An empty pipe is for whatever relay moves bytes next.
    private func letGoOfPipe() {
        guard let pipe, pipe.byteCount == 0 else { return }
        pipe.giveBack()
        self.pipe = nil
    }

    /// Has the source's readiness end up in `sourceIsReadable`, or not.
    private func takeBySplice(_ source: StreamConnection, _ takes: Bool) {
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

    // MARK: By copying

    /// Bytes arrived on the source, which is only read while the receiver's queue is down.
    func copy(_ bytes: UnsafeRawBufferPointer) {
        guard ending == nil, let receiver, receiver.state.isDisjoint(with: .cannotSend) else { return }
        taken += bytes.count
        unsafe receiver.sendCopied(bytes)
        if !receiver.state.isDisjoint(with: .hasPendingState) { receiver.scheduleFlushOutsideCallback() }
        updateCopying(receiver)
    }

    private func updateCopying(_ receiver: StreamConnection) {
        guard ending == nil, let source, source.isOpenForRelay else { return }
        let isRead =
            !isPaused && isFront && !isSpliced
            && receiver.frontByteCount <= receiver.copyMark
        source.setReading(isRead)
    }

    // MARK: What happens to the two

    func pause(_ pauses: Bool) {
        guard isPaused != pauses else { return }
        isPaused = pauses
        guard let source, let receiver, isFront, ending == nil else { return }
        if !isSpliced {
            updateCopying(receiver)
        } else {
            // Once more what is there may be in the pipe alone, which the receiver's line looks after.
            takeBySplice(source, !pauses && !receiver.state.contains(.wantsRoom))
        }
    }

    /// The source's peer has ended its side.
    func sourceEnded() {
        guard ending == nil else { return }
        close(.ended)
        detach(resumes: false)
    }

    func sourceLost(_ reason: ConnectionLostReason) {
        guard let source, let receiver else { return }
        // What it was read for is done, or will be.
        guard ending == nil else { return }
        switch reason {
        case .done:
            close(.sourceLost(reason))
        case .reactorStopped:
            tell(.sourceLost(reason))
        default:
            tell(.sourceLost(reason))
            receiver.endBecause(of: source, reason)
        }
        self.source = nil
    }

    func receiverCloses() {
        guard ending == nil else { return }
        close(.receiverClosed)
        if let source { source.setReading(false) }
    }

    func receiverLost(_ reason: ConnectionLostReason) {
        let source = self.source
        let receiver = self.receiver
        detach(resumes: false)
        forget()
        tell(.receiverLost(reason))
        guard let source, let receiver, source !== receiver, !isStopped else { return }
        switch reason {
        case .done: source.loseConnection()
        case .reactorStopped: break
        default: source.endBecause(of: receiver, reason)
        }
    }

    private var isStopped: Bool { if case .stopped? = ending { true } else { false } }

    /// Takes no more from the source.
    private func close(_ ending: RelayEnding) {
        self.ending = ending
        if let source { takeBySplice(source, false) }
        if let receiver, receiver.state.isDisjoint(with: [.lost]) {
            receiver.state.insert(.watermarkCrossed)
            receiver.scheduleFlushOutsideCallback()
        }
    }

    /// The source is its protocol's again.
    private func detach(resumes: Bool) {
        guard let source, source.extras?.relay === self else { return }
        source.extras?.relay = nil
        takeBySplice(source, false)
        source.state.remove(.relaying)
        source.setReading(resumes)
    }
}

@available(*, unavailable)
extension StreamRelay: Sendable {}
