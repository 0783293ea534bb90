import EventReactorCore
import Glibc

/// The predecessor's end of a connection at the handover socket.
final class SuccessorConnection: Protocol {
    private enum Stage {
        /// No request yet.
        case silent
        /// Batches are left to send.
        case taking
        /// It has all sockets, and will report when it serves.
        case starting
        case over
    }

    private let offer: HandoverOffer
    private var stage = Stage.silent
    private var lines = HandoverLines()
    private var batches: ArraySlice<[(name: String, socket: any ListenerEngine)]> = []
    private var deadline: DelayedCall?

    init(_ offer: HandoverOffer) {
        self.offer = offer
    }

    override func connectionMade() {
        offer.came(self)
        do throws(HandoverError) {
            guard let connection = transport as? StreamConnection else { return }
            if let user = try HandoverWire.untrustedUser(at: connection.descriptor) { throw .untrusted(user: user) }
            expectAnswer(within: .seconds(10))
        } catch {
            fail(error)
        }
    }

    override func dataReceived(_ data: Span<UInt8>) {
        lines.append(data)
        do throws(HandoverError) {
            while stage != .over, let line = try lines.next() { try received(line) }
        } catch {
            fail(error)
        }
    }

    private func received(_ line: String) throws(HandoverError) {
        switch (stage, line) {
        case (.silent, HandoverWire.request):
            batches = try offer.begin(self)[...]
            stage = .taking
            expectAnswer(within: offer.timeout)
            try sendBatch()
        case (.taking, HandoverWire.more):
            try sendBatch()
        case (.starting, HandoverWire.ready):
            end()
            offer.complete()
            transport.write(HandoverWire.yours + "\n")
            transport.loseConnection()
        default:
            throw .malformed(line)
        }
    }

    /// Sends the next batch; the one before has been read, so that there is room for it.
    private func sendBatch() throws(HandoverError) {
        guard let connection = transport as? StreamConnection, let batch = batches.popFirst() else { return }
        let left = batches.reduce(0) { $0 + $1.count }
        let descriptors = batch.compactMap(\.socket.descriptor)
        // A port may have stopped listening since the handover began.
        guard descriptors.count == batch.count else { throw .withdrawn }
        let text = HandoverWire.text(of: batch.map(\.name), left: left)
        if let error = HandoverWire.send(text, descriptors, to: connection.descriptor) { throw .system(error) }
        if left == 0 { stage = .starting }
    }

    private func expectAnswer(within time: Duration) {
        deadline?.cancel()
        deadline = offer.reactor.callLater(time) { [unowned self] in
            offer.report(.timedOut(after: time))
            refuse(.withdrawn)
        }
    }

    private func fail(_ error: HandoverError) {
        guard stage != .over else { return }
        offer.report(error)
        refuse(error)
    }

    /// Sends the reason for which there is no handover, and ends the connection.
    func refuse(_ error: HandoverError) {
        let hadSockets = stage == .taking || stage == .starting
        end()
        if hadSockets { offer.takeBack() }
        transport.write(HandoverWire.line(for: error) + "\n")
        transport.loseConnection(within: .seconds(1))
    }

    /// Ends the connection without an answer.
    func sendAway() {
        end()
        transport.abortConnection()
    }

    private func end() {
        stage = .over
        deadline?.cancel()
        batches = []
    }

    override func connectionLost(_ reason: ConnectionLostReason) {
        end()
        offer.lost(self, reason)
    }
}
