/// A relay that is under way: the handle that ``Transport/relay(to:completion:)`` returns.
///
/// It need not be kept. The relay waits in the receiving connection's send queue, behind what was written before it.
/// Between two sockets it moves bytes through a pipe in the kernel; otherwise each piece that arrives is sent on.
public final class StreamRelay {
    /// The connection that is read; nil once the relay has ended.
    private(set) var source: StreamConnection?
    var receiver: StreamConnection?
    /// The bytes go through a pipe in the kernel; otherwise they are copied.
    var isSpliced = false
    /// The bytes under way are in it; it is there while there are any.
    var pipe: (any RelayPipe)?
    var portion = RelayPortion()
    /// Bytes that the source's protocol was called with and left: they go first.
    private var first: [UInt8] = []
    /// Released once called, since it may capture what keeps this handle.
    private var completion: ((Int, RelayEnding) -> Void)?
    var taken = 0
    /// All that was written to the receiver before has gone.
    private(set) var isFront = false
    /// The program has paused reading on the source.
    var isPaused: Bool
    /// No more is taken from the source; what was taken is still passed on.
    var ending: RelayEnding?
    private var isReported = false
    /// The kernel reported the source to be readable, and nothing has been taken from it since.
    var isSourceReadable = false

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
    public var isActive: Bool { !isReported }

    /// Whether more may come from the source, or some of what came is not passed on.
    var hasRest: Bool { ending == nil || pipe != nil }

    /// Ends the relay: what has been taken is passed on, and what arrives from now on is given to `dataReceived` again.
    ///
    /// Later calls do nothing. If reading was paused it stays so.
    public func stop() {
        guard !isReported else { return }
        switch ending {
        case nil: close(.stopped)
        // What was taken is still being passed on; the source need not wait for it.
        case .receiverClosed?: ending = .stopped
        default: return
        }
        detach(resumes: !isPaused)
    }

    // MARK: The receiver's queue

    /// Moves what there is, at the front of the receiver's queue.
    ///
    /// - Returns: whether the receiver has to look at its state again.
    func advance() -> Bool {
        guard let receiver else { return false }
        if !isFront {
            guard receiver.frontByteCount == 0 else { return false }
            if !first.isEmpty {
                unsafe first.withUnsafeBytes { unsafe receiver.sendCopied($0) }
                first = []
                guard receiver.frontByteCount == 0 else { return false }
            }
            begin(receiver)
        }
        if isSpliced { move(receiver) } else { updateReading(receiver) }
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
        setSplices(source, !isPaused)
    }

    /// Under limits each byte has to be counted as it goes.
    func canSplice(_ source: StreamConnection, _ receiver: StreamConnection) -> Bool {
        source.engine.pipes != nil && receiver.engine.pipes != nil && !source.state.contains(.readRateLimited)
            && !receiver.state.contains(.writeRateLimited)
    }

    /// Everything is passed on: what follows from how it ended.
    private func finish(_ receiver: StreamConnection, _ ending: RelayEnding) {
        let source = self.source
        if case .receiverClosed = ending { detach(resumes: false) }
        forget()
        receiver.runClosure {
            report(ending)
            switch ending {
            case .ended: receiver.loseWriteConnection()
            case .sourceLost: receiver.loseConnection()
            case .receiverClosed where receiver.state.contains(.closing): source?.loseConnection()
            case .receiverClosed, .stopped, .receiverLost: break
            }
        }
    }

    private func report(_ ending: RelayEnding) {
        guard !isReported else { return }
        isReported = true
        let completion = self.completion
        self.completion = nil
        completion?(taken, ending)
    }

    /// The reactor goes, and both connections with it.
    func abandon() {
        isReported = true
        forget()
    }

    private func forget() {
        source = nil
        receiver = nil
        pipe = nil
    }

    // MARK: By copying

    /// Passes on bytes that had arrived before the relay began.
    func passOnFirst(_ bytes: [UInt8]) {
        taken += bytes.count
        first += bytes
    }

    /// Bytes arrived on the source, which is only read while the receiver's queue is down.
    func copy(_ bytes: UnsafeRawBufferPointer) {
        guard ending == nil, let receiver, receiver.state.isDisjoint(with: .cannotSend) else { return }
        taken += bytes.count
        unsafe receiver.sendCopied(bytes)
        if !receiver.state.isDisjoint(with: .hasPendingState) { receiver.scheduleFlushOutsideCallback() }
        updateReading(receiver)
    }

    func updateReading(_ receiver: StreamConnection) {
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
            updateReading(receiver)
        } else {
            // What is there may be in the pipe alone, which the receiver's queue sends.
            setSplices(source, !pauses && !receiver.state.contains(.wantsRoom))
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
            report(.sourceLost(reason))
        default:
            report(.sourceLost(reason))
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
        report(.receiverLost(reason))
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
        if let source { setSplices(source, false) }
        if let receiver, receiver.state.isDisjoint(with: [.lost]) {
            receiver.state.insert(.watermarkCrossed)
            receiver.scheduleFlushOutsideCallback()
        }
    }

    /// The source is its protocol's again.
    private func detach(resumes: Bool) {
        guard let source, source.extras?.relay === self else { return }
        source.extras?.relay = nil
        setSplices(source, false)
        source.state.remove(.relaying)
        source.setReading(resumes)
    }
}

@available(*, unavailable)
extension StreamRelay: Sendable {}
