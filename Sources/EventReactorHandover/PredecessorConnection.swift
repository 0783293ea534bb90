import EventReactorCore

/// The successor's end of the connection to its predecessor, once its reactor runs.
final class PredecessorConnection: Protocol {
    private let offer: HandoverOffer
    private let predecessor: Handover
    private var lines = HandoverLines()
    private var isOver = false
    private var deadline: DelayedCall?

    init(_ predecessor: Handover, _ offer: HandoverOffer) {
        self.predecessor = predecessor
        self.offer = offer
    }

    /// The reactor runs, so this program serves.
    override func connectionMade() {
        predecessor.closeUnadopted { offer.reactor.report($0) }
        let timeout = offer.timeout
        deadline = offer.reactor.callLater(timeout) { [unowned self] in
            // It is alive and does not answer, so it may still accept; both serve.
            offer.report(.timedOut(after: timeout))
            end(.success(()))
            transport.abortConnection()
        }
        transport.write(HandoverWire.ready + "\n")
    }

    override func dataReceived(_ data: Span<UInt8>) {
        lines.append(data)
        do throws(HandoverError) {
            while !isOver, let line = try lines.next() {
                if let error = HandoverWire.error(in: line) { throw error }
                guard line == HandoverWire.yours else { throw .malformed(line) }
                end(.success(()))
            }
        } catch {
            end(.failure(error))
        }
        if isOver { transport.loseConnection(within: .seconds(1)) }
    }

    private func end(_ result: Result<Void, HandoverError>) {
        guard !isOver else { return }
        isOver = true
        deadline?.cancel()
        switch result {
        case .success: offer.beginAnswering()
        case .failure(let error): offer.cameTooLate(error)
        }
    }

    override func connectionLost(_ reason: ConnectionLostReason) {
        // A predecessor that ended without an answer needs no replacement any more.
        if case .reactorStopped = reason { isOver = true }
        end(.success(()))
        deadline?.cancel()
    }
}
